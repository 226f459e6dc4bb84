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

  /**
   * Puts a job behind the others of its version; false where there are too many.
   * @param sentAt ms since the epoch
   */
  async park(version: number, data: object, sentAt: number): Promise<boolean> {
    const key = parkedKey(this.#prefix, this.#lane, version)
    if ((await this.#redis.llen(key)) >= PARKED_LIMIT) return false
    await this.#redis.sadd(parkedVersionsKey(this.#prefix), version)
    await this.#redis.rpush(key, JSON.stringify({ ...data, sentAt }))
    return true
  }

  /**
   * Gives all jobs of a version, oldest first, with when they were sent, each taken out once `handle` is done with it. Those that
   * an older worker parked do not say when: `otherwise` stands for it.
   */
  async take(
    version: number,
    otherwise: number,
    handle: (data: unknown, sentAt: number) => Promise<void>,
  ): Promise<void> {
    const key = parkedKey(this.#prefix, this.#lane, version)
    for (let data = await this.#redis.lindex(key, 0); data !== null; data = await this.#redis.lindex(key, 0)) {
      const { sentAt = otherwise, ...job } = JSON.parse(data)
      await handle(job, sentAt)
      // By what it is and not by its place: sent a second time, as when the answer was lost, it takes no other.
      await this.#redis.lrem(key, 1, data)
    }
  }
}
