/** Events of objects within a window. */

import { pascalCase } from '../../graph/model/generate/names.ts'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import type { Window } from './family.ts'
import { forKind, type Reader, statement } from './read.ts'
import type { StoredEvent } from './stored.ts'

const EVENTS_OF = statement('events')
const OF_POD = statement('events-of-pod')
const BY_ID = statement('events-by-id')
const ALL = Object.keys(EVENTS) as EventName[]

type Timed = Pick<StoredEvent, 'at' | 'id'>
const inTime = (a: Timed, b: Timed): number => a.at - b.at || (a.id < b.id ? -1 : 1)

export interface FoundEvents<K extends EventName> {
  /** By time. */
  readonly events: readonly StoredEvent<K>[]
  /** There are older ones, of a kind and object that has more than `limit`. */
  readonly cut: boolean
}

const read = async <K extends EventName>(
  reader: Reader,
  keys: readonly string[],
  { limit = 200, ...window }: Window & { limit?: number; after: number },
  kinds: readonly K[],
): Promise<FoundEvents<K>> => {
  const rows = await Promise.all(
    kinds.map((kind) =>
      reader.read<{ event: StoredEvent<K> }>(forKind(EVENTS_OF, pascalCase(kind)), {
        ...{ keys, limit: limit + 1, ...window },
      }),
    ),
  )
  const groups = rows.flatMap((row) => [...Map.groupBy(row, ({ event }) => event.objectKey).values()])
  const events = groups
    .flatMap((group) =>
      group
        .map(({ event }) => event)
        .sort(inTime)
        .slice(-limit),
    )
    .sort(inTime)
  return { events, cut: groups.some((group) => group.length > limit) }
}

/** Events about any of `keys` that begin in the window, the newest `limit` of each kind and object; all kinds unless some are named. */
export const events = <K extends EventName = EventName>(
  reader: Reader,
  keys: readonly string[],
  window: Window & { limit?: number },
  kinds: readonly K[] = ALL as K[],
): Promise<FoundEvents<K>> => read(reader, keys, { ...window, after: window.from }, kinds)

/** The same of all kinds, with those that began before and may have happened in the window, or went on into it. */
export const eventsTouching = (
  reader: Reader,
  keys: readonly string[],
  window: Window & { limit?: number },
): Promise<FoundEvents<EventName>> => read(reader, keys, { ...window, after: 0 }, ALL)

/** The newest `limit` events about each of `keys`, by time; objects without any are left out. */
export const eventsByObject = async (
  reader: Reader,
  keys: readonly string[],
  window: Window & { limit: number },
): Promise<Map<string, StoredEvent[]>> => {
  const found = await eventsTouching(reader, keys, window)
  const byKey = Map.groupBy(found.events, ({ objectKey }) => objectKey)
  return new Map([...byKey].map(([key, all]) => [key, all.slice(-window.limit)]))
}

/** Containers of one pod that an answer looks at. */
const CONTAINERS = 200

/** Keys of all that events of these pods are about: of a pod that only the kernel told of, its containers are known by these alone. */
export const toldOfPods = async (reader: Reader, keys: readonly string[], window: Window): Promise<string[]> => {
  if (keys.length === 0) return []
  const rows = await Promise.all(
    ALL.map((kind) =>
      reader.read<{ objectKey: string }>(forKind(OF_POD, pascalCase(kind)), { keys, limit: CONTAINERS, ...window }),
    ),
  )
  return [...new Set(rows.flat().map(({ objectKey }) => objectKey))]
}

/** Events by id; those that are not there (any more) are left out. */
export const eventsById = async (reader: Reader, ids: readonly string[]): Promise<Map<string, StoredEvent>> => {
  const rows = await reader.read<{ event: StoredEvent }>(BY_ID, { ids })
  return new Map(rows.map(({ event }) => [event.id, event]))
}
