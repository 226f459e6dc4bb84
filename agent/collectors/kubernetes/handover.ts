import { randomUUID } from 'node:crypto'
import type { Observation } from '../../../graph/model/observation.ts'
import { SECOND } from '../../../graph/model/time.ts'
import type { CollectorContext } from '../collector.ts'
import { Held, isMadeAgain } from './held.ts'
import { Lease, type LeaseOptions, type Positions } from './lease.ts'

/** Clocks of the machines that run replicas differ by less. */
const skew = 60 * SECOND
const emitLimit = 500
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
  sendAll(send: (observations: readonly Observation[]) => Promise<void>): Promise<void>
  /** The claim begins anew. */
  restart(): void
  inTurn(work: () => Promise<void>): Promise<void>
}

/** Sends at once where this replica leads (or is the only one), else holds back until it does or another has sent it. */
export class Handover {
  readonly #context: Pick<CollectorContext, 'emit' | 'drained' | 'log'>
  readonly #watching: Watching
  readonly #lease: Lease | undefined
  readonly #held = new Held()
  #leads: boolean
  #publishing: Promise<void> | undefined
  readonly #ends = new AbortController()
  #session: string = randomUUID()
  #lost = 0
  #takeovers = 0

  /** Without `lease` it always leads. */
  constructor(
    context: Pick<CollectorContext, 'emit' | 'drained' | 'log'>,
    watching: Watching,
    lease?: Omit<LeaseOptions, 'onHeld' | 'onWord'>,
  ) {
    this.#context = context
    this.#watching = watching
    this.#leads = lease === undefined
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
    await this.#lease?.start()
    return { continues: this.#lease?.continues ?? true }
  }

  /** Says how far this replica came and gives the Lease back. */
  async stop(): Promise<void> {
    this.#ends.abort()
    await this.#publishing
    if (this.#lease && this.leads) await this.#say(this.#lease, AbortSignal.timeout(stopWithin))
    await this.#lease?.stop()
  }

  get leads(): boolean {
    if (this.#leads && this.#lease && !this.#lease.leads) this.#leads = false
    return this.#leads
  }

  /** One run of claims without a break. */
  get session(): string {
    return this.#session
  }

  get counters(): Record<string, number> {
    const counters = { 'held.dropped': this.#held.dropped, takeovers: this.#takeovers }
    return { 'emit.failed': this.#lost, ...(this.#lease && counters) }
  }

  /** What a whole list told is not held back: it can be made again. */
  async emit(observations: readonly Observation[], listed = false): Promise<void> {
    if (observations.length === 0) return
    if (this.leads) await this.#send(observations)
    else {
      const positions = this.#watching.positions()
      this.#held.add(listed ? observations.filter((each) => !isMadeAgain(each)) : observations, positions)
    }
  }

  /** A whole list was passed on: what it told is in doubt while another leads and may not have come so far. */
  listed(): void {
    if (!this.leads) this.#held.doubts(this.#watching.positions())
  }

  /**
   * Deletions that only what is on this disk tells of. A leader that was watching before `from` has seen them; one that was not
   * can't know, and an object that is gone is gone, whoever says so.
   */
  async emitGone(observations: readonly Observation[], from: number | undefined): Promise<void> {
    const since = this.#lease?.heard?.since
    if (this.leads || since === undefined || from === undefined || from < since + skew) await this.#send(observations)
    else await this.emit(observations)
  }

  async #onHeld(): Promise<void> {
    if (this.#ends.signal.aborted || !this.#lease) return
    if (!this.leads) await this.#watching.inTurn(() => this.#takeOver()).catch(() => {})
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
    if (doubtful) {
      await this.#watching.sendAll((observations) => this.#send(observations))
      this.#session = randomUUID()
      this.#watching.restart()
    }
    this.#takeovers++
    this.#leads = true
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
    if (isDrained && this.leads) lease.word = { passed, since }
  }

  async #send(observations: readonly Observation[]): Promise<void> {
    if (observations.length === 0) return
    try {
      await this.#context.emit(observations)
    } catch (error) {
      this.#lost += observations.length
      throw error
    }
  }
}
