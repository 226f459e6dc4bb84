/** What is known of an object's occurrences, gathered by cause: however many there are, an answer tells of each cause once. */
import type { Window } from './family.ts'
import type { Incident } from './incidents.ts'
import { type Reader, statement } from './read.ts'

const GROUPS_TOUCHING = statement('groups-touching')
const LAST_BEFORE = statement('last-before')

/** Occurrences of one object that an answer looks at: one each five seconds for a day. */
const MOST = 20_000

/** What is known of one cause on one container of a workload, within a window: its incident, or its near misses. */
export interface Group {
  /** The newest occurrence. */
  readonly id: string
  readonly at: number
  readonly result: 'incident' | 'near-miss'
  /** Occurrences, and how many of them wait for steps that decide. */
  readonly count: number
  readonly waiting: number
  /** Null for near misses, and while all wait: for the owner chain, or for what is late. */
  readonly incident: Incident | null
}

/** What was concluded by `window.known` of occurrences that affect any of `keys`, the latest first; `cut` where there is more. */
export const groupsTouching = async (
  reader: Reader,
  keys: readonly string[],
  window: Window,
  limit = 100,
): Promise<{ groups: readonly Group[]; cut: boolean }> => {
  const rows = await reader.read<Group & { cut: boolean }>(GROUPS_TOUCHING, {
    ...{ keys, ...window, most: MOST, limit: limit + 1 },
  })
  return {
    groups: rows.slice(0, limit).map(({ cut, ...group }) => group),
    cut: rows.length > limit || rows.some(({ cut }) => cut),
  }
}

/** When an incident last touched any of `keys` before a time, by what was known then; null where none did. */
export const lastBefore = async (
  reader: Reader,
  keys: readonly string[],
  { to, known }: Pick<Window, 'to' | 'known'>,
): Promise<number | null> => {
  const [row] = await reader.read<{ at: number | null }>(LAST_BEFORE, { keys, to, known })
  return row?.at ?? null
}
