/** Shapes between a pattern's rows and its verdict. */
import type { EventName, ObjectName } from '../../graph/model/generated/types.ts'
import type { Hole } from '../reads/coverage.ts'
import type { Parts } from './confidence.ts'
import type { JoinName } from './joins.ts'

/** An event as the graph has it: what every event has, and the fields of its kind. */
export interface EventNode {
  readonly id: string
  readonly kind: EventName
  readonly at: number
  readonly uncertainty: number
  readonly source: string
  readonly host?: string
  readonly bootId?: string
  readonly bootClock?: number
  readonly objectKey: string
  readonly objectKind: ObjectName
  readonly podKey?: string
  readonly containerName?: string
  readonly namespace?: string
  readonly workloadName?: string
  readonly contextKey?: string
  readonly [field: string]: unknown
}

export interface Affected {
  readonly key: string
  /** container, pod, owner, workload (the top owner), service, ... as the pattern says. */
  readonly role: string
  readonly kind: string
  readonly name: string | null
  readonly namespace: string | null
}

/** One row of match.cypher: one way to read the graph. */
export interface Alternative {
  readonly anchor: EventNode
  readonly found: ReadonlyMap<EventName, EventNode>
  readonly outcome: string
  readonly affected: readonly Affected[]
}

/** On which workload it falls, and how that is known. */
export interface Ownership {
  /** The chain ends at a known object without owner, or at a kind that nobody watches. */
  readonly whole: boolean
  /** `owner references`, `K8sContext`, or `none` where no owner could be found. */
  readonly resolver: 'owner references' | 'K8sContext' | 'none'
  readonly workload: Omit<Affected, 'role'> | null
}

/** Which container of its pod it is about, and how that is known. */
export interface ContainerName {
  readonly name: string | null
  /** `event`: its own word; `RUNS`: the pod's status; or that its pod has only one container that it can be. */
  readonly resolver: 'event' | 'RUNS' | 'only container of the pod' | 'none'
}

/** What an anchor's container is to its pod. */
export interface OfPod {
  readonly container: ContainerName
  /** main, init, sidecar or ephemeral; null where nobody told it, undefined where the anchor is about no container. */
  readonly role: string | null | undefined
  /** Names that it may have: its own, or all of which nothing says that it is not them. */
  readonly mayBe: readonly string[]
}

export interface Hop {
  readonly from: EventName
  readonly to: EventName
  readonly fromId: string
  readonly toId: string
  readonly joinKey: JoinName
  /** The key's value, where both events carry it. */
  readonly joinValue: string | null
  /** Collectors that told the key, on either side. */
  readonly resolver: string
  /** µs from the first to the second; the stamps may be off by `lagUncertainty`. */
  readonly lag: number
  readonly lagUncertainty: number
  readonly confidence: number
}

export type Status = 'waiting' | 'provisional' | 'final'
type Result = 'incident' | 'near-miss' | 'silence'

/** A step that is absent where nobody can say that it did not happen. */
export interface Unseen {
  readonly step: EventName
  readonly source: string
  readonly why: string
}

/** Another way to read the graph, which was weighed and found less sure. */
export interface Reading {
  readonly outcome: string
  readonly confidence: number
  readonly evidence: Content['evidence']
  readonly workload: Ownership['workload']
}

/** What a verdict says. Two that are equal are one. */
export interface Content {
  readonly status: Status
  readonly result: Result
  readonly outcome: string
  readonly cause: string
  readonly confidence: number
  readonly parts: Parts
  readonly hops: readonly Hop[]
  readonly evidence: readonly { readonly step: EventName; readonly id: string }[]
  /** Required, absent, and watched for. */
  readonly missing: readonly EventName[]
  readonly unseen: readonly Unseen[]
  /** Absent so far; its source has not passed the end of its window. */
  readonly pending: readonly EventName[]
  readonly losses: readonly Hole[]
  readonly affected: readonly Affected[]
  readonly ownership: Ownership
  readonly container: ContainerName
  /** The surest of the others; empty where there is one way to read it only. */
  readonly alternatives: readonly Reading[]
}

/** A verdict's content with what the engine needs to come back to it. */
export interface Judgement {
  readonly anchor: EventNode
  readonly content: Content
  /** Sources and times that it waits for, µs. Empty when it is final. */
  readonly awaits: readonly { readonly source: string; readonly until: number }[]
}
