/** What objects looked like: the state in force at a time, and all of a window. */
import type { Value } from '../../graph/model/observation.ts'
import { type AsOf, type Reader, statement } from './read.ts'
import type { StoredState } from './stored.ts'

const STATES = statement('states')
const FIRST_SEEN = statement('first-seen')

/** A state as the graph holds it: body and relations are JSON text. */
export type RawState = Omit<StoredState, 'body' | 'deleted' | 'inferred' | 'leftOut'> & {
  readonly body: string
  readonly relations: string
  readonly deleted?: boolean
  readonly inferred?: boolean
  readonly leftOut?: boolean
}

export const parseState = (raw: RawState): StoredState => ({
  id: raw.id,
  key: raw.key,
  at: raw.at,
  version: raw.version,
  uncertainty: raw.uncertainty,
  source: raw.source,
  deleted: raw.deleted ?? false,
  inferred: raw.inferred ?? false,
  leftOut: raw.leftOut ?? false,
  body: JSON.parse(raw.body) as Record<string, Value>,
})

/** States of one object within a window that one answer looks at. */
const MOST = 500

/** States of `keys` from the one in force at `from` up to `to`, at most `limit` of each, by key and time. */
export const statesRaw = (
  reader: Reader,
  keys: readonly string[],
  window: { from: number; to: number; known: number; limit?: number },
): Promise<RawState[]> =>
  reader
    .read<{ state: RawState }>(STATES, { keys, limit: MOST, ...window })
    .then((rows) => rows.map((row) => row.state))

/** The same, parsed and by key. */
export const states = async (
  reader: Reader,
  keys: readonly string[],
  window: { from: number; to: number; known: number; limit?: number },
): Promise<Map<string, StoredState[]>> =>
  Map.groupBy((await statesRaw(reader, keys, window)).map(parseState), (state) => state.key)

/** A state after which its object is told of. */
export const isTold = (state: StoredState | undefined): state is StoredState =>
  state !== undefined && !state.deleted && !state.leftOut

/** What an object looked like, by time; all of it from `since` on, where the first one told is the state in force. */
export interface Told {
  readonly states: readonly StoredState[]
  readonly since: number
}

/** The states of each key from the one in force at `from` up to `to`; of too many the newest, which begin later. */
export const statesSince = async (
  reader: Reader,
  keys: readonly string[],
  window: { from: number; to: number; known: number },
): Promise<Map<string, Told>> => {
  const found = await states(reader, keys, { ...window, limit: MOST + 1 })
  return new Map(
    [...found].map(([key, all]): [string, Told] => {
      // What lies between the state at `from` and the newest was not read: the oldest of these takes its place.
      const newest = all.filter(({ at }) => at > window.from)
      if (newest.length <= MOST) return [key, { states: all, since: window.from }]
      return [key, { states: newest, since: newest[0]!.at }]
    }),
  )
}

/** The state in force of each key at a time; keys without one are left out. A tombstone counts: it says `deleted`. */
export const statesInForce = async (
  reader: Reader,
  keys: readonly string[],
  { at, known }: AsOf,
): Promise<Map<string, StoredState>> => {
  const found = await states(reader, keys, { from: at, to: at, known, limit: 1 })
  return new Map([...found].map(([key, [state]]) => [key, state!]))
}

/** When each key may have been seen first, µs: its oldest state, back by that one's uncertainty. Keys without a state are left out. */
export const firstSeen = async (reader: Reader, keys: readonly string[]): Promise<Map<string, number>> => {
  const rows = await reader.read<{ key: string; at: number }>(FIRST_SEEN, { keys })
  return new Map(rows.map(({ key, at }) => [key, at]))
}
