/** One queue a pattern: the engine runs it when something new was written, and every few seconds in any case. Redis may come back empty at any time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Log, WaitingConnection } from './connection.ts'
import { patternQueue, patternsKey } from './names.ts'

/** Time in ms after which each correlator nudges itself: the safety net for a nudge that was lost. By the steady clock of its process, and not by a schedule in Redis, which goes with Redis' data and stands still where a clock is set back. */
const EVERY = 5_000

/** Longest time in ms that `close` waits for a run under way. */
const CLOSE_WITHIN = 15_000

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
  const closing = new AbortController()
  const ask = async () => {
    // A run that was nudged while it went on is followed by another, never joined by it.
    await queue.setGlobalConcurrency(1)
    await redis.zadd(patternsKey(prefix), Date.now(), pattern)
    await nudge(queue)
  }
  const askAgain = async () => {
    for (;;) {
      await sleep(every, undefined, { signal: closing.signal })
      await ask().catch((error) => log.debug({ pattern, error: error.message }, 'pattern queue'))
    }
  }
  await ask().catch(async (error) => {
    await redis.endWith([])
    throw error
  })
  const asking = askAgain().catch(() => {})
  const worker = new Worker(queue.name, run, {
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
      closing.abort()
      const ended = redis.endWith([worker]).then(() => true)
      if (!(await Promise.race([ended, sleep(CLOSE_WITHIN, false, { ref: false })]))) {
        log.warn({ pattern }, 'a run did not end in time; it comes again')
        await redis.endWith([])
      }
      await asking
      await queue.close()
    },
  }
}

export interface Nudger {
  /** Asks all patterns that have a correlator for a run, soon. A nudge that can't be delivered is left to what correlators ask for themselves. */
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
        .catch((error: Error) => log.debug({ error: error.message }, 'a nudge was lost; the next one will do'))
    },
    close: async () => {
      await pending
      await Promise.all([...queues.values()].map((queue) => queue.close()))
      redis.disconnect()
    },
  }
}
