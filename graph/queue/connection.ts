/** Connections to Redis: one kind that fails at once (producers have a spool), one that waits (consumers have nothing better to do). */
import type { Worker } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from 'pino'

/** Where a part of the queue says what it does. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

/** Longest time in ms that a producer waits for one answer. */
const ANSWER_WITHIN = 5_000

/** Longest silence in ms on a connection that waits for an answer, blocking ones included: whoever was there is gone without a word. */
const SILENT_FOR = 30_000

/** After a failover the address may lead elsewhere, while the connection still leads to what was the master and takes no writes now. */
const failedOver = (error: Error): boolean => error.message.startsWith('READONLY')

const reconnectAfter = (attempt: number): number => Math.min(50 * 2 ** attempt, 1_000)

/** The address without its password, for messages: that may hold any sign, and may stand among the options. */
export const shown = (redisUrl: string): string => redisUrl.replace(/\/\/.*@/s, '//').replace(/\?.*/s, '')

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
    socketTimeout: SILENT_FOR,
    reconnectOnError: failedOver,
    retryStrategy: reconnectAfter,
  })
  tellState(redis, redisUrl, log)
  return redis
}

/** Connections that ended for good. Beside them, since `connect` is called before an object has fields. */
const ended = new WeakSet<Redis>()

/** For consumers: a command waits until there is a connection. Ends also what BullMQ makes of it for waiting on jobs, or that would go on trying to reconnect. */
export class WaitingConnection extends Redis {
  readonly #copies: WaitingConnection[] = []

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = new WaitingConnection({ ...this.options, ...override } as RedisOptions & { replyMapping?: 'legacy' })
    this.#copies.push(copy)
    return copy
  }

  /** Once ended it stays so: a worker of BullMQ that lost its connection before it was closed connects again whatever it finds at an end. */
  override connect(...given: Parameters<Redis['connect']>): Promise<void> {
    return ended.has(this) ? Promise.reject(new Error('Connection is closed.')) : super.connect(...given)
  }

  /** Between two attempts to connect, `disconnect` leaves commands without an answer for ever; the end of an attempt does not. */
  #end(): void {
    const pausing = this.status === 'reconnecting'
    ended.add(this)
    this.disconnect()
    if (!pausing) return
    super.connect().then(
      () => this.disconnect(),
      () => {},
    )
  }

  /** Lets the workers finish their jobs and say farewell; where Redis is away (now, or on the way), ends without. */
  async endWith(workers: readonly Worker[]): Promise<void> {
    const away = this.status !== 'ready'
    const lost = new Promise<void>((resolve) => {
      if (away) resolve()
      else this.once('close', resolve)
    })
    await Promise.race([Promise.all(workers.map((worker) => worker.close(away))), lost])
    for (const each of [...this.#copies, this]) each.#end()
  }
}

export const connectAndWait = (redisUrl: string, log: Log): WaitingConnection => {
  const redis = new WaitingConnection(redisUrl, {
    maxRetriesPerRequest: null,
    socketTimeout: SILENT_FOR,
    reconnectOnError: failedOver,
    retryStrategy: reconnectAfter,
  })
  tellState(redis, redisUrl, log)
  return redis
}
