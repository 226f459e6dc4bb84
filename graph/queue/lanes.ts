/** The producers' side of the lanes: adds packed jobs, and knows when Redis has enough. */
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { LANES } from '../model/batch.ts'
import { jobDataOf, jobIdOf } from './job.ts'
import { laneQueue } from './names.ts'
import type { SpoolRecord } from './spool/record.ts'

export interface QueueLimits {
  /** Share of Redis' maxmemory from which on producers keep their jobs: a full Redis stops the consumers too. */
  readonly memoryShare: number
  /** Jobs waiting in one lane from which on producers keep theirs. */
  readonly backlog: number
}

export const QUEUE_LIMITS: QueueLimits = { memoryShare: 0.7, backlog: 1_000 }

/** Memory of a Redis in bytes; `limit` 0 is unlimited. */
export interface Memory {
  readonly used: number
  readonly limit: number
}

const memoryIn = (info: string): Memory => {
  const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  return { used: figure('used_memory'), limit: figure('maxmemory') }
}

/** Reads used_memory and maxmemory. */
export const memoryOf = async (redis: Redis): Promise<Memory> => memoryIn(await redis.info('memory'))

export class Lanes {
  readonly #redis: Redis
  readonly #limits: QueueLimits
  readonly #queues: readonly Queue[]
  #corked = false

  constructor(redis: Redis, prefix: string, limits: QueueLimits) {
    this.#redis = redis
    this.#limits = limits
    // Without the waiting and the version check a queue fails at once where Redis is away, and works when it is back.
    const options = {
      connection: redis,
      prefix,
      skipWaitingForReady: true,
      skipVersionCheck: true,
      skipMetasUpdate: true,
    }
    this.#queues = Array.from({ length: LANES }, (_, lane) => new Queue(laneQueue(lane), options))
    for (const queue of this.#queues) queue.on('error', () => {})
  }

  /** Adds a job to its lane. The same job, while it is still queued, is not added twice. */
  async add(record: SpoolRecord): Promise<void> {
    this.#writeTogether()
    await this.#queues[record.lane]!.add('observations', jobDataOf(record.version, record.body), {
      jobId: jobIdOf(record.body),
      removeOnComplete: true,
      timestamp: Math.floor(record.at / 1_000),
    })
  }

  get connected(): boolean {
    return this.#redis.status === 'ready'
  }

  /** Why nothing should be added now, or null. */
  async refusal(): Promise<string | null> {
    if (!this.connected) return `no connection to Redis (${this.#redis.status})`
    const asked = this.#redis.pipeline().info('memory')
    for (const queue of this.#queues) asked.llen(queue.toKey('wait'))
    const [info, ...waiting] = ((await asked.exec()) ?? []).map(([error, answer]) => {
      if (error) throw error
      return answer
    })
    const { used, limit } = memoryIn(info as string)
    if (limit > 0 && used > limit * this.#limits.memoryShare)
      return `Redis uses ${used} of ${limit} bytes, more than ${this.#limits.memoryShare * 100} %`
    const lane = waiting.findIndex((count) => (count as number) >= this.#limits.backlog)
    return lane === -1
      ? null
      : `${waiting[lane]} jobs wait in lane ${lane} (limit ${this.#limits.backlog}): is a worker running?`
  }

  /** What goes to Redis in one turn of the event loop leaves in one write: each second the heartbeats of all lanes do. */
  #writeTogether(): void {
    const stream = this.#redis.stream as Redis['stream'] | undefined
    if (this.#corked || stream === undefined) return
    this.#corked = true
    stream.cork()
    setImmediate(() => {
      this.#corked = false
      stream.uncork()
    })
  }

  /** Ends the queues and the connection. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close()))
    this.#redis.disconnect()
  }
}
