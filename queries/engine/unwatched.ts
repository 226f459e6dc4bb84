/** Anchors about pods of which the source for the whole cluster can't tell all: its silence about them means nothing. */
import { COLLECTORS } from '../../graph/model/generated/registry.ts'
import type { Store } from '../../graph/store/main.ts'
import type { Alternative, EventNode } from './judgement.ts'
import { kindOf, type Pattern } from './pattern.ts'
import { statement } from './statements.ts'

/** What it can't tell of an anchor's pod. */
export interface Unwatched {
  /** It is told to leave the pod out of what it watches. */
  readonly leftOut: boolean
  /** From when on the pod may have been gone, µs: its status can't have been told since. Null where it is there. */
  readonly goneFrom: number | null
}

const WATCHED: Unwatched = { leftOut: false, goneFrom: null }

/** Only asked where something that such a source tells was looked for in vain. */
export const readUnwatched = async (
  store: Store,
  pattern: Pattern,
  alternatives: readonly Alternative[],
  known: number,
): Promise<(anchor: EventNode) => Unwatched> => {
  const wide = pattern.steps
    .map(({ event }) => event)
    .filter((event) => COLLECTORS[kindOf(event).collector].scope === 'cluster')
  const rows = alternatives
    .filter(({ found, anchor }) => anchor.podKey !== undefined && wide.some((event) => !found.has(event)))
    .map(({ anchor: { id, podKey, at } }) => ({ anchor: id, podKey, at }))
  if (rows.length === 0) return () => WATCHED
  const told = await store.read<Unwatched & { anchor: string }>(statement('unwatched-pods'), { rows, known })
  const byAnchor = new Map(told.map(({ anchor, ...unwatched }) => [anchor, unwatched]))
  return ({ id }) => byAnchor.get(id) ?? WATCHED
}
