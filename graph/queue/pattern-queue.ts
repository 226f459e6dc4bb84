/** One queue a pattern: the engine runs it when something new was written, and every few seconds in any case. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Log, WaitingConnection } from './connection.ts'
import { patternQueue, patternsKey } from './names.ts'

/** Time in ms between two runs that nobody asked for: the safety net for a nudge that was lost. */
const EVERY = 5_000

/** A pattern whose correlator was not seen for this long (ms) is not nudged. */
const SEEN_WITHIN = 60_000

/** Finished runs that BullMQ keeps, for looking at. */
const KEPT = { completed: 20, failed: 100 }

/** Nudges within this time (ms) are one. */
const NUDGE_AFTER = 20

const queueOptions = (redis: Redis, prefix: string) => ({
  connection: redis,
  prefix,
  streams: { events: { maxLen: 100 } },
  defaultJobOptions: { removeOnComplete: KEPT.completed, removeOnFail: KEPT.failed },
})

/** At most one nudge waits and one runs; one that comes during a run is run after it. */
const nudge = (queue: Queue): Promise<unknown> =>
  queue.add('nudge', {}, { deduplication: { id: 'nudge', keepLastIfActive: true } })

export interface PatternQueue {
  /** Asks for a run soon. Asking twice before it starts is asking once. */
  nudge(): Promise<void>
  close(): Promise<void>
}

/** Runs `run` for a pattern, never twice at a time among all correlators. A run that throws is logged and comes again with the next. */
export const startPatternQueue = async (
  redis: WaitingConnection,
  prefix: string,
  pattern: string,
  run: () => Promise<void>,
  log: Log,
  every: number = EVERY,
): Promise<PatternQueue> => {
  const queue = new Queue(patternQueue(pattern), queueOptions(redis, prefix))
  queue.on('error', () => {})
  // The next scheduled run is made when one starts, so a long one would overlap with it if this were not.
  await queue.setGlobalConcurrency(1)
  await queue.upsertJobScheduler('every', { every }, { name: 'every' })
  const process = async () => {
    await redis.zadd(patternsKey(prefix), Date.now(), pattern)
    await run()
  }
  await redis.zadd(patternsKey(prefix), Date.now(), pattern)
  const worker = new Worker(queue.name, process, {
    connection: redis,
    prefix,
    concurrency: 1,
    lockDuration: 10_000,
    stalledInterval: 5_000,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: 500,
  })
  worker.on('failed', (_, error) => log.error({ pattern, error: error.message, stack: error.stack }, 'a run failed'))
  worker.on('error', (error) => log.debug({ pattern, error: error.message }, 'pattern queue'))
  return {
    nudge: async () => {
      await nudge(queue)
    },
    close: async () => {
      await redis.endWith([worker])
      await queue.close()
    },
  }
}

export interface Nudger {
  /** Asks all patterns that have a correlator for a run, soon. A nudge that can't be delivered is left to the schedule. */
  nudge(): void
  close(): Promise<void>
}

export const startNudger = (redis: Redis, prefix: string, log: Log): Nudger => {
  const queues = new Map<string, Queue>()
  const queueOf = (pattern: string): Queue => {
    const options = { ...queueOptions(redis, prefix), skipWaitingForReady: true, skipVersionCheck: true }
    const queue = queues.get(pattern) ?? new Queue(patternQueue(pattern), { ...options, skipMetasUpdate: true })
    if (!queues.has(pattern)) queue.on('error', () => {})
    queues.set(pattern, queue)
    return queue
  }
  const nudgeAll = async () => {
    const seen = await redis.zrangebyscore(patternsKey(prefix), Date.now() - SEEN_WITHIN, '+inf')
    await Promise.all(seen.map((pattern) => nudge(queueOf(pattern))))
  }
  let pending: Promise<void> | undefined
  return {
    nudge: () => {
      pending ??= sleep(NUDGE_AFTER)
        .then(() => {
          pending = undefined
          return nudgeAll()
        })
        .catch((error: Error) => log.debug({ error: error.message }, 'a nudge was lost; the schedule will do'))
    },
    close: async () => {
      await pending
      await Promise.all([...queues.values()].map((queue) => queue.close()))
      redis.disconnect()
    },
  }
}
