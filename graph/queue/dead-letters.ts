/** What can never be written: kept with the reason, listed by `doctor`, and put back into its lane on request. */
import type { Redis } from 'ioredis'
import type { JobData } from './job.ts'
import { deadLettersDroppedKey, deadLettersKey } from './names.ts'

/** Most dead letters that are kept; the oldest make room, and are counted. */
const KEPT = 1_000

export interface DeadLetter {
  readonly id: string
  readonly lane: number
  readonly reason: string
  /** Size of the packed job in bytes. */
  readonly bytes: number
  /** When it was put aside, ms since the epoch. */
  readonly at: number
  readonly data: JobData
}

export const addDeadLetter = async (
  redis: Redis,
  prefix: string,
  letter: { readonly lane: number; readonly reason: string; readonly data: unknown },
): Promise<void> => {
  const key = deadLettersKey(prefix)
  await redis.xadd(key, '*', 'lane', letter.lane, 'reason', letter.reason, 'data', JSON.stringify(letter.data))
  const dropped = await redis.xtrim(key, 'MAXLEN', '=', KEPT)
  if (dropped > 0) await redis.incrby(deadLettersDroppedKey(prefix), dropped)
}

const letterOf = ([id, fields]: [string, string[]]): DeadLetter => {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? ''
  const data = field('data')
  return {
    id,
    lane: Number(field('lane')),
    reason: field('reason'),
    bytes: data.length,
    at: Number(id.split('-')[0]),
    data: JSON.parse(data) as JobData,
  }
}

/** The oldest first. */
export const listDeadLetters = async (redis: Redis, prefix: string, limit: number): Promise<DeadLetter[]> =>
  (await redis.xrange(deadLettersKey(prefix), '-', '+', 'COUNT', limit)).map(letterOf)

/** The newest, or null where there is none. */
export const lastDeadLetter = async (redis: Redis, prefix: string): Promise<DeadLetter | null> =>
  (await redis.xrevrange(deadLettersKey(prefix), '+', '-', 'COUNT', 1)).map(letterOf)[0] ?? null

/** Takes one out for good; true if it was there. */
export const removeDeadLetter = async (redis: Redis, prefix: string, id: string): Promise<boolean> =>
  (await redis.xdel(deadLettersKey(prefix), id)) > 0
