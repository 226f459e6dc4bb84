/** The one format of recordings and of patterns' cases: a document of observations, in JSON or YAML. */
import type { K8sContext } from './context.ts'
import type { Observation } from './observation.ts'

export const RECORDING_VERSION = 1

/** A time in a document: µs since the epoch, or text relative to `start` such as `+1.5s`, `-3m`, `+250ms`. */
export type DocumentTime = number | string

/** What must come of it. */
export interface Expectation {
  readonly pattern: string
  readonly result: 'incident' | 'near-miss' | 'silence'
  readonly status?: 'waiting' | 'provisional' | 'final'
  readonly outcome?: string
  /** Top owner as `Kind/name`. */
  readonly workload?: string
  readonly container?: string
  readonly occurrences?: number
  /** The step that a near miss names. */
  readonly missing?: string
  /** Steps said to be unseen. */
  readonly unseen?: readonly string[]
  /** Objects affected, as `role: Kind/name`. */
  readonly affected?: readonly string[]
  readonly confidence?: { readonly atLeast?: number; readonly atMost?: number }
}

/** An observation of a document may say when it reaches the queue (`arrives`); without it, that is when it was seen. */
export type RecordedObservation = Observation & { readonly arrives?: DocumentTime }

export interface Recording {
  readonly format: 'aitia-recording'
  readonly version: number
  readonly title: string
  /** Zero of relative times, µs since the epoch or RFC 3339. */
  readonly start?: DocumentTime
  readonly contexts?: Readonly<Record<string, K8sContext>>
  readonly observations: readonly RecordedObservation[]
  readonly expect?: readonly Expectation[]
}
