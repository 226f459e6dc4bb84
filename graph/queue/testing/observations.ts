/** Observations for tests of the queue. */
import type { Batch } from '../../model/batch.ts'
import {
  type EventObservation,
  type HeartbeatObservation,
  type Observation,
  sourceOf,
} from '../../model/observation.ts'

export const SOURCE = sourceOf('kubernetes')

/** The n-th event; its id is its number. Eleven pods spread them over the lanes. */
export const eventOf = (number: number, at = number): EventObservation<'pod-created'> => ({
  type: 'event',
  kind: 'pod-created',
  id: String(number),
  at,
  uncertainty: 0,
  observedAt: at,
  source: SOURCE,
  object: { kind: 'Pod', key: `pod-${number % 11}` },
  fields: { createdAt: at },
})

export const eventsOf = (from: number, to: number): EventObservation[] =>
  Array.from({ length: to - from }, (_, index) => eventOf(from + index))

/** A heartbeat that claims all events with a number below the watermark. */
export const heartbeatOf = (watermark: number): HeartbeatObservation => ({
  type: 'heartbeat',
  source: SOURCE,
  session: 's',
  since: 0,
  watermark,
  at: watermark,
})

export const batchOf = (lane: number, observations: readonly Observation[]): Batch => ({
  cluster: 'test',
  lane,
  observations,
  contexts: {},
})

/** What a store of the batches would hold, and whether a heartbeat was ever ahead of what it speaks for. */
export class Seen {
  readonly ids = new Map<string, number>()
  readonly losses: Observation[] = []
  readonly overtaken: string[] = []
  readonly #watermarks = new Map<number, number>()
  readonly #last = new Map<string, number>()

  add(batch: Batch): void {
    for (const observation of batch.observations) {
      if (observation.type === 'heartbeat') {
        const known = this.#watermarks.get(batch.lane) ?? 0
        this.#watermarks.set(batch.lane, Math.max(known, observation.watermark))
      } else if (observation.type === 'loss') this.losses.push(observation)
      else if (observation.type === 'event') this.#event(batch.lane, observation)
    }
  }

  /** The lowest watermark over all lanes that had one. */
  get watermark(): number {
    return Math.min(...this.#watermarks.values())
  }

  #event(lane: number, event: EventObservation): void {
    const times = this.ids.get(event.id) ?? 0
    this.ids.set(event.id, times + 1)
    if (times > 0) return
    const number = Number(event.id)
    if (number < (this.#watermarks.get(lane) ?? 0)) this.overtaken.push(`${event.id} by a heartbeat of lane ${lane}`)
    if (number < (this.#last.get(event.object.key) ?? -1))
      this.overtaken.push(`${event.id} by a later event of its pod`)
    this.#last.set(event.object.key, number)
  }
}
