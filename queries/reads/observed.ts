/** Stored nodes turned back into the observations that they came from: without the cluster, as an agent sent them. */
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type {
  Declaration,
  EventObservation,
  HeartbeatObservation,
  ObjectRef,
  SourceObservation,
  StateObservation,
  Value,
} from '../../graph/model/observation.ts'
import type { Window } from './family.ts'
import { withoutCluster } from './read.ts'
import type { Source } from './sources.ts'
import type { RawState } from './states.ts'
import type { StoredEvent, StoredObject } from './stored.ts'

/** Leaves out what is not set: a recording says only what was said. */
const set = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null)) as T

const refOf = (object: StoredObject): ObjectRef =>
  set({
    kind: object.kind,
    key: withoutCluster(object.cluster, object.key),
    name: object.name,
    namespace: object.namespace,
    workloadKind: object.workloadKind,
    missing: object.missing === true ? (true as const) : undefined,
    unwatched: object.unwatched === true ? (true as const) : undefined,
  }) as ObjectRef

/** An event as it was sent; `objects` holds what it is about and its pod. */
export const eventObservation = (event: StoredEvent, objects: ReadonlyMap<string, StoredObject>): EventObservation => {
  const { cluster, kind, at, uncertainty, observedAt, source, host, bootId, bootClock, sequence } = event
  const bare = (key: string): string => withoutCluster(cluster, key)
  const object = objects.get(event.objectKey)
  const pod = event.podKey === undefined || event.podKey === event.objectKey ? undefined : objects.get(event.podKey)
  const stored = event as unknown as Record<string, Value>
  const fields = Object.entries(EVENTS[kind].fields).flatMap(([name, field]) => {
    const value = stored[name]
    return value === undefined ? [] : [[name, field.type === 'key' ? bare(String(value)) : value]]
  })
  return set({
    type: 'event' as const,
    kind,
    id: bare(event.id),
    ...{ at, uncertainty, observedAt, source, host, bootId, bootClock, sequence },
    object: object === undefined ? { kind: event.objectKind, key: bare(event.objectKey) } : refOf(object),
    pod: pod && refOf(pod),
    containerName: event.containerName,
    workloadName: event.workloadName,
    unattributed: event.unattributed,
    contextKey: event.contextKey && bare(event.contextKey),
    fields: Object.fromEntries(fields),
  }) as unknown as EventObservation
}

/** A state as it was sent. */
export const stateObservation = (state: RawState, object: StoredObject): StateObservation => {
  const relations = JSON.parse(state.relations) as Declaration[]
  const runs = object.kind === 'Container' ? relations.find(({ kind }) => kind === 'RUNS')?.from : undefined
  return set({
    type: 'state' as const,
    object: refOf(object),
    at: state.at,
    version: state.version,
    uncertainty: state.uncertainty,
    source: state.source,
    deleted: state.deleted ? (true as const) : undefined,
    inferred: state.inferred ? (true as const) : undefined,
    leftOut: state.leftOut ? (true as const) : undefined,
    body: JSON.parse(state.body) as Record<string, Value>,
    relations,
    pod: runs,
  }) as StateObservation
}

/**
 * What a source said of its own watching, for one window: a heartbeat for each session, which vouches for nothing outside
 * the window, since what happened there is left out, and ends the stream, or nothing that rests on it would become final.
 */
export const watchObservations = (source: Source, { from, to }: Window): SourceObservation[] => {
  const beats = source.sessions.flatMap((session): HeartbeatObservation[] => {
    const since = Math.max(session.from, from)
    const watermark = Math.min(session.to, to)
    if (watermark <= since) return []
    return [
      {
        type: 'heartbeat',
        source: source.source,
        session: session.session,
        since,
        watermark,
        at: watermark,
        ended: true,
        ...(session.blind.length === 0 ? {} : { blind: session.blind }),
      },
    ]
  })
  const clipped = <T extends { from: number; to: number }>(fact: T): T => ({
    ...fact,
    from: Math.max(fact.from, from),
    to: Math.min(fact.to, to),
  })
  return [
    ...source.gaps
      .map(clipped)
      .map(({ from, to, reason, kinds }) =>
        set({ type: 'gap' as const, source: source.source, from, to, reason, kinds }),
      ),
    ...source.losses
      .map(clipped)
      .map(({ from, to, count, what, kinds, of }) =>
        set({ type: 'loss' as const, source: source.source, from, to, count, what, kinds, of }),
      ),
    ...beats,
  ]
}
