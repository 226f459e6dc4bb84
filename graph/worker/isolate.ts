/** Finds what in a batch can never be written, so that it takes nothing else with it. */
import type { Batch } from '../model/batch.ts'
import { lossOf } from '../model/loss.ts'
import type { RejectedPart } from '../queue/main.ts'

type Write = (batch: Batch) => Promise<unknown>

/**
 * Writes a batch that failed in halves, in order, down to the observations that can't be written; returns these. In the
 * place of each stands a loss, or what comes after would claim that it never happened. `permanent` says whether an error
 * will stay; any other is thrown.
 */
export const isolate = async (
  batch: Batch,
  failure: Error,
  write: Write,
  permanent: (error: Error) => boolean,
): Promise<RejectedPart[]> => {
  const { observations } = batch
  if (observations.length <= 1) {
    await noteLoss({ ...batch, observations: lossOf(observations, 'dead-letter'), contexts: {} }, write, permanent)
    return [{ batch, reason: failure.message }]
  }
  const rejected: RejectedPart[] = []
  const middle = observations.length >> 1
  for (const half of [observations.slice(0, middle), observations.slice(middle)]) {
    const part = { ...batch, observations: half }
    try {
      await write(part)
    } catch (error) {
      if (!permanent(error as Error)) throw error
      rejected.push(...(await isolate(part, error as Error, write, permanent)))
    }
  }
  return rejected
}

/** What has no valid source or time can't be told as a loss of it either: the dead letter is all there is. */
const noteLoss = async (batch: Batch, write: Write, permanent: (error: Error) => boolean): Promise<void> => {
  if (batch.observations.length === 0) return
  try {
    await write(batch)
  } catch (error) {
    if (!permanent(error as Error)) throw error
  }
}
