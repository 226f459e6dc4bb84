/** What was told before a window and holds on into it. */
import type { EventKind } from '../../graph/model/define.ts'
import { pascalCase } from '../../graph/model/generate/names.ts'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import type { Window } from './family.ts'
import { forKind, type Reader, statement } from './read.ts'
import { statesInForce } from './states.ts'
import type { StoredEvent } from './stored.ts'

const LASTING = statement('events-lasting')

const lastsOf = (kind: EventName) => (EVENTS[kind] as EventKind).lasts

/** Kinds that tell what is so until the next one. */
export const LASTING_KINDS = (Object.keys(EVENTS) as EventName[]).filter(lastsOf)

const newestOf = async (
  reader: Reader,
  kind: EventName,
  keys: readonly string[],
  { from, known }: Window,
): Promise<StoredEvent[]> => {
  const names = lastsOf(kind)!
  const rows = await reader.read<{ event: StoredEvent }>(forKind(LASTING, pascalCase(kind)), {
    ...{ keys, names, from, known },
  })
  const valuesOf = (event: StoredEvent): string =>
    JSON.stringify(names.map((name) => (event as unknown as Record<string, unknown>)[name]))
  // One that both its container and its pod led to is the same.
  const inTime = rows.map(({ event }) => event).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
  return [...new Map(inTime.map((event) => [valuesOf(event), event])).values()]
}

/**
 * What still holds of objects when the window begins, as it was told: a node's Lease that has been stale for long, how often a
 * container was restarted. Nothing holds of a pod that is gone by then; a node that is may still be silent.
 */
export const lasting = async (reader: Reader, keys: readonly string[], window: Window): Promise<StoredEvent[]> => {
  const newest = (await Promise.all(LASTING_KINDS.map((kind) => newestOf(reader, kind, keys, window)))).flat()
  const pods = [...new Set(newest.flatMap(({ podKey }) => podKey ?? []))]
  const inForce = await statesInForce(reader, pods, { at: window.from, known: window.known })
  return newest.filter(({ podKey }) => podKey === undefined || inForce.get(podKey)?.deleted !== true)
}
