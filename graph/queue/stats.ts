/** What `aitia doctor` says of the queue. */
import type { Redis } from 'ioredis'
import { LANES } from '../model/batch.ts'
import { memoryOf } from './lanes.ts'
import { deadLettersDroppedKey, deadLettersKey, laneQueue, parkedKey, parkedVersionsKey } from './names.ts'

export interface LaneStats {
  readonly lane: number
  readonly waiting: number
  readonly active: number
  /** Age in ms of the oldest job that is not written; null where there is none. */
  readonly oldestAge: number | null
  /** Jobs that wait for a newer worker. */
  readonly waitingNewer: number
  /** Jobs that BullMQ gave up; nothing of ours lets it. */
  readonly failed: number
}

export interface QueueStats {
  readonly lanes: readonly LaneStats[]
  readonly deadLetters: number
  /** Dead letters that were dropped for newer ones. */
  readonly deadLettersDropped: number
  readonly memory: { readonly used: number; readonly limit: number }
  /** A queue must refuse what it can't hold: anything but `noeviction` loses jobs. */
  readonly evictionPolicy: string
  /** Whether what was acknowledged survives a crash of Redis. */
  readonly appendOnly: boolean
  /** Why Redis takes no writes, or null. */
  readonly refusesWrites: string | null
}

const laneStats = async (
  redis: Redis,
  prefix: string,
  lane: number,
  versions: readonly string[],
): Promise<LaneStats> => {
  const key = (type: string) => `${prefix}:${laneQueue(lane)}:${type}`
  const [waiting, active, failed, oldestWaiting, oldestActive, ...parked] = await Promise.all([
    redis.llen(key('wait')),
    redis.llen(key('active')),
    redis.zcard(key('failed')),
    redis.lindex(key('wait'), -1),
    redis.lindex(key('active'), -1),
    ...versions.map((version) => redis.llen(parkedKey(prefix, lane, Number(version)))),
  ])
  const oldest = oldestActive ?? oldestWaiting
  const stamp = oldest === null ? null : await redis.hget(key(oldest), 'timestamp')
  return {
    lane,
    waiting,
    active,
    failed,
    oldestAge: stamp === null ? null : Math.max(0, Date.now() - Number(stamp)),
    waitingNewer: parked.reduce((sum, count) => sum + count, 0),
  }
}

const probeWrite = async (redis: Redis, prefix: string): Promise<string | null> => {
  try {
    await redis.set(`${prefix}:probe`, Date.now(), 'PX', 1_000)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

export const queueStats = async (redis: Redis, prefix: string): Promise<QueueStats> => {
  const versions = await redis.smembers(parkedVersionsKey(prefix))
  const info = await redis.info()
  return {
    lanes: await Promise.all(Array.from({ length: LANES }, (_, lane) => laneStats(redis, prefix, lane, versions))),
    deadLetters: await redis.xlen(deadLettersKey(prefix)),
    deadLettersDropped: Number((await redis.get(deadLettersDroppedKey(prefix))) ?? 0),
    memory: await memoryOf(redis),
    evictionPolicy: /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown',
    appendOnly: /^aof_enabled:1/m.test(info),
    refusesWrites: await probeWrite(redis, prefix),
  }
}
