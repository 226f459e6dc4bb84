/** Objects of a whole cluster that a window is about. */

import type { Window } from './family.ts'
import { InvalidRequest, type Reader, statement } from './read.ts'

const THERE = statement('cluster-there')
const TOLD = statement('cluster-told')

/** Objects looked at in one statement: those that are gone stay for as long as the graph remembers, and may be many. */
const PAGE = 5_000

interface Page {
  /** The last key looked at; null beyond the end. */
  readonly last: string | null
  readonly keys: readonly string[]
}

/** Keys of what was there when the window begins: its state in force then is no tombstone. Throws InvalidRequest at `most` of them. */
export const thereAtBegin = async (
  reader: Reader,
  cluster: string,
  { from, known }: Window,
  most: number,
): Promise<string[]> => {
  const there: string[] = []
  const bounds = { from, known, untilKey: `${cluster}0`, limit: PAGE }
  for (let afterKey = `${cluster}/`; ; ) {
    const [page] = await reader.read<Page>(THERE, { ...bounds, afterKey })
    if (page === undefined || page.last === null) return there
    there.push(...page.keys)
    if (there.length >= most)
      throw new InvalidRequest(`the cluster had ${most} objects or more when the window begins: record an incident`)
    afterKey = page.last
  }
}

/** Keys of what was told anew within the window, at most `limit`. */
export const toldWithin = async (reader: Reader, cluster: string, window: Window, limit: number): Promise<string[]> => {
  const rows = await reader.read<{ key: string }>(TOLD, { cluster, limit, ...window })
  return rows.map(({ key }) => key)
}
