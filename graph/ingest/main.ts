/** The way into the graph: batches from the queue, recordings and cases. */
import type { Batch } from '../model/batch.ts'
import { problemsOfBatch } from '../model/validate.ts'
import type { Store } from '../store/main.ts'
import { type Written, writeBatch } from './writer.ts'

export { type LoadOptions, loadRecording } from './load.ts'
export { removeCluster } from './remove.ts'
export type { Written } from './writer.ts'

/** A batch that can never be written: not to be tried again. */
export class InvalidBatch extends Error {
  readonly reasons: readonly string[]
  constructor(reasons: readonly string[]) {
    super(
      `invalid batch:\n  ${reasons.slice(0, 20).join('\n  ')}${reasons.length > 20 ? `\n  and ${reasons.length - 20} more` : ''}`,
    )
    this.name = 'InvalidBatch'
    this.reasons = reasons
  }
}

export interface Writer {
  /** Writes a batch whole or not at all; given again, whole or in part, it changes nothing. Throws InvalidBatch, or what Neo4j says. */
  write(batch: Batch): Promise<Written>
}

/** A writer into a graph that has the schema. Several may write at once, also into one lane: the lane's lock orders them. */
export const createWriter = (store: Store): Writer => ({
  write: async (batch) => {
    const reasons = problemsOfBatch(batch)
    if (reasons.length > 0) throw new InvalidBatch(reasons)
    return writeBatch(store, batch)
  },
})
