/** The way into the queue: gathered into jobs, safe on disk, then queued. */

import { setTimeout as sleep } from 'node:timers/promises'
import { LANES } from '../model/batch.ts'
import type { Observation } from '../model/observation.ts'
import { now } from '../model/time.ts'
import type { Log } from './connection.ts'
import { Drain } from './drain.ts'
import { type Contexts, Gather, type Gathered } from './gather.ts'
import { JOB_VERSION, packContent } from './job.ts'
import type { Lanes } from './lanes.ts'
import type { Ledger } from './spool/ledger.ts'
import type { Spool } from './spool/spool.ts'

export interface ProducerStats {
  /** Observations that were given (one of a source counts once, though it goes into every lane). */
  readonly taken: number
  /** Jobs that were queued. */
  readonly queued: number
  /** Events and states that found no room on disk. */
  readonly dropped: number
  /** Why losses are not noted on disk, or null: they would be forgotten if the process ended now. */
  readonly unsaved: string | null
  /** Why jobs that wait are not synced to disk, or null: a power cut would take them. */
  readonly unsynced: string | null
  /** Bytes on disk that wait to be queued. */
  readonly spoolBytes: number
  /** Why they wait, or null. */
  readonly held: string | null
}

/** Longest time in ms that `close` goes on queueing; the rest stays on disk for the next start. */
const CLOSE_WITHIN = 2_000

export class Producer {
  readonly #cluster: string
  readonly #spool: Spool
  readonly #lanes: Lanes
  readonly #ledger: Ledger
  readonly #gather: Gather
  readonly #drain: Drain
  readonly #log: Log
  #taken = 0
  #dropped = 0
  /** Lanes that have heard of the losses that are being told. */
  #toldLanes = 0
  #unsynced = false
  #closed: Promise<void> | undefined

  constructor(cluster: string, spool: Spool, ledger: Ledger, lanes: Lanes, log: Log) {
    this.#cluster = cluster
    this.#spool = spool
    this.#lanes = lanes
    this.#ledger = ledger
    this.#log = log
    this.#gather = new Gather(cluster, (job) => this.#keep(job))
    this.#drain = new Drain(spool, lanes, log)
    if (spool.tornBytes > 0) log.info({ bytes: spool.tornBytes }, 'half a job of the last run was cut off the spool')
  }

  /** Takes the observations at once, in the order of the calls, and resolves when they are safe on disk (or counted as lost). */
  send(observations: readonly Observation[], contexts?: Contexts): Promise<void> {
    this.#taken += observations.length
    return this.#gather.add(this.#withDamage(observations), contexts)
  }

  /** Makes all that was given safe now. */
  flush(): void {
    this.#gather.flush()
  }

  /** Resolves when all that was given so far is queued; rejects when the signal is aborted. */
  async drained(signal?: AbortSignal): Promise<void> {
    this.flush()
    const end = this.#spool.end
    while (!this.#spool.passed(end)) await sleep(10, undefined, { signal })
  }

  stats(): ProducerStats {
    return {
      taken: this.#taken,
      queued: this.#drain.queued,
      dropped: this.#dropped,
      unsaved: this.#ledger.unsaved,
      unsynced: this.#spool.syncFault,
      spoolBytes: this.#spool.waitingBytes,
      held: this.#drain.held,
    }
  }

  /** Makes everything safe, queues for a moment longer, and gives the spool back. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.drained(AbortSignal.timeout(CLOSE_WITHIN)).catch(() => {
      this.#log.warn({ bytes: this.#spool.waitingBytes, why: this.#drain.held }, 'jobs stay on disk for the next start')
    })
    await this.#drain.stop()
    await this.#lanes.close()
    this.#spool.close()
  }

  #keep(job: Gathered): void {
    if (!this.#spool.full && this.#tellLosses() && this.#append(job)) return
    const safe = this.#ledger.unsaved === null
    this.#ledger.dropped(job.lane, job.observations)
    const { unsaved } = this.#ledger
    if (safe && unsaved !== null) this.#log.error({ reason: unsaved }, 'what is lost can not even be noted on disk')
    const lost = job.observations.filter(({ type }) => type === 'event' || type === 'state').length
    if (this.#dropped === 0 && lost > 0) this.#log.error('the spool is full: observations are dropped and counted')
    this.#dropped += lost
  }

  /** What was lost is told to every lane before anything that comes after it; false where there is no room even for that. */
  #tellLosses(): boolean {
    for (let untold = this.#ledger.untold(); untold.length > 0; untold = this.#ledger.untold()) {
      for (; this.#toldLanes < LANES; this.#toldLanes++) {
        const lane = this.#toldLanes
        const json = JSON.stringify({ cluster: this.#cluster, lane, observations: untold, contexts: {} })
        if (!this.#append({ lane, json, observations: untold })) return false
      }
      this.#toldLanes = 0
      this.#ledger.told()
    }
    return true
  }

  #append({ lane, json, observations }: Gathered): boolean {
    this.#tellUnsynced()
    const body = packContent(json)
    const kept = this.#spool.append({ lane, version: JOB_VERSION, count: observations.length, at: now(), body })
    if (kept) this.#drain.wake()
    return kept
  }

  #tellUnsynced(): void {
    const reason = this.#spool.syncFault
    if (reason !== null && !this.#unsynced)
      this.#log.error({ reason }, 'jobs that wait can not be synced to disk: a power cut would take them')
    this.#unsynced = reason !== null
  }

  /** Puts a loss before the first heartbeat of each source where records of an earlier run can't be read any more. */
  #withDamage(observations: readonly Observation[]): readonly Observation[] {
    this.#ledger.save()
    this.#ledger.damaged(this.#spool.takeDamages())
    const heartbeats = observations.filter((observation) => observation.type === 'heartbeat')
    const losses = heartbeats.flatMap(({ source }) => this.#ledger.untoldOf(source))
    return losses.length === 0 ? observations : [...losses, ...observations]
  }
}
