/** What the worker does with a batch: write it, set aside what can't be, wake the patterns. */
import { InvalidBatch, type Writer } from '../ingest/main.ts'
import type { Batch } from '../model/batch.ts'
import { type Handle, Rejected } from '../queue/main.ts'
import { isolate } from './isolate.ts'

/** After so many attempts (half a minute) a batch that fails while the store takes others is taken apart. */
const PATIENCE = 9

/**
 * Validation knows most of what can never be written, but not all of it (a value too long for an index). So what is refused
 * again and again by a store that takes others is set aside too. While it takes none, every batch waits.
 *
 * @param committed called after each commit
 */
export const createHandle =
  (writer: Writer, committed: (batch: Batch) => void): Handle =>
  async (batch, attempt) => {
    try {
      await writer.write(batch)
    } catch (error) {
      const patient = attempt >= PATIENCE
      if (!patient && !(error instanceof InvalidBatch)) throw error
      const rejected = await isolate(batch, error as Error, (part) => writer.write(part), patient)
      committed(batch)
      if (rejected.length === 0) return
      throw new Rejected(rejected)
    }
    committed(batch)
  }
