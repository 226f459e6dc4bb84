/** The way out of the queue: one job of a lane at a time, in order, until it is written. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, Queue, WaitingError, Worker } from 'bullmq'
import { type Batch, LANES } from '../model/batch.ts'
import { deadLetterLosses } from '../model/loss.ts'
import type { LossObservation } from '../model/observation.ts'
import type { Log, WaitingConnection } from './connection.ts'
import { addDeadLetter } from './dead-letters.ts'
import { decodeJob, JOB_VERSION, jobDataOf, packContent, type Versions } from './job.ts'
import { laneQueue } from './names.ts'
import { Parked } from './parked.ts'
import { Unread } from './unread.ts'

/** Part of a batch that can never be written, and why. */
export interface RejectedPart {
  readonly batch: Batch
  readonly reason: string
}

/** Thrown by a handler that has written all of a batch but some parts: those go to the dead letters. */
export class Rejected extends Error {
  readonly parts: readonly RejectedPart[]

  constructor(parts: readonly RejectedPart[]) {
    super(parts[0]?.reason)
    this.parts = parts
  }
}

/**
 * Writes a batch. It may be given the same one again, so it must be idempotent. Any error but `Rejected` means "not now":
 * the same batch comes again, with the next attempt's number, until it is written.
 */
export type Handle = (batch: Batch, attempt: number) => Promise<void>

export interface ConsumerTimings {
  /** ms without a sign of life after which a job of a dead worker is given to another. */
  readonly lock: number
  /** ms between two looks for such jobs. */
  readonly stalledCheck: number
  /** Pause in ms after a failure, doubled at each further one up to the second. */
  readonly retry: readonly [number, number]
}

export const CONSUMER_TIMINGS: ConsumerTimings = { lock: 10_000, stalledCheck: 5_000, retry: [100, 10_000] }

export interface ConsumerStats {
  readonly jobs: number
  readonly observations: number
  readonly deadLetters: number
  readonly parked: number
  /** Jobs that BullMQ gave up, against all that is done here: their lane went on without them. */
  readonly failed: number
  /** Why lanes are not moving, by lane. */
  readonly failing: Readonly<Record<number, string>>
}

/** Entries of BullMQ's own event streams, which nobody reads. */
const EVENTS_KEPT = 100

/** Longest time in ms that `close` waits for batches under way. */
const CLOSE_WITHIN = 15_000

/** Thrown to end a job that goes back to the head of its lane. */
class Closing extends Error {}

/** One lane. */
interface Place {
  readonly lane: number
  readonly parked: Parked
  readonly unread: Unread
}

export class Consumer {
  readonly #redis: WaitingConnection
  readonly #prefix: string
  readonly #handle: Handle
  readonly #log: Log
  readonly #versions: Versions
  readonly #timings: ConsumerTimings
  readonly #closing = new AbortController()
  readonly #workers: Worker[] = []
  readonly #open = new Set<number>()
  readonly #counts = { jobs: 0, observations: 0, deadLetters: 0, parked: 0, failed: 0 }
  readonly #failing = new Map<number, string>()
  readonly #underWay = new Set<Promise<void>>()
  #closed: Promise<void> | undefined
  /** Resolves when the lanes are being read (once Redis answers and takes writes), or when this is closed. */
  readonly ready: Promise<void>

  constructor(
    redis: WaitingConnection,
    prefix: string,
    handle: Handle,
    log: Log,
    versions: Versions,
    timings: ConsumerTimings = CONSUMER_TIMINGS,
  ) {
    this.#redis = redis
    this.#prefix = prefix
    this.#handle = handle
    this.#log = log
    this.#versions = versions
    this.#timings = timings
    this.ready = this.#start()
  }

