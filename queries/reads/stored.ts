/** What the graph's nodes hold, as rows. Keys and ids carry the cluster. Times are µs. */
import type { EventFields, EventName, ObjectName } from '../../graph/model/generated/types.ts'
import type { Value } from '../../graph/model/observation.ts'

export interface StoredObject {
  readonly key: string
  readonly cluster: string
  readonly kind: ObjectName
  readonly name?: string
  readonly namespace?: string
  readonly workloadKind?: string
  readonly missing?: boolean
  readonly unwatched?: boolean
}

/** Kubernetes' own kind of an object: `Deployment`, not `Workload`. */
export const kindOf = (object: Pick<StoredObject, 'kind' | 'workloadKind'>): string =>
  object.workloadKind ?? object.kind

/** An event with its kind's fields beside the properties that all events have. */
export type StoredEvent<K extends EventName = EventName> = EventFields[K] & {
  readonly id: string
  readonly kind: K
  readonly cluster: string
  readonly at: number
  readonly uncertainty: number
  readonly observedAt: number
  readonly recordedAt: number
  readonly lane: string
  readonly arrival: number
  readonly source: string
  readonly host?: string
  readonly bootId?: string
  readonly bootClock?: number
  readonly sequence?: number
  readonly objectKey: string
  readonly objectKind: ObjectName
  readonly podKey?: string
  readonly containerName?: string
  readonly podName?: string
  readonly namespace?: string
  readonly workloadName?: string
  readonly unattributed?: string
  readonly contextKey?: string
}

export interface StoredState {
  readonly id: string
  readonly key: string
  readonly at: number
  readonly version: number
  readonly uncertainty: number
  readonly source: string
  readonly deleted: boolean
  readonly inferred: boolean
  /** It is there, and its source tells no more of it. */
  readonly leftOut: boolean
  readonly body: Readonly<Record<string, Value>>
}
