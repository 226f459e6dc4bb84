/** The queue between agents and the graph, on BullMQ. Alone in the project this folder knows bullmq and ioredis. */

import { once } from 'node:events'
import type { Redis } from 'ioredis'
import { connectAndWait, connectOrFail, type Log, shown } from './connection.ts'
import { Consumer, type ConsumerTimings, type Handle } from './consumer.ts'
import { type DeadLetter, lastDeadLetter, listDeadLetters, removeDeadLetter } from './dead-letters.ts'
import { VERSIONS, type Versions } from './job.ts'
import { Lanes, QUEUE_LIMITS, type QueueLimits } from './lanes.ts'
import { type Nudger, type PatternQueue, startNudger, startPatternQueue } from './pattern-queue.ts'
import { Producer } from './producer.ts'
import { Ledger } from './spool/ledger.ts'
import { SPOOL_LIMITS, Spool, type SpoolLimits } from './spool/spool.ts'
import { type QueueStats, queueStats } from './stats.ts'

export type { Log } from './connection.ts'
export { type Consumer, type ConsumerStats, type Handle, Rejected, type RejectedPart } from './consumer.ts'
export type { DeadLetter } from './dead-letters.ts'
export type { Nudger, PatternQueue } from './pattern-queue.ts'
export type { Producer, ProducerStats } from './producer.ts'
export { readRecording, sendRecording } from './replay.ts'
export { FolderTaken, lockFolder } from './spool/lock.ts'
export { waitingBytes as spoolBytes } from './spool/segments.ts'
export type { LaneStats, QueueStats } from './stats.ts'

/** Where the queue is. */
export interface QueuePlace {
  readonly redisUrl: string
  /** Prefix of all keys in Redis. */
  readonly prefix: string
}

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Opens the way into the queue for one cluster. `spoolDir` belongs to it alone: throws where another process has it. Works while Redis is away. */
export const openProducer = (
  options: QueuePlace & {
    readonly cluster: string
    readonly spoolDir: string
    readonly log?: Log
    readonly spoolLimits?: SpoolLimits
    readonly queueLimits?: QueueLimits
  },
): Producer => {
  const { redisUrl, prefix, cluster, spoolDir, log = SILENT } = options
  const spool = new Spool(spoolDir, options.spoolLimits ?? SPOOL_LIMITS)
  const redis = connectOrFail(redisUrl, log)
  const lanes = new Lanes(redis, prefix, options.queueLimits ?? QUEUE_LIMITS)
  return new Producer(cluster, spool, new Ledger(spoolDir), lanes, log)
}

/** Reads the lanes, one job of each at a time among all consumers, and gives each batch to `handle` until it is written. Waits for Redis. */
export const openConsumer = (
  options: QueuePlace & { readonly log?: Log; readonly versions?: Versions; readonly timings?: ConsumerTimings },
  handle: Handle,
): Consumer => {
  const { redisUrl, prefix, log = SILENT, versions = VERSIONS, timings } = options
  return new Consumer(connectAndWait(redisUrl, log), prefix, handle, log, versions, timings)
}

/** Runs a pattern when it is nudged, and after `every` ms (5 s unless given) in any case. Waits for Redis. */
export const openPatternQueue = (
  options: QueuePlace & { readonly pattern: string; readonly log?: Log; readonly every?: number },
  run: () => Promise<void>,
): Promise<PatternQueue> => {
  const { redisUrl, prefix, pattern, log = SILENT, every } = options
  return startPatternQueue(connectAndWait(redisUrl, log), prefix, pattern, run, log, every)
}

/** Nudges the patterns that a correlator runs, whoever that is. */
export const openNudger = (options: QueuePlace & { readonly log?: Log }): Nudger => {
  const { redisUrl, prefix, log = SILENT } = options
  return startNudger(connectOrFail(redisUrl, log), prefix, log)
}

const whyAway = (error: Error & { code?: string }): string =>
  error.code === 'ECONNREFUSED'
    ? 'connection refused'
    : error.name === 'AbortError'
      ? 'no answer in 5 s'
      : error.message

const asking = async <T>(place: QueuePlace, ask: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = connectOrFail(place.redisUrl, SILENT)
  try {
    await once(redis, 'ready', { signal: AbortSignal.timeout(5_000) }).catch((error) => {
      throw new Error(
        `cannot reach Redis at ${shown(place.redisUrl)} (${whyAway(error)}). Start it with: aitia up, or set AITIA_REDIS_URL`,
        { cause: error },
      )
    })
    return await ask(redis)
  } finally {
    redis.disconnect()
  }
}

/** Says at once where Redis is away: for a person who waits. What has a spool goes on without it. */
export const verifyQueue = (place: Pick<QueuePlace, 'redisUrl'>): Promise<void> =>
  asking({ ...place, prefix: '' }, async (redis) => void (await redis.ping()))

/** Depth and age of the lanes, dead letters, and whether this Redis is fit to be a queue. */
export const readQueueStats = (place: QueuePlace): Promise<QueueStats> =>
  asking(place, (redis) => queueStats(redis, place.prefix))

/** Dead letters, the oldest first. */
export const readDeadLetters = (place: QueuePlace, limit = 100): Promise<DeadLetter[]> =>
  asking(place, (redis) => listDeadLetters(redis, place.prefix, limit))

/** The newest dead letter, or null where there is none. */
export const newestDeadLetter = (place: QueuePlace): Promise<DeadLetter | null> =>
  asking(place, (redis) => lastDeadLetter(redis, place.prefix))

/** Puts dead letters (all, or those with the ids) back into their lanes; returns how many. */
export const redriveDeadLetters = (place: QueuePlace, ids?: readonly string[]): Promise<number> =>
  asking(place, async (redis) => {
    const lanes = new Lanes(redis, place.prefix, QUEUE_LIMITS)
    const letters = await listDeadLetters(redis, place.prefix, Number.MAX_SAFE_INTEGER)
    const chosen = letters.filter(({ id, data }) => (ids?.includes(id) ?? true) && typeof data.zstd === 'string')
    for (const { id, lane, data, at } of chosen) {
      const body = Buffer.from(data.zstd, 'base64')
      await lanes.add({ lane, version: data.v, count: 0, at: at * 1_000, body })
      await removeDeadLetter(redis, place.prefix, id)
    }
    await lanes.close()
    return chosen.length
  })
