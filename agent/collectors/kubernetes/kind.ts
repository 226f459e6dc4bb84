import { EVENTS } from '../../../graph/model/generated/registry.ts'
import type { EventName, ObjectName } from '../../../graph/model/generated/types.ts'
import type { Declaration, EventObservation, ObjectRef, StateObservation } from '../../../graph/model/observation.ts'
import { fromRfc3339, OPEN } from '../../../graph/model/time.ts'
import type { Change } from '../../reflector/handler.ts'
import type { RawObject } from '../../reflector/list.ts'
import { isNode, type Owner } from '../../reflector/owner.ts'
import type { Settings } from './config.ts'

type Body = StateObservation['body']

/** What is kept of an object of any kind. */
export interface Trimmed {
  readonly uid: string
  /** metadata.creationTimestamp, µs. */
  readonly createdAt: number
  /** resourceVersion as a number; 0 where it is none. */
  readonly version: number
  /** Together with `body`: absent for a kind that is no object of the model. */
  readonly ref?: ObjectRef
  /** What its state says. */
  readonly body?: Body
  readonly owner?: Owner
  /** It is there, and nothing more is kept of it: by its namespace, its labels or an annotation. */
  readonly leftOut?: true
  /** Of a kind that is no object of the model: the namespace of what it is about. */
  readonly namespace?: string
  /** Kind of a workload to which it refers, which may be a custom one: it is watched then, as kinds of owners are. */
  readonly target?: Pick<Owner, 'apiVersion' | 'kind'>
}

/** What is kept of an object of the model. */
export interface Thing extends Trimmed {
  readonly ref: ObjectRef
  readonly body: Body
}

/** A reference that the API makes by name. */
export interface NameRef {
  readonly kind: ObjectName
  /** Of a Workload: a Deployment and a StatefulSet can have one name. */
  readonly workloadKind?: string
  /** Empty where the kind has no namespaces. */
  readonly namespace: string
  readonly name: string
  /** Where the reference gives it: of the API, or for a static pod the one that its kubelet knows. */
  readonly uid?: string
  /** What had the name last is meant also when it is gone: a pod ran on its node. Of all else there is a placeholder then. */
  readonly lasting?: true
}

/** All objects of a kind in a namespace: those whose selectors are to be evaluated. */
export interface AllRef {
  readonly kind: ObjectName
  readonly namespace: string
}

export type Reference = NameRef | AllRef

/** An event that an object tells of, without what the collector adds to each. */
export type Fact = {
  [K in EventName]: Omit<EventObservation<K>, 'type' | 'observedAt' | 'source' | 'workloadName'>
}[EventName]

/** What is left out of what an object tells. */
interface Omission {
  /** Names the counter: `events.routine`. */
  readonly what: string
  /** Of this one, within the object. */
  readonly id: string
}

export interface Sighting<T> {
  /** µs */
  readonly observedAt: number
  /** The object as it was seen before, where it was. */
  readonly previous: T | undefined
  /** What differs from `previous` happened after this, µs; absent where it was seen live. */
  readonly uncertaintyFrom?: number | undefined
  /** This is the last sight of it: it is not there any more, as was seen or as a list tells that lacks it. */
  readonly gone?: 'seen' | 'inferred' | undefined
  readonly resolve: Resolve
}

/** What nobody saw happened after `from` and before `to`, µs. */
export interface UnseenSpan {
  readonly from: number
  readonly to: number
}

/** The object that has a name now, or a placeholder. */
export type Resolve = (reference: NameRef) => ObjectRef

/** All objects of a kind in a namespace that are there now. */
export type Among = (all: AllRef) => Iterable<Trimmed>

/** When a follower is asked. */
export interface Moment {
  /** What was taken in is how it was found, and no change. */
  readonly isFirst: boolean
  /** What was taken in is a whole list, which is in no order of time. */
  readonly isListed: boolean
  /** As time passes, and not after a batch. */
  readonly isTimed: boolean
  /** Up to when all changes of the kind have been taken in, µs. */
  readonly seenUntil: number | undefined
  readonly resolve: Resolve
  /** Whether the object with this UID is there. */
  readonly isThere: (uid: string) => boolean
}

/** Finds what no sight of a single object shows: over several objects of a kind, or as time passes. */
export interface Follower<T> {
  take(change: Change<T>): void
  /** What is new; asked after each batch, and every second. */
  facts(moment: Moment): Fact[]
  /** What it told may not have come through: it tells how all stands, as a run does that knows of none before it. */
  anew?(): void
}

/** What a follower told of objects that are there, by their key: kept on disk as long as they are, so that the next run tells what has changed since. */
export interface Marks {
  /** Whether a mark of it would be kept. */
  has(key: string): boolean
  /** Undefined: what was told of it is not known. Null: nothing that still holds. */
  mark(key: string): number | null | undefined
  setMark(key: string, mark: number | null): void
  /** What the run before this one left was so at some time after this, µs. */
  readonly since: number
}