  stats(): ConsumerStats {
    return { ...this.#counts, failing: Object.fromEntries(this.#failing) }
  }

  /** Ends after the batches under way; what can't be written now goes back to the head of its lane. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    const ended = this.#redis.endWith(this.#workers).then(() => Promise.allSettled(this.#underWay))
    const inTime = await Promise.race([ended.then(() => true), sleep(CLOSE_WITHIN, false, { ref: false })])
    if (inTime) return
    this.#log.warn('batches under way did not end in time; another worker will get them again')
    await this.#redis.endWith([])
  }

  /** Each lane by itself, so that one which Redis refuses holds up no other, and for as long as that takes; only `close` ends it. */
  async #start(): Promise<void> {
    this.#redis.on('ready', () => {
      for (const lane of this.#open)
        this.#oneAtATime(lane).catch(({ message }: Error) => {
          if (!this.#closing.signal.aborted)
            this.#log.warn(
              { lane, error: message },
              'until Redis is back again, several workers may read the lane at once',
            )
        })
    })
    await Promise.allSettled(Array.from({ length: LANES }, (_, lane) => this.#until(lane, () => this.#openLane(lane))))
  }

  /** Of all workers on a lane one has a job at a time. A Redis that came back empty has forgotten it. */
  async #oneAtATime(lane: number): Promise<void> {
    const options = { connection: this.#redis, prefix: this.#prefix }
    const queue = new Queue(laneQueue(lane), { ...options, streams: { events: { maxLen: EVENTS_KEPT } } })
    queue.on('error', () => {})
    try {
      await queue.setGlobalConcurrency(1)
    } finally {
      await queue.close()
    }
  }

  async #openLane(lane: number): Promise<void> {
    await this.#oneAtATime(lane)
    const parked = new Parked(this.#redis, this.#prefix, lane)
    const unread = new Unread(this.#redis, this.#prefix, lane)
    if (this.#closing.signal.aborted) throw new Closing()
    this.#workers.push(this.#workerOf(laneQueue(lane), { lane, parked, unread }))
    this.#open.add(lane)
  }

  #workerOf(name: string, place: Place): Worker {
    const { lane } = place
    const worker = new Worker(name, (job, token) => this.#process(job, token, place), {
      connection: this.#redis,
      prefix: this.#prefix,
      concurrency: 1,
      lockDuration: this.#timings.lock,
      stalledInterval: this.#timings.stalledCheck,
      // A job that outlives its workers is tried for ever: it is the processor that decides what can't be written.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 500,
    })
    let refusal = ''
    worker.on('error', (error) => {
      // That Redis is away is told once for all lanes; what it refuses would else be known to nobody.
      const isNew = error.name === 'ReplyError' && error.message !== refusal
      if (isNew) refusal = error.message
      this.#log[isNew ? 'warn' : 'debug']({ lane, error: error.message }, 'lane')
    })
    worker.on('stalled', (job) => this.#log.warn({ lane, job }, 'a job of a dead worker is given again'))
    worker.on('failed', (job, error) => {
      this.#counts.failed++
      this.#log.error({ lane, job: job?.id, error: error.message }, 'a job was given up: its lane goes on without it')
    })
    return worker
  }

  /** Ends only when the job is done: BullMQ would give up one whose processor throws, and the lane would claim what was in it. */
  async #process(job: Job, token: string | undefined, place: Place): Promise<void> {
    try {
      await this.#until(place.lane, async () => {
        for (let version = 1; version <= this.#versions.current; version++)
          await place.parked.take(version, job.timestamp, (data, sentAt) => this.#take(data, sentAt, place))
        await this.#take(job.data, job.timestamp, place)
      })
      this.#counts.jobs++
    } catch {
      // it was asked to close; where even this fails the job is given again as that of a dead worker
      await job
        .moveToWait(token)
        .catch((error) => this.#log.warn({ lane: place.lane, error: error.message }, 'a job is left as it is'))
      throw new WaitingError()
    }
  }

  async #take(data: unknown, sentAt: number, place: Place): Promise<void> {
    const { lane, parked, unread } = place
    const decoded = decodeJob(data, this.#versions)
    if (decoded.is === 'newer') {
      await this.#until(lane, async () => {
        if (await parked.park(decoded.version, data as object, sentAt)) return
        throw new Error(`too many jobs of version ${decoded.version} wait: this worker knows ${this.#versions.current}`)
      })
      this.#counts.parked++
    } else if (decoded.is === 'invalid') {
      await this.#until(lane, () => unread.add(sentAt))
      await this.#bury(lane, decoded.reason, data)
    } else if (decoded.batch.lane !== lane) {
      await this.#bury(lane, `meant for lane ${decoded.batch.lane}, came in ${lane}`, data)
      await this.#tell(lane, decoded.batch, deadLetterLosses(decoded.batch.observations))
    } else {
      let untold: readonly LossObservation[] = []
      await this.#until(lane, async () => {
        untold = await unread.before(decoded.batch)
      })
      await this.#tell(lane, decoded.batch, untold)
      await this.#write(decoded.batch)
    }
  }

  /** Losses go before all that is written after them. */
  async #tell(lane: number, { cluster }: Batch, losses: readonly LossObservation[]): Promise<void> {
    if (losses.length > 0) await this.#write({ cluster, lane, observations: losses, contexts: {} })
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#until(batch.lane, (attempt) => this.#tracked(this.#handle(batch, attempt)))
    } catch (error) {
      if (!(error instanceof Rejected)) throw error
      for (const part of error.parts) {
        const data = jobDataOf(JOB_VERSION, packContent(JSON.stringify(part.batch)))
        await this.#bury(batch.lane, part.reason, data)
      }
    }
    this.#counts.observations += batch.observations.length
  }

  /** So that `close` can wait for it even where Redis is away. */
  async #tracked(handling: Promise<void>): Promise<void> {
    this.#underWay.add(handling)
    try {
      await handling
    } finally {
      this.#underWay.delete(handling)
    }
  }

  async #bury(lane: number, reason: string, data: unknown): Promise<void> {
    this.#log.error({ lane, reason }, 'put to the dead letters')
    await this.#until(lane, () => addDeadLetter(this.#redis, this.#prefix, { lane, reason, data }))
    this.#counts.deadLetters++
  }

  /** Tries for ever: a lane waits rather than loses its order. */
  async #until(lane: number, work: (attempt: number) => Promise<void>): Promise<void> {
    const [first, most] = this.#timings.retry
    for (let attempt = 1; ; attempt++) {
      try {
        await work(attempt)
        if (this.#failing.delete(lane)) this.#log.info({ lane }, 'the lane moves again')
        return
      } catch (error) {
        if (error instanceof Rejected || error instanceof Closing) throw error
        if (this.#closing.signal.aborted) throw new Closing()
        const reason = (error as Error).message
        if (!this.#failing.has(lane))
          this.#log.warn({ lane, reason }, 'the lane does not move; it waits and tries again')
        this.#failing.set(lane, reason)
      }
      const pause = Math.min(first * 2 ** (attempt - 1), most)
      await sleep(pause, undefined, { signal: this.#closing.signal }).catch(() => {
        throw new Closing()
      })
    }
  }
}
