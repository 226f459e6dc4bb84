/**
 * What an agent sends: an event, a state, or a word about its own watching (heartbeat, gap, loss).
 * Keys and ids carry no cluster here; the job says it once and the writer puts `cluster/` before each.
 */
import type { EventFields, EventName, ObjectName, RelationName } from './generated/types.ts'
import { SECOND } from './time.ts'

/**
 * Why a kernel event is of no container: of the host's own processes, of a pod's own cgroup or of the one that holds its
 * namespaces (the object is the pod then), or of a cgroup that nobody knows.
 */
export const UNATTRIBUTED = ['host', 'pod', 'sandbox', 'unknown-cgroup'] as const

/** A JSON-compatible value of a body, field or property. */
export type Value = string | number | boolean | readonly string[] | readonly number[]

/**
 * Names an object. `name` and `namespace` fill the node where it is not known yet. A reference by name is `missing` where it was
 * looked for and does not exist, `unwatched` where nobody looks: its key says which, since neither may turn into the other.
 */
export interface ObjectRef {
  readonly kind: ObjectName
  readonly key: string
  readonly name?: string
  readonly namespace?: string
  /** The Kubernetes kind of a Workload: `Deployment`, `ReplicaSet`, or a custom one. */
  readonly workloadKind?: string
  readonly missing?: true
  readonly unwatched?: true
}

export interface EventObservation<K extends EventName = EventName> {
  readonly type: 'event'
  readonly kind: K
  /** Made of what makes the event unique (reference: ids are deterministic), without the cluster. */
  readonly id: string
  /** Earliest time at which it can have happened, µs. The truth lies in [at, at + uncertainty]. */
  readonly at: number
  /** µs */
  readonly uncertainty: number
  /** When the collector saw it, µs. */
  readonly observedAt: number
  /** `collector@host`, or `collector@cluster` for a cluster-wide one: see `sourceOf`. */
  readonly source: string
  /** Key of the Host where it happened, for node-level witnesses. */
  readonly host?: string
  readonly bootId?: string
  /** Boot clock in µs: with `sequence` it alone orders events of one boot exactly. */
  readonly bootClock?: number
  readonly sequence?: number
  readonly object: ObjectRef
  /** The pod of a container (or the pod itself): lane, and a key for containers that wait and have no id. */
  readonly pod?: ObjectRef
  readonly containerName?: string
  readonly workloadName?: string
  /** Why a kernel event has no container. */
  readonly unattributed?: (typeof UNATTRIBUTED)[number]
  /** Digest of the K8sContext that the job carries. */
  readonly contextKey?: string
  readonly fields: EventFields[K]
}

/** One relation that a state declares. An end that is left out is the declaring object itself. */
export interface Declaration {
  readonly kind: RelationName
  readonly from?: ObjectRef
  readonly to?: ObjectRef
  /** µs: the time that the object itself gives for it (started, scheduled). Never earlier than the state before. */
  readonly since?: number
  readonly properties?: Readonly<Record<string, Value>>
}

export interface StateObservation {
  readonly type: 'state'
  readonly object: ObjectRef
  /** When it was observed, µs; never the creation time. */
  readonly at: number
  /** resourceVersion as a number; 0 where there is none or it is no number. */
  readonly version: number
  /** µs back from `at` within which the change may have happened. */
  readonly uncertainty: number
  readonly source: string
  /** A tombstone: no body, no relations. */
  readonly deleted?: true
  /** A deletion that was concluded from a list. */
  readonly inferred?: true
  /** It is there, and its source was told to leave it out from now on: no body, no relations, until it is not left out or is gone. */
  readonly leftOut?: true
  readonly body: Readonly<Record<string, Value>>
  readonly relations: readonly Declaration[]
  /** The pod whose lane this belongs to, for a Container. */
  readonly pod?: ObjectRef
}

/** "All that I saw with `at` below the watermark is passed on", for the time since `since`. Goes into every lane, behind what it speaks for. */
export interface HeartbeatObservation {
  readonly type: 'heartbeat'
  readonly source: string
  /** One run of the collector; a new one must not claim the time before its `since`. */
  readonly session: string
  readonly since: number
  readonly watermark: number
  readonly at: number
  /** The stream ends here (a recording): frees the watermark, but covers nothing after it. */
  readonly ended?: true
  /**
   * Kinds of its collector that it can't see, since the kernel refused a program or the API a kind: it vouches for none of
   * them in the whole session. Once it sees one again, a gap with `kinds` says until when it did not.
   */
  readonly blind?: readonly EventName[]
  /** Counters since the start of the session by what they count, e.g. `ring.oom_kill`, `spool.dropped`. */
  readonly counters?: Readonly<Record<string, number>>
}

/** The source was not watching from `from` to `to`, µs. */
export interface GapObservation {
  readonly type: 'gap'
  readonly source: string
  readonly from: number
  readonly to: number
  readonly reason: string
  /** Only events of these kinds were missed (none: states alone); absent: all that the source tells. */
  readonly kinds?: readonly EventName[]
}

/** The source knows that it lost `count` observations between `from` and `to`, µs. */
export interface LossObservation {
  readonly type: 'loss'
  readonly source: string
  readonly from: number
  readonly to: number
  readonly count: number
  /** What was lost: a program's name, `spool`, `queue`. */
  readonly what: string
  /** Only events of these kinds can be among them; absent: all that the source tells. */
  readonly kinds?: readonly EventName[]
  /** Digest of the one observation that was lost, where it is known: two that look alike from outside are two. */
  readonly of?: string
}

/** µs: longest time between two heartbeats of a source that watches, while it has nothing to tell. */
export const SLOWEST_BEAT = 5 * SECOND

/** Facts about a source's watching: they go into every lane. */
export type SourceObservation = HeartbeatObservation | GapObservation | LossObservation
export type Observation = EventObservation | StateObservation | SourceObservation

/** The name of a source: its collector and the host that it watches, or the whole cluster. */
export const sourceOf = (collector: string, host?: string): string => `${collector}@${host ?? 'cluster'}`

/** The key that decides the lane: the pod's for a pod, its containers and all their events; else the object's own. Null: every lane. */
export const laneKeyOf = (observation: Observation): string | null => {
  if (observation.type !== 'event' && observation.type !== 'state') return null
  return observation.pod?.key ?? observation.object.key
}

/** Lane of a key among `lanes`: FNV-1a over UTF-16 units, fixed with the schema. */
export const laneOf = (key: string, lanes: number): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % lanes
}
