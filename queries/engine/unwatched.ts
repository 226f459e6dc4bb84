/** Anchors about pods that the source for the whole cluster is told to leave out: its silence about them means nothing. */
import { COLLECTORS } from '../../graph/model/generated/registry.ts'
import type { Store } from '../../graph/store/main.ts'
import type { Alternative } from './judgement.ts'
import { kindOf, type Pattern } from './pattern.ts'
import { statement } from './statements.ts'

/** Ids of those anchors. Only asked where something that such a source tells was looked for in vain. */
export const readUnwatched = async (
  store: Store,
  pattern: Pattern,
  alternatives: readonly Alternative[],
  known: number,
): Promise<Set<string>> => {
  const wide = pattern.steps
    .map(({ event }) => event)
    .filter((event) => COLLECTORS[kindOf(event).collector].scope === 'cluster')
  const rows = alternatives
    .filter(({ found, anchor }) => anchor.podKey !== undefined && wide.some((event) => !found.has(event)))
    .map(({ anchor: { id, podKey, at } }) => ({ anchor: id, podKey, at }))
  if (rows.length === 0) return new Set()
  const unwatched = await store.read<{ anchor: string }>(statement('unwatched-pods'), { rows, known })
  return new Set(unwatched.map(({ anchor }) => anchor))
}
