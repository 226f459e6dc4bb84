/**
 * Jobs that were put aside and could not be read: nobody can say whose observations were in them. So each source that
 * speaks in the lane afterwards is told a loss before its heartbeat is written, or it would claim what was put aside.
 */
import type { Redis } from 'ioredis'
import type { Batch } from '../model/batch.ts'
import type { LossObservation } from '../model/observation.ts'
import { MILLISECOND, SECOND } from '../model/time.ts'
import { unreadKey } from './names.ts'

/** How much earlier than its sending an observation may have happened, for jobs of which nothing else is known. */
const SLACK = 10 * SECOND

/** Such jobs are rare: older than this many they have been told. */
const KEPT = 16

/** Those of one lane. They are noted in Redis, since another worker may be the one that reads the next heartbeat. */
export class Unread {
  readonly #redis: Redis
  readonly #key: string
  /** Times of sending, µs. */
  #sent: readonly number[] = []
  /** What each source of each cluster was told. */
  readonly #told = new Map<string, readonly number[]>()

  constructor(redis: Redis, prefix: string, lane: number) {
    this.#redis = redis
    this.#key = unreadKey(prefix, lane)
  }

  /**
   * To be called before the job is put aside.
   * @param sentAt ms since the epoch
   */
  async add(sentAt: number): Promise<void> {
    const at = sentAt * MILLISECOND
    if ((await this.#noted()).includes(at)) return
    await this.#redis.lpush(this.#key, at)
    await this.#redis.ltrim(this.#key, 0, KEPT - 1)
  }

  /** With what other workers found, also since this one began. */
  async #noted(): Promise<readonly number[]> {
    const noted = await this.#redis.lrange(this.#key, 0, KEPT - 1)
    this.#sent = noted.map(Number).reverse()
    return this.#sent
  }

  /** What has to be written before a batch, for the sources that it speaks for; once for each by this worker: what another told is told again, which changes nothing. */
  async before({ cluster, observations }: Batch): Promise<LossObservation[]> {
    const sources = new Set(observations.flatMap(({ type, source }) => (type === 'heartbeat' ? source : [])))
    if (sources.size === 0 || (await this.#noted()).length === 0) return []
    return [...sources].flatMap((source) => {
      const told = this.#told.get(`${cluster}/${source}`) ?? []
      this.#told.set(`${cluster}/${source}`, this.#sent)
      return this.#sent
        .filter((at) => !told.includes(at))
        .map((at) => ({
          type: 'loss' as const,
          source,
          from: Math.max(0, at - SLACK),
          to: at,
          count: 1,
          what: 'dead-letter',
        }))
    })
  }
}
