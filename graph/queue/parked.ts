/**
 * Jobs of versions that this consumer does not know yet. They wait beside their lane, in order, and a consumer that knows
 * the version takes them before the next job of the lane: what one producer sent is never overtaken by its own heartbeats.
 * All of this happens while a job of the lane is active, of which there is only one at a time.
 */
import type { Redis } from 'ioredis'
import { parkedKey, parkedVersionsKey } from './names.ts'

/** Most parked jobs of one version in a lane; then the lane waits, its backlog grows, and producers keep their jobs on disk. */
export const PARKED_LIMIT = 1_000

export class Parked {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #lane: number

  constructor(redis: Redis, prefix: string, lane: number) {
    this.#redis = redis
    this.#prefix = prefix
    this.#lane = lane
  }

  /** Puts a job behind the others of its version; false where there are too many. */
  async park(version: number, data: unknown): Promise<boolean> {
    const key = parkedKey(this.#prefix, this.#lane, version)
    if ((await this.#redis.llen(key)) >= PARKED_LIMIT) return false
    await this.#redis.sadd(parkedVersionsKey(this.#prefix), version)
    await this.#redis.rpush(key, JSON.stringify(data))
    return true
  }

  /** Gives all jobs of a version, oldest first, each taken out once `handle` is done with it. */
  async take(version: number, handle: (data: unknown) => Promise<void>): Promise<void> {
    const key = parkedKey(this.#prefix, this.#lane, version)
    for (let data = await this.#redis.lindex(key, 0); data !== null; data = await this.#redis.lindex(key, 0)) {
      await handle(JSON.parse(data))
      await this.#redis.lpop(key)
    }
  }
}
