/** Whether what was sent has come: who replays a recording waits for that. */
import type { Observation } from '../model/observation.ts'
import type { Recording } from '../model/recording.ts'
import type { Store } from '../store/main.ts'
import { byLane } from './load.ts'
import { prepare } from './prepare.ts'
import { statement } from './statements.ts'

const WRITTEN = statement('written')

const isHole = ({ type }: Observation): boolean => type === 'gap' || type === 'loss'

/**
 * True once all of a recording is in the graph: a lane keeps its order, so that the last of each tells. Gaps and losses have no
 * lane of their own: the first one that brings them is enough.
 */
export const isWritten = async (store: Store, recording: Recording, cluster: string): Promise<boolean> => {
  const last = byLane(recording.observations).map((all, lane) => {
    const observations = [...all.filter(isHole), ...all.filter((each) => !isHole(each)).slice(-1)]
    return prepare({ cluster, lane, observations, contexts: {} })
  })
  const idsOf = (rows: readonly { readonly id: string }[]): string[] => [...new Set(rows.map(({ id }) => id))]
  const asked = {
    events: idsOf(last.flatMap(({ events }) => [...events.values()].flat())),
    states: idsOf(last.flatMap(({ states }) => states.map(({ view }) => view))),
    gaps: idsOf(last.flatMap(({ gaps }) => gaps)),
    losses: idsOf(last.flatMap(({ losses }) => losses)),
    coverage: last.flatMap(({ coverage }) =>
      coverage.map(({ id, to, ended, heardAt }) => ({ id, to, ended, heardAt })),
    ),
  }
  const [row] = await store.read<{ written: number }>(WRITTEN, asked)
  return row!.written === Object.values(asked).reduce((sum, { length }) => sum + length, 0)
}
