/** What the worker does with a batch: write it, set aside what can't be, wake the patterns. */
import { InvalidBatch, type Writer } from '../ingest/main.ts'
import type { Batch } from '../model/batch.ts'
import { type Handle, Rejected } from '../queue/main.ts'
import { isolate } from './isolate.ts'

/** After so many attempts (half a minute) a batch that is refused while others are written is taken apart. */
const PATIENCE = 9

/**
 * Validation knows most of what can never be written, but not all of it (a value too long for an index). So a refusal also
 * stays for good when the store has taken others since: then it is the batch's. While it takes none, every batch waits.
 *
 * @param committed called after each commit
 */
export const createHandle = (writer: Writer, committed: (batch: Batch) => void): Handle => {
  let commits = 0
  const commitsAtFailure = new WeakMap<Batch, number>()
  const write = async (batch: Batch) => {
    await writer.write(batch)
    commits++
  }
  return async (batch, attempt) => {
    const permanent = (error: Error) =>
      error instanceof InvalidBatch || (attempt >= PATIENCE && commits > commitsAtFailure.get(batch)!)
    try {
      await write(batch)
    } catch (error) {
      if (!commitsAtFailure.has(batch)) commitsAtFailure.set(batch, commits)
      if (!permanent(error as Error)) throw error
      const rejected = await isolate(batch, error as Error, write, permanent)
      committed(batch)
      throw new Rejected(rejected)
    }
    committed(batch)
  }
}
