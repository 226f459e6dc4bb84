/**
 * The way of observations out of the agent: the collectors' in their order, and behind them heartbeats. While something happens
 * these come each second, since what happened waits for a watermark behind it; else every five: nobody waits for one then, and
 * each goes through disk, queue and graph in every lane.
 */
import { type HeartbeatObservation, SLOWEST_BEAT } from '../../graph/model/observation.ts'
import { MILLISECOND, now } from '../../graph/model/time.ts'
import type { Producer } from '../../graph/queue/main.ts'
import type { Emit, Log, Progress, RunningCollector } from '../collectors/collector.ts'

/** ms between two heartbeats while something happens; this often it is looked whether one is due. */
const BEAT = 1_000
/** ms between two while nothing does, less what a timer may be early. */
const QUIET_BEAT = SLOWEST_BEAT / MILLISECOND - BEAT / 2
/** ms that something is said to happen after the last of it: a kubelet tells 10 s late, and the API server's word on a quiet cluster lags by 20 s. */
const LIVELY = 30_000

export class Pipeline {
  readonly #producer: Producer
  readonly #log: Log
  readonly #collectors = new Map<string, RunningCollector>()
  readonly #timer: NodeJS.Timeout
  /** By the steady clock, ms: when something was last handed over, and when all heartbeats were last sent. */
  #happenedAt = Number.NEGATIVE_INFINITY
  #beatAt = Number.NEGATIVE_INFINITY
  /** Of what the last heartbeats spoke, but for how far it is and how much it was. */
  #spokeOf = ''

  constructor(producer: Producer, log: Log) {
    this.#producer = producer
    this.#log = log
    this.#timer = setInterval(() => this.#look(), BEAT)
  }

  /** Takes observations at once, in the order of the calls: what a collector's progress claims later stands before it in every lane. */
  readonly emit: Emit = (observations, contexts) => {
    if (observations.some(({ type }) => type !== 'heartbeat')) this.#happenedAt = performance.now()
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
    clearInterval(this.#timer)
    await Promise.all([...this.#collectors.keys()].map((name) => this.remove(name)))
    await this.#producer.close()
  }

  /** Who has become blind, begun or gone says so at once. */
  #look(): void {
    const heartbeats = this.#heartbeatsOf([...this.#collectors.keys()])
    const spokenOf = heartbeats.map(({ source, session, blind = [] }) => `${source} ${session} ${blind}`).join()
    const at = performance.now()
    const due = at - this.#happenedAt < LIVELY || at - this.#beatAt > QUIET_BEAT || spokenOf !== this.#spokeOf
    if (!due) return
    this.#beatAt = at
    this.#spokeOf = spokenOf
    void this.#send(heartbeats)
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
    const { dropped, spoolBytes, unsaved } = this.#producer.stats()
    const spool = { 'spool.dropped': dropped, 'spool.bytes': spoolBytes, 'spool.unsaved': unsaved === null ? 0 : 1 }
    const all = { ...counters, ...spool }
    const claimed = { source, session, since, watermark: Math.min(watermark, at), at, counters: all }
    return [{ type: 'heartbeat', ...claimed, ...(blind.length === 0 ? {} : { blind }) }]
  }
}