/** One kind of the API that the collector watches: how to read it, and what it says. */
export interface WatchedKind<T extends Trimmed> {
  /** Of its collection: tells it from all others, among which plurals repeat. */
  readonly path: string
  /** Kind in the model: names of it can be resolved. Absent where it is none. */
  readonly object?: ObjectName
  /** Where that is Workload: kind in Kubernetes. */
  readonly workloadKind?: string
  /** The source vouches for none of what it tells: a custom kind, whose server may fail by itself; Leases, as nodes tell the same. */
  readonly unclaimed?: true
  /** Kinds of all events that `facts` and `follow` make. */
  readonly tells?: readonly EventName[]
  trim(raw: RawObject, settings: Settings): T
  /** What `relations` resolves and looks among: when that appears, changes or goes, the object is looked at again. */
  references?(object: T): Reference[]
  relations?(object: T, resolve: Resolve, among: Among): Declaration[]
  /** All events that this sight of the object shows, old and new; those that the previous sight showed are left out by the caller. */
  facts?(object: T, sighting: Sighting<T>): Fact[]
  /** Where the end of an object is an event: that of one that went between two runs, of which no more is known than its name. */
  readonly unseenEnd?: {
    /** Not where it goes on without this object. */
    isTold(object: T): boolean
    facts(object: ObjectRef, span: UnseenSpan): Fact[]
  }
  /** Events beyond those of `facts`; called once for each watcher. */
  follow?(marks: Marks): Follower<T>
  /** All that `facts` leaves out although it is told; counted, each once. */
  omits?(object: T, previous?: T): Omission[]
}

/** A kind whose type of object only it knows: what it trimmed is given to none but itself. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type AnyKind = WatchedKind<any>

/** Whether the absence of an event that it tells means something: the source's watermark waits for it. */
export const covers = ({ tells = [], unclaimed }: AnyKind): boolean =>
  !unclaimed && tells.some((kind) => !EVENTS[kind].bestEffort)

export const defineKind = <T extends Trimmed>(kind: WatchedKind<T>): AnyKind => kind

/** `pods`, `deployments.apps`: names it in counters and messages, as kubectl does. */
export const nameOf = ({ path }: Pick<AnyKind, 'path'>): string => {
  const [, , group, , plural] = path.split('/')
  return plural === undefined ? path.slice(path.lastIndexOf('/') + 1) : `${plural}.${group}`
}

/** A part of a raw object, of which nothing is known. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of the API, read at this one border with a fallback for each field.
export type Raw = any

/** µs of a stamp, or undefined where there is none; StartError writes 1970 for "never", and others a year that no integer here holds. */
export const timeOf = (stamp: unknown): number | undefined => {
  const time = typeof stamp === 'string' ? fromRfc3339(stamp) : null
  return time === null || time <= 0 || time >= OPEN ? undefined : time
}

/** Labels as the model's bodies hold them: `key=value`, sorted. */
export const labelsOf = (raw: RawObject): string[] =>
  Object.entries((raw.metadata.labels ?? {}) as Record<string, string>)
    .map(([key, value]) => `${key}=${value}`)
    .sort()

/** What every kind reads in the same way. */
export const trimAny = (raw: RawObject) => {
  const { uid, resourceVersion, creationTimestamp } = raw.metadata
  const version = Number(resourceVersion)
  return { uid, createdAt: timeOf(creationTimestamp) ?? 0, version: Number.isSafeInteger(version) ? version : 0 }
}

/** The same for an object of the model. */
export const trimMeta = (raw: RawObject, kind: ObjectName) => {
  const { uid, name, namespace } = raw.metadata
  return { ...trimAny(raw), ref: { kind, key: uid, name, ...given({ namespace }) } satisfies ObjectRef }
}

/** An owner is a Workload of whatever kind, but for the Node that owns mirror pods. An owner shares the namespace of what it owns. */
const ownerRef = (owner: Owner, owned: ObjectRef): ObjectRef => {
  if (isNode(owner)) return { kind: 'Node', key: owner.uid, name: owner.name }
  const namespace = owned.namespace === undefined ? {} : { namespace: owned.namespace }
  return { kind: 'Workload', key: owner.uid, name: owner.name, workloadKind: owner.kind, ...namespace }
}

/** (owner)-[:OWNS]->(this) */
export const owns = ({ owner, ref }: Thing): Declaration[] =>
  owner ? [{ kind: 'OWNS', from: ownerRef(owner, ref) }] : []

/** (this)-[:HOLDS]->(Address), each once. */
export const holds = (addresses: readonly string[]): Declaration[] =>
  [...new Set(addresses)].map((key) => ({ kind: 'HOLDS', to: { kind: 'Address', key, name: key } }))

/** An address in canonical form: RFC 5952 for IPv6, as URLs write it. */
export const canonicalAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address

/** Fields that are given, without those that are not. */
export const given = <T extends Record<string, unknown>>(fields: T): { [K in keyof T]: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as never
