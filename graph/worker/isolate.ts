/** Finds what in a batch can never be written, so that it takes nothing else with it. */
import { InvalidBatch } from '../ingest/main.ts'
import type { Batch } from '../model/batch.ts'
import { deadLetterLosses } from '../model/loss.ts'
import type { RejectedPart } from '../queue/main.ts'
import { faultOf } from '../store/main.ts'

type Write = (batch: Batch) => Promise<unknown>

/** So often one observation alone must fail, while the store takes others, until that counts as its own. */
const ALONE = 5

/**
 * Throws a failure unless it is that of what was to be written: validation says so, or the store takes a write into the same
 * lane right after. One that takes nothing, or that can't be reached, says nothing of what it was given.
 */
const mustBeOwn = async ({ cluster, lane }: Batch, failure: Error, write: Write, patient: boolean): Promise<void> => {
  if (failure instanceof InvalidBatch) return
  if (!patient || faultOf(failure) === 'away') throw failure
  try {
    await write({ cluster, lane, observations: [], contexts: {} })
  } catch {
    throw failure
  }
}

/**
 * Writes a batch that failed in halves, in order, down to the observations that can't be written; returns these. In the
 * place of each stands a loss, or what comes after would claim that it never happened. A failure that is not the batch's own
 * is thrown: then nothing is lost, and all of it is to be given again.
 *
 * @param patient whether also what passes validation may be set aside; else such a failure is thrown
 */
export const isolate = async (
  batch: Batch,
  failure: Error,
  write: Write,
  patient: boolean,
): Promise<RejectedPart[]> => {
  await mustBeOwn(batch, failure, write, patient)
  const { observations } = batch
  if (observations.length <= 1) return isolateOne(batch, failure, write, patient)
  const rejected: RejectedPart[] = []
  const middle = observations.length >> 1
  for (const half of [observations.slice(0, middle), observations.slice(middle)]) {
    const part = { ...batch, observations: half }
    try {
      await write(part)
    } catch (error) {
      rejected.push(...(await isolate(part, error as Error, write, patient)))
    }
  }
  return rejected
}

const isolateOne = async (batch: Batch, first: Error, write: Write, patient: boolean): Promise<RejectedPart[]> => {
  let failure = first
  for (let failed = 1; failed < ALONE && !(failure instanceof InvalidBatch); failed++) {
    try {
      await write(batch)
      return []
    } catch (error) {
      failure = error as Error
      await mustBeOwn(batch, failure, write, patient)
    }
  }
  const losses = deadLetterLosses(batch.observations)
  await noteLoss({ ...batch, observations: losses, contexts: {} }, write, patient)
  return [{ batch, reason: failure.message }]
}

/** What has no valid source or time can't be told as a loss of it either: the dead letter is all there is. */
const noteLoss = async (batch: Batch, write: Write, patient: boolean): Promise<void> => {
  if (batch.observations.length === 0) return
  try {
    await write(batch)
  } catch (error) {
    await mustBeOwn(batch, error as Error, write, patient)
    if (faultOf(error) === 'passing') throw error
  }
}
