/** Events of objects within a window. */

import { pascalCase } from '../../graph/model/generate/names.ts'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import type { Window } from './family.ts'
import { forKind, type Reader, statement } from './read.ts'
import type { StoredEvent } from './stored.ts'

const EVENTS_OF = statement('events')
const BY_ID = statement('events-by-id')
const ALL = Object.keys(EVENTS) as EventName[]

/** Events about any of `keys` by time, at most `limit` of each kind and object; all kinds unless some are named. */
export const events = async <K extends EventName = EventName>(
  reader: Reader,
  keys: readonly string[],
  window: Window & { limit?: number },
  kinds: readonly K[] = ALL as K[],
): Promise<StoredEvent<K>[]> => {
  const rows = await Promise.all(
    kinds.map((kind) =>
      reader.read<{ event: StoredEvent<K> }>(forKind(EVENTS_OF, pascalCase(kind)), { keys, limit: 200, ...window }),
    ),
  )
  return rows
    .flat()
    .map((row) => row.event)
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
}

/** Events by id; those that are not there (any more) are left out. */
export const eventsById = async (reader: Reader, ids: readonly string[]): Promise<Map<string, StoredEvent>> => {
  const rows = await reader.read<{ event: StoredEvent }>(BY_ID, { ids })
  return new Map(rows.map(({ event }) => [event.id, event]))
}
