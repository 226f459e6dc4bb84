/** The way of observations out of the agent: the collectors' in their order, and once a second a heartbeat of each behind them. */
import type { HeartbeatObservation } from '../../graph/model/observation.ts'
import { now } from '../../graph/model/time.ts'
import type { Producer } from '../../graph/queue/main.ts'
import type { Emit, Log, Progress, RunningCollector } from '../collectors/collector.ts'

/** ms between two heartbeats. */
const BEAT = 1_000

export class Pipeline {
  readonly #producer: Producer
  readonly #log: Log
  readonly #collectors = new Map<string, RunningCollector>()
  readonly #timer: NodeJS.Timeout

  constructor(producer: Producer, log: Log) {
    this.#producer = producer
    this.#log = log
    this.#timer = setInterval(() => void this.#beat([...this.#collectors.keys()]), BEAT)
  }

  /** Takes observations at once, in the order of the calls: what a collector's progress claims later stands before it in every lane. */
  readonly emit: Emit = (observations, contexts) => this.#producer.send(observations, contexts)

  /** Names of the collectors whose progress is told. */
  get running(): readonly string[] {
    return [...this.#collectors.keys()]
  }

  /** From now on the collector's progress is told every second. */
  async add(name: string, collector: RunningCollector): Promise<void> {
    this.#collectors.set(name, collector)
    await this.#beat([name])
  }

  /** Stops a collector and tells how far it came. */
  async remove(name: string): Promise<void> {
    const collector = this.#collectors.get(name)
    if (collector === undefined) return
    try {
      await collector.stop()
      await this.#beat([name])
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

  /** All heartbeats of one moment share their jobs. */
  async #beat(names: readonly string[]): Promise<void> {
    const heartbeats = names
      .flatMap((name) => this.#progressOf(name))
      .flatMap((progress) => this.#heartbeatOf(progress))
    if (heartbeats.length > 0) await this.#producer.send(heartbeats)
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
