import { randomUUID } from 'node:crypto'
import { BATCH_LIMIT } from '../../../../graph/model/batch.ts'
import type { Observation } from '../../../../graph/model/observation.ts'
import type { CollectorContext } from '../../collector.ts'
import type { Passed } from '../known.ts'
import type { Send } from '../sent-again.ts'
import { Held, isMadeAgain } from './held.ts'
import { Lease, type LeaseOptions, type Positions, skew } from './lease.ts'
import { isUsable } from './lease-rights.ts'

/** Observations that are made before they are passed on and waited for, about 3 MB: with few at a time the lanes' jobs go out half empty. */
export const emitLimit = 4 * BATCH_LIMIT
/** Between two times that all is sent again, ms: it takes as much room as a whole cluster does. */
const betweenMends = 60_000
/** How long a replica that ends waits for the queue, ms. */
const stopWithin = 3_000

/** What the handover asks of the one that watches. */
export interface Watching {
  /** What each kind has come to, by its last change. */
  positions(): Positions
  /** What is passed on of each kind, silence included. */
  passed(): Positions
  /** µs: nothing was missed since; undefined while the first lists are under way. */
  since(): number | undefined
  /** Sends the states and events of all that is there, as if nothing had been sent. */
  sendAll(send: Send): Promise<void>
  /** Sends the states of the objects with these keys that are there, as if none of them had been sent. */
  sendStates(keys: ReadonlySet<string>, send: Send): Promise<void>
  /** The claim begins anew. */
  restart(): void
  inTurn(work: () => Promise<unknown>): Promise<void>
}

/** Sends at once where this replica leads (or is the only one), else holds back until it does or another has sent it. */
export class Handover {
  readonly #context: Pick<CollectorContext, 'emit' | 'drained' | 'dropped' | 'log'>
  readonly #watching: Watching
  readonly #place: Omit<LeaseOptions, 'onHeld' | 'onWord'> | undefined
  #lease: Lease | undefined
  readonly #held = new Held()
  #leads: boolean
  #publishing: Promise<void> | undefined
  #takingOver: Promise<void> | undefined
  readonly #ends = new AbortController()
  #session: string = randomUUID()
  #lost = 0
  #takeovers = 0
  /** Of what was dropped on the way, how much has been sent again. */
  #madeGood: number
  #mending: Promise<void> | undefined
  #mendedAt = Number.NEGATIVE_INFINITY

  /** Without `lease` it always leads. */
  constructor(
    context: Pick<CollectorContext, 'emit' | 'drained' | 'dropped' | 'log'>,
    watching: Watching,
    lease?: Omit<LeaseOptions, 'onHeld' | 'onWord'>,
  ) {
    this.#context = context
    this.#watching = watching
    this.#place = lease
    this.#leads = lease === undefined
    this.#madeGood = context.dropped()
    this.#lease =
      lease &&
      new Lease({
        ...lease,
        onHeld: () => void this.#onHeld(),
        onWord: ({ passed }) => this.#held.covered(passed),
      })
  }

