/** The vocabulary in which kinds are defined. A kind is one file; `generate/` derives everything else from it. */
import type { CollectorName } from './generated/types.ts'

/** Types that a field of an event, object or relation can have. `key` is an object's key: the writer puts the cluster before it. */
export type FieldType = 'string' | 'int' | 'float' | 'bool' | 'key' | 'string[]' | 'int[]'

export interface Field {
  readonly type: FieldType
  readonly doc: string
  /** What an int or float counts: `µs since the epoch` (a time), `µs` (a span, a boot clock), `bytes`, `count`, ... */
  readonly unit?: string
  readonly optional?: true
}

export type Fields = Readonly<Record<string, Field>>

/** Types of a kernel record's members; `char[N]` is NUL-padded UTF-8. */
export type WireType = 'u8' | 'u16' | 'u32' | 'u64' | 's32' | `char[${number}]`

export interface WireField {
  readonly type: WireType
  readonly doc: string
}

export type Wire = Readonly<Record<string, WireField>>

/** What events and states come from: one folder of agent/collectors. */
export interface CollectorKind {
  readonly name: string
  readonly doc: string
  /** What one of its sources watches: the host that it runs on (`ebpf@<host>`), or the cluster from one place (`kubernetes@cluster`). */
  readonly scope: 'host' | 'cluster'
}

/** A thing that happened. File, value, label and C struct share the name: `oom-kill`, `oomKill`, `OomKill`, `oom_kill`. */
export interface EventKind {
  readonly name: string
  readonly collector: CollectorName
  readonly doc: string
  /** Where the source sees it: a kernel hook, a field of the API. */
  readonly hook: string
  /** Kinds of object it can be about, the usual one first. */
  readonly about: readonly string[]
  /** Witnesses of one origin count once in a verdict. */
  readonly origin: string
  /** Longest time in µs between happening and being told to the collector, beyond the collector's own watermark. */
  readonly delay: number
  /** The source may leave one out, or tell it later than `delay`: that there is none proves nothing. */
  readonly bestEffort?: true
  /**
   * It tells what is so until the next one with the same values of these properties (the first names the object): retention
   * leaves the newest before its cut while the object is there.
   */
  readonly lasts?: readonly ['objectKey' | 'podKey', ...string[]]
  /**
   * Found by comparing what was seen at two times, so that an object that is there does not tell it again, as it does all else of
   * itself; with field values: only those are.
   */
  readonly compared?: true | Readonly<Record<string, string>>
  readonly fields: Fields
  /** Members of the kernel's record, after the common header. Only for kernel events. */
  readonly wire?: Wire
}

/** A record that the kernel side sends and that is no event: it serves attribution. */
export interface RecordKind {
  readonly name: string
  readonly doc: string
  readonly wire: Wire
}

/** A thing that exists for a while. */
export interface ObjectKind {
  readonly name: string
  readonly doc: string
  /** Where its key comes from. */
  readonly keyFrom: string
  /** Names within a namespace: gives its label the index (cluster, namespace, name), else (cluster, name). */
  readonly namespaced?: true
  /** Would gather a cluster's whole history: no event is related to it, its events are found by objectKey. */
  readonly crowded?: true
  /** Labels of which a node also carries the one that its `workloadKind` names. */
  readonly alsoLabelled?: readonly string[]
  /** What a state's body says of it, as far as aitia reads it. */
  readonly body: Fields
}

/** An edge between two objects, derived from the states of the object that declares it. */
export interface RelationKind {
  readonly name: string
  readonly doc: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  /** `state`: holds while consecutive states declare it. `fixed`: merged once, never closed by absence. */
  readonly law: 'state' | 'fixed'
  /** Kinds whose states declare it. */
  readonly declaredBy: readonly string[]
  /** Where `from` (the time from which it holds) is taken from. */
  readonly since: string
  /** Properties of the edge. A change of one makes a new record. */
  readonly properties: Fields
  /** True where one far end gathers history (pods of a node): gives it the index (toKey, end). */
  readonly hub?: true
  /** The end that suffers where the other one is broken: an owner relies on its pods, a pod on its node. */
  readonly dependent: 'from' | 'to'
  /** Ends that an answer about the other end rests on. Not one that gathers what the answer is not about, as an owner's pods. */
  readonly reaches: readonly ('from' | 'to')[]
}

/** A context is kept as JSON: beside what properties can hold, it has maps of texts and lists of records, by the record's name. */
export type ContextFieldType = FieldType | 'map' | `${Capitalize<string>}[]`

/** What the API does not tell is absent, but for required ones. */
export interface ContextField {
  readonly type: ContextFieldType
  readonly doc: string
  /** Where in the API it is told: `pod.`, `node.`, `container.` (its entry in the pod's spec), `status.` (its entry in the pod's status). */
  readonly path: string
  readonly unit?: string
  readonly required?: true
}

export type ContextFields = Readonly<Record<string, ContextField>>
export type ContextRecords = Readonly<Record<string, { readonly doc: string; readonly fields: Fields }>>

/** What goes with an event that attribution knows the pod of. */
export interface ContextKind {
  readonly name: string
  readonly doc: string
  readonly fields: ContextFields
  readonly records: ContextRecords
  /** What it does not hold, and why. */
  readonly leftOut: readonly (readonly [what: string, why: string])[]
}

export const defineCollector = <const K extends CollectorKind>(kind: K): K => kind
export const defineEvent = <const K extends EventKind>(kind: K): K => kind
export const defineRecord = <const K extends RecordKind>(kind: K): K => kind
export const defineObject = <const K extends ObjectKind>(kind: K): K => kind
export const defineRelation = <const K extends RelationKind>(kind: K): K => kind
export const defineContext = <const K extends ContextKind>(kind: K): K => kind
