/** Passes on what the spool holds: in order within each lane, the lanes side by side. */
import { setTimeout as sleep } from 'node:timers/promises'
import { LANES } from '../model/batch.ts'
import type { Log } from './connection.ts'
import type { Lanes } from './lanes.ts'
import type { SpoolRecord } from './spool/record.ts'
import type { Spool } from './spool/spool.ts'

/** Jobs that are under way at once: between two chunks Redis is asked whether it has enough. */
const CHUNK = { bytes: 256 * 1024, records: 64 }
/** What may pass without asking, in which time (ms) after the last answer: the heartbeats of a quiet agent. */
const UNASKED = { bytes: 32 * 1024, for: 60_000 }

/** Pause in ms after a failure; doubled up to the second at each further one. */
const RETRY_AFTER = [50, 2_000] as const

export class Drain {
  readonly #spool: Spool
  readonly #lanes: Lanes
  readonly #log: Log
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #wake: () => void = () => {}
  /** When Redis said that it takes more, by the steady clock in ms, and what it was given since. */
  #allowed = { at: Number.NEGATIVE_INFINITY, bytes: 0 }
  /** Why the spool is not being passed on, or null. */
  held: string | null = null
  /** Jobs that were queued since the start. */
  queued = 0

  constructor(spool: Spool, lanes: Lanes, log: Log) {
    this.#spool = spool
    this.#lanes = lanes
    this.#log = log
    this.#done = this.#run()
  }

  /** Says that the spool holds something new. */
  wake(): void {
    this.#wake()
  }

  /** Stops at the next job; what is left stays in the spool. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    await this.#done
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stop.signal.aborted) {
      if (this.#spool.empty) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      try {
        if (this.held !== null || !this.#mayPass) await this.#ask()
        if (this.held === null) {
          await this.#passOn()
          failures = 0
          continue
        }
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#hold((error as Error).message)
      }
      const pause = Math.min(RETRY_AFTER[0] * 2 ** failures++, RETRY_AFTER[1])
      await sleep(pause, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  get #mayPass(): boolean {
    const { at, bytes } = this.#allowed
    return performance.now() - at < UNASKED.for && bytes + this.#spool.waitingBytes < UNASKED.bytes
  }

  async #ask(): Promise<void> {
    this.#hold(await this.#lanes.refusal())
    if (this.held === null) this.#allowed = { at: performance.now(), bytes: 0 }
  }

  async #passOn(): Promise<void> {
    const { records, end } = this.#spool.read(CHUNK.bytes, CHUNK.records)
    for (const { body } of records) this.#allowed.bytes += body.length
    if (records.length > 0) await this.#add(records)
    this.#spool.advance(end)
  }

  /** A lane stops at its first failure; then only what is still open is tried again, or the order would be lost. */
  async #add(records: readonly SpoolRecord[]): Promise<void> {
    const open: SpoolRecord[][] = Array.from({ length: LANES }, () => [])
    for (const record of records) open[record.lane % LANES]!.push(record)
    for (let failures = 0; ; failures++) {
      const results = await Promise.allSettled(open.map((lane) => this.#addLane(lane)))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed === undefined) return
      this.#hold((failed.reason as Error).message)
      this.#stop.signal.throwIfAborted()
      await sleep(Math.min(RETRY_AFTER[0] * 2 ** failures, RETRY_AFTER[1]), undefined, { signal: this.#stop.signal })
      const refusal = await this.#lanes.refusal().catch((error: Error) => error.message)
      if (refusal === null) this.#hold(null)
    }
  }

  async #addLane(records: SpoolRecord[]): Promise<void> {
    for (let first = records[0]; first !== undefined; first = records[0]) {
      await this.#lanes.add(first)
      records.shift()
      this.queued++
    }
  }

  /** A lost connection is told by the connection itself. */
  #hold(reason: string | null): void {
    if (reason !== null && this.held === null && this.#lanes.connected)
      this.#log.warn({ reason }, 'the queue takes nothing; jobs stay on disk')
    this.held = reason
  }
}
