/** What the worker does with a batch: write it, set aside what can't be, wake the patterns. */
import { InvalidBatch, type Writer } from '../ingest/main.ts'
import type { Batch } from '../model/batch.ts'
import { type Handle, Rejected } from '../queue/main.ts'
import { isolate } from './isolate.ts'

/** After so many attempts a batch that the store keeps refusing, while it answers, is taken apart: about half a minute. */
const PATIENCE = 9

/**
 * @param answers whether the store answers a question now: else a refusal says nothing about the batch
 * @param committed called after each commit
 */
export const createHandle = (
  writer: Writer,
  answers: () => Promise<boolean>,
  committed: (batch: Batch) => void,
): Handle => {
  const write = (batch: Batch) => writer.write(batch)
  return async (batch, attempt) => {
    const permanent = async (error: Error) =>
      error instanceof InvalidBatch || (attempt >= PATIENCE && (await answers()))
    try {
      await write(batch)
    } catch (error) {
      if (!(await permanent(error as Error))) throw error
      const rejected = await isolate(batch, error as Error, write, permanent)
      committed(batch)
      throw new Rejected(rejected)
    }
    committed(batch)
  }
}
