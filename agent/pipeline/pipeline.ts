/**
 * The way of observations out of the agent: the collectors' in their order, and behind them heartbeats. While something happens
 * these come each second, since what happened waits for a watermark behind it; else every five: nobody waits for one then, and
 * each goes through disk, queue and graph in every lane. It is the agent's only clock: collectors do along with it what has to
 * be done from time to time, so that a quiet agent wakes up for all of it at once.
 */
import { type HeartbeatObservation, SLOWEST_BEAT } from '../../graph/model/observation.ts'
import { MILLISECOND, now } from '../../graph/model/time.ts'
import type { Producer } from '../../graph/queue/main.ts'
import type { Emit, Log, Progress, RunningCollector } from '../collectors/collector.ts'

/** ms between two heartbeats while something happens. */
const BEAT = 1_000
/** ms between two while nothing does. */
const QUIET_BEAT = SLOWEST_BEAT / MILLISECOND
/** ms that something is said to happen after the last of it: a kubelet tells 10 s late, and the API server's word on a quiet cluster lags by 15 s. */
const LIVELY = 30_000

export class Pipeline {
  readonly #producer: Producer
  readonly #log: Log
  readonly #collectors = new Map<string, RunningCollector>()
  #timer: NodeJS.Timeout | undefined
  /** When something was last handed over, by the steady clock in ms. */
  #happenedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(producer: Producer, log: Log) {
    this.#producer = producer
    this.#log = log
    this.#beatLater()
  }

  /** Takes observations at once, in the order of the calls: what a collector's progress claims later stands before it in every lane. */
  readonly emit: Emit = (observations, contexts) => {
    if (observations.some(({ type }) => type !== 'heartbeat')) this.#happens()
    return this.#producer.send(observations, contexts)
  }

  /** Names of the collectors whose progress is told. */
  get running(): readonly string[] {
    return [...this.#collectors.keys()]
  }

  /** From now on the collector's progress is told. */
  async add(name: string, collector: RunningCollector): Promise<void> {
    this.#collectors.set(name, collector)
    await this.#send(this.#heartbeatsOf([name]))
  }

  /** Stops a collector and tells how far it came. */
  async remove(name: string): Promise<void> {
    const collector = this.#collectors.get(name)
    if (collector === undefined) return
    try {
      await collector.stop()
      await this.#send(this.#heartbeatsOf([name]))
    } catch (error) {
      this.#log.error({ collector: name, error: (error as Error).message }, 'did not stop in order')
    }
    this.#collectors.delete(name)
  }

  /** Stops all collectors and makes everything safe. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await Promise.all([...this.#collectors.keys()].map((name) => this.remove(name)))
    await this.#producer.close()
  }

  get #isLively(): boolean {
    return performance.now() - this.#happenedAt < LIVELY
  }

  #happens(): void {
    const wasLively = this.#isLively
    this.#happenedAt = performance.now()
    if (!wasLively) this.#beatLater()
  }

  #beatLater(): void {
    clearTimeout(this.#timer)
    if (!this.#closed) this.#timer = setTimeout(() => this.#beat(), this.#isLively ? BEAT : QUIET_BEAT)
  }

  #beat(): void {
    void this.#send(this.#heartbeatsOf([...this.#collectors.keys()]))
    this.#beatLater()
  }

  /** All heartbeats of one moment share their jobs. */
  async #send(heartbeats: readonly HeartbeatObservation[]): Promise<void> {
    if (heartbeats.length > 0) await this.#producer.send(heartbeats)
  }

  #heartbeatsOf(names: readonly string[]): HeartbeatObservation[] {
    return names.flatMap((name) => this.#progressOf(name)).flatMap((progress) => this.#heartbeatOf(progress))
  }

  #progressOf(name: string): readonly Progress[] {
    try {
      return this.#collectors.get(name)?.progress?.() ?? []
    } catch (error) {
      this.#log.error({ collector: name, error: (error as Error).message }, 'does not say how far it is')
      return []
    }
  }

  #heartbeatOf({ source, session, since, watermark, counters, blind = [] }: Progress): HeartbeatObservation[] {
    if (watermark === null || watermark < since) return []
    const at = now()
    const { dropped, spoolBytes, unsaved, unsynced } = this.#producer.stats()
    const spool = {
      ...{ 'spool.dropped': dropped, 'spool.bytes': spoolBytes },
      ...{ 'spool.unsaved': unsaved === null ? 0 : 1, 'spool.unsynced': unsynced === null ? 0 : 1 },
    }
    const all = { ...counters, ...spool }
    const claimed = { source, session, since, watermark: Math.min(watermark, at), at, counters: all }
    return [{ type: 'heartbeat', ...claimed, ...(blind.length === 0 ? {} : { blind }) }]
  }
}
