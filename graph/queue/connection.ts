/** Connections to Redis: one kind that fails at once (producers have a spool), one that waits (consumers have nothing better to do). */
import type { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** Where a part of the queue says what it does. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

/** Longest time in ms that a producer waits for one answer. */
const ANSWER_WITHIN = 5_000

const reconnectAfter = (attempt: number): number => Math.min(50 * 2 ** attempt, 1_000)

/** The address without its password, for messages. */
export const shown = (redisUrl: string): string => redisUrl.replace(/\/\/[^@/]*@/, '//')

/** Says once that Redis is away and once that it is back, not at each attempt. */
const tellState = (redis: Redis, redisUrl: string, log: Log): void => {
  let away = false
  redis.on('error', (error: Error) => {
    if (!away) log.warn({ error: error.message }, `Redis at ${shown(redisUrl)} is away; trying again until it answers`)
    away = true
  })
  redis.on('ready', () => {
    if (away) log.info(`Redis at ${shown(redisUrl)} is back`)
    away = false
  })
}

/** For producers and questions: a command fails where there is no connection, and when no answer comes. */
export const connectOrFail = (redisUrl: string, log: Log): Redis => {
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_WITHIN,
    connectTimeout: ANSWER_WITHIN,
    retryStrategy: reconnectAfter,
  })
  tellState(redis, redisUrl, log)
  return redis
}

/** For consumers: a command waits until there is a connection. */
export const connectAndWait = (redisUrl: string, log: Log): Redis => {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: reconnectAfter })
  tellState(redis, redisUrl, log)
  return redis
}

/** Ends a worker of this connection after its job. Where Redis is away (now, or on the way), it ends without its farewell. */
export const closeWorker = async (worker: Worker, redis: Redis): Promise<void> => {
  const away = redis.status !== 'ready'
  const lost = new Promise<void>((resolve) => {
    if (away) resolve()
    else redis.once('close', resolve)
  })
  // The connection on which the worker waits for jobs is BullMQ's own, and would go on trying to reconnect.
  const cut = lost.then(() => worker.getBackend().disconnectBlocking(false))
  await Promise.race([worker.close(away), cut])
}
