/** What travels in one job and is written in one transaction. */
import type { K8sContext } from './context.ts'
import type { Observation } from './observation.ts'

/** Most observations in one job. */
export const BATCH_LIMIT = 500

/** Number of lanes. Fixed with the schema: changing it means draining first. */
export const LANES = 8

/** Observations of one cluster for one lane, with the contexts that they refer to, each once. */
export interface Batch {
  readonly cluster: string
  readonly lane: number
  readonly observations: readonly Observation[]
  readonly contexts: Readonly<Record<string, K8sContext>>
}