  /** Resolves once it is known who leads. `continues`: nobody else has led since this replica did. */
  async start(): Promise<{ continues: boolean }> {
    if (this.#lease && !(await this.#mayUse())) {
      this.#lease = undefined
      this.#leads = true
    }
    await this.#lease?.start()
    return { continues: this.#lease?.continues ?? true }
  }

  /** Of a Lease that nobody asked for. What AITIA_LEASE names is tried for until it may be used. */
  async #mayUse(): Promise<boolean> {
    const place = this.#place
    return !place?.unasked || isUsable(place.kubeConfig, place, place.log, this.#ends.signal)
  }

  /** Says how far this replica came and gives the Lease back. */
  async stop(): Promise<void> {
    this.#ends.abort()
    await this.#publishing
    await this.#mending
    if (this.#lease && this.leads) await this.#say(this.#lease, AbortSignal.timeout(stopWithin))
    await this.#lease?.stop()
  }

  get leads(): boolean {
    if (this.#leads && this.#lease && !this.#lease.leads) this.#leads = false
    return this.#leads
  }

  /** What the leaders before this replica may have told; undefined where it has never led after another. */
  get toldBefore(): Passed | undefined {
    return this.#lease?.toldBefore
  }

  /** One run of claims without a break. */
  get session(): string {
    return this.#session
  }

  get counters(): Record<string, number> {
    const counters = { 'held.dropped': this.#held.dropped, takeovers: this.#takeovers }
    return { 'emit.failed': this.#lost, ...(this.#lease && counters) }
  }

  /** What a whole list told is not held back: it can be made again. False where some of it found no room on the way. */
  async emit(observations: readonly Observation[], listed = false): Promise<boolean> {
    if (this.leads) return this.#send(observations)
    const positions = this.#watching.positions()
    this.#held.add(listed ? observations.filter((each) => !isMadeAgain(each)) : observations, positions)
    return true
  }

  /** Sends all that is there again where some of what was sent found no room: once there is, and not more often than a full spool bears. */
  makeGood(): void {
    const isDue = this.leads && this.#hasDropped && performance.now() - this.#mendedAt > betweenMends
    if (!isDue) return
    this.#mending ??= this.#mend().finally(() => {
      this.#mending = undefined
    })
  }

  get #hasDropped(): boolean {
    return this.#context.dropped() !== this.#madeGood
  }

  async #mend(): Promise<void> {
    const { dropped, drained, log } = this.#context
    try {
      await drained(this.#ends.signal)
      await this.#watching.inTurn(async () => {
        if (!this.leads) return
        this.#mendedAt = performance.now()
        const made = dropped()
        log.warn(`sends all that is there again: ${made - this.#madeGood} observations had found no room`)
        await this.#sendAgain()
        this.#madeGood = made
      })
    } catch (error) {
      if (!this.#ends.signal.aborted) log.warn(`what found no room is sent again later: ${(error as Error).message}`)
    }
  }

  /** Under a new session: of the time between nobody can say what is missing. */
  async #sendAgain(): Promise<void> {
    await this.#watching.sendAll((observations) => this.#send(observations))
    this.#session = randomUUID()
    this.#watching.restart()
  }

  /** A whole list was passed on: what it told is in doubt while another leads and may not have come so far. */
  listed(): void {
    if (!this.leads) this.#held.doubts(this.#watching.positions())
  }

  /**
   * Deletions that only what is on this disk tells of. A leader that was watching before `from` has seen them; one that was not
   * can't know, and an object that is gone is gone, whoever says so.
   */
  async emitGone(observations: readonly Observation[], from: number | undefined): Promise<boolean> {
    const since = this.#lease?.heard?.since
    const isUnheard = since === undefined || from === undefined || from < since + skew
    return this.leads || isUnheard ? this.#send(observations) : this.emit(observations)
  }

  async #onHeld(): Promise<void> {
    if (this.#ends.signal.aborted || !this.#lease) return
    if (!this.leads) {
      this.#takingOver ??= this.#watching
        .inTurn(() => this.#takeOver())
        .catch(() => {})
        .finally(() => {
          this.#takingOver = undefined
        })
      await this.#takingOver
    }
    this.#publishing ??= this.#say(this.#lease, this.#ends.signal).finally(() => {
      this.#publishing = undefined
    })
  }

  async #takeOver(): Promise<void> {
    if (this.leads || !this.#lease?.leads) return
    const doubtful = this.#held.doubtful
    const held = this.#held.take()
    const { log } = this.#context
    log.info(`takes over: sends ${held.length} that were held back${doubtful ? ', and all that is there again' : ''}`)
    for (let at = 0; at < held.length; at += emitLimit) await this.#send(held.slice(at, at + emitLimit))
    if (doubtful) await this.#sendAgain()
    else await this.#watching.sendStates(this.#contested(held), (observations) => this.#send(observations))
    this.#takeovers++
    this.#leads = true
  }

  /** Keys of those of which the leader before may have told another state of the same version, and by its clock later. */
  #contested(held: readonly Observation[]): Set<string> {
    const { at = 0 } = this.toldBefore ?? {}
    return new Set(held.flatMap((each) => (each.type === 'state' && each.at <= at ? [each.object.key] : [])))
  }

  /** Tells the others what they need not send any more: what is in the queue, which outlives this machine. */
  async #say(lease: Lease, signal: AbortSignal): Promise<void> {
    const since = this.#watching.since()
    const passed = this.#watching.passed()
    if (since === undefined) return
    // Where it is too late to say more, what is not said will be sent once more by another.
    const isDrained = await this.#context.drained(signal).then(
      () => true,
      () => false,
    )
    if (isDrained && this.leads && !this.#hasDropped) lease.word = { passed, since }
  }

  async #send(observations: readonly Observation[]): Promise<boolean> {
    if (observations.length === 0) return true
    const before = this.#context.dropped()
    try {
      await this.#context.emit(observations)
      return this.#context.dropped() === before
    } catch (error) {
      this.#lost += observations.length
      throw error
    }
  }
}
