/** How far a pattern has read a cluster: a vector over the lanes, and what it has heard of its sources. Kept in the graph. */
import { LANES } from '../../graph/model/batch.ts'
import { SECOND } from '../../graph/model/time.ts'
import type { Store } from '../../graph/store/main.ts'
import type { Coverage } from '../reads/coverage.ts'
import type { Pattern } from './pattern.ts'
import { statement } from './statements.ts'

export interface Cursor {
  /** Arrival in each lane up to which all is evaluated. */
  readonly lanes: readonly number[]
  /** `to` of each coverage and the kinds that it is blind for, by id: a change tells of what time more is known now. */
  readonly coverage: Readonly<Record<string, Pick<Coverage, 'to' | 'blind'>>>
}

/**
 * Heartbeats move every coverage all the time. What is noted of it may be older: then the time since is looked through again, for
 * occurrences that lack a witness. This saves a commit a second for each pattern and cluster.
 */
const NOTED_EVERY = 10 * SECOND

/** Whether a cursor says so much more that it has to be kept. */
export const isFurther = (next: Cursor, kept: Cursor): boolean =>
  next.lanes.join() !== kept.lanes.join() ||
  Object.keys(kept.coverage).some((id) => next.coverage[id] === undefined) ||
  Object.entries(next.coverage).some(([id, { to, blind }]) => {
    const before = kept.coverage[id]
    return before === undefined || before.blind.join() !== blind.join() || to - before.to >= NOTED_EVERY
  })

const START: Cursor = { lanes: new Array<number>(LANES).fill(0), coverage: {} }

const keyOf = (cluster: string, pattern: Pattern): string => `${cluster}/${pattern.id}`

export const readCursor = async (store: Store, cluster: string, pattern: Pattern): Promise<Cursor> => {
  const [row] = await store.read<Omit<Cursor, 'coverage'> & { coverage: string }>(statement('cursor-read'), {
    key: keyOf(cluster, pattern),
  })
  return row === undefined ? START : { ...row, coverage: JSON.parse(row.coverage) as Cursor['coverage'] }
}

/** Only after the verdicts are written: what a crash leaves in between is evaluated again, to the same verdicts. */
export const moveCursor = (store: Store, cluster: string, pattern: Pattern, cursor: Cursor): Promise<unknown> =>
  store.write((transaction) =>
    transaction.run(statement('cursor-move'), {
      ...{ key: keyOf(cluster, pattern), cluster, pattern: pattern.id },
      ...{ ...cursor, coverage: JSON.stringify(cursor.coverage) },
    }),
  )
