/** Gathers observations into jobs, lane by lane, in the order in which they were given. */

import { BATCH_LIMIT, LANES } from '../model/batch.ts'
import type { K8sContext } from '../model/context.ts'
import { laneKeyOf, laneOf, type Observation } from '../model/observation.ts'

/** Raw JSON that a job may hold, in UTF-16 units; a single larger observation makes a job of its own. */
const RAW_LIMIT = 200_000

/** Longest time in ms for which an observation waits for company. */
const FLUSH_AFTER = 250

/** After a pause an observation waits only this long (ms), so that a quiet machine answers fast. */
const FLUSH_AFTER_PAUSE = 5

/** One job before it is packed. `observations` say what is lost if it can't be kept. */
export interface Gathered {
  readonly lane: number
  readonly json: string
  readonly observations: readonly Observation[]
}

/** One call of `add`: settles when all lanes that hold its observations have been handed on. */
interface Ticket {
  open: number
  readonly done: () => void
}

interface Lane {
  readonly number: number
  observations: Observation[]
  jsons: string[]
  contexts: Map<string, string>
  size: number
  tickets: Ticket[]
}

const emptyLane = (number: number): Lane => ({
  number,
  observations: [],
  jsons: [],
  contexts: new Map(),
  size: 0,
  tickets: [],
})

const packOnce = (key: string, contexts: Contexts, packed: Map<string, string>): string | undefined => {
  const context = contexts[key]
  if (context === undefined) return undefined
  const json = packed.get(key) ?? JSON.stringify(context)
  packed.set(key, json)
  return json
}

export type Contexts = Readonly<Record<string, K8sContext>>

export class Gather {
  readonly #cluster: string
  readonly #handOn: (job: Gathered) => void
  readonly #lanes = Array.from({ length: LANES }, (_, number) => emptyLane(number))
  #timer: NodeJS.Timeout | undefined
  #flushedAt = 0

  /** `handOn` must have made the job safe when it returns. */
  constructor(cluster: string, handOn: (job: Gathered) => void) {
    this.#cluster = JSON.stringify(cluster)
    this.#handOn = handOn
  }

  /** Takes the observations at once; resolves when all of them were handed on. Source observations go into every lane. */
  add(observations: readonly Observation[], contexts: Contexts = {}): Promise<void> {
    return new Promise((done) => {
      const ticket = { open: 1, done }
      const packed = new Map<string, string>()
      for (const observation of observations) {
        const json = JSON.stringify(observation)
        const key = laneKeyOf(observation)
        if (key !== null) this.#put(this.#lanes[laneOf(key, LANES)]!, observation, json, ticket, contexts, packed)
        else for (const lane of this.#lanes) this.#put(lane, observation, json, ticket, contexts, packed)
      }
      this.#release(ticket)
      this.#schedule()
    })
  }

  /** Hands on whatever is held. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushedAt = performance.now()
    for (const lane of this.#lanes) this.#flushLane(lane)
  }

  #put(
    lane: Lane,
    observation: Observation,
    json: string,
    ticket: Ticket,
    contexts: Contexts,
    packed: Map<string, string>,
  ): void {
    const contextKey = observation.type === 'event' ? observation.contextKey : undefined
    const context = contextKey === undefined ? undefined : packOnce(contextKey, contexts, packed)
    const size = json.length + (contextKey === undefined || lane.contexts.has(contextKey) ? 0 : (context?.length ?? 0))
    if (lane.size > 0 && lane.size + size > RAW_LIMIT) this.#flushLane(lane)
    lane.observations.push(observation)
    lane.jsons.push(json)
    lane.size += size
    if (contextKey !== undefined && context !== undefined) lane.contexts.set(contextKey, context)
    if (lane.tickets.at(-1) !== ticket) {
      lane.tickets.push(ticket)
      ticket.open++
    }
    if (lane.jsons.length >= BATCH_LIMIT) this.#flushLane(lane)
  }

  #flushLane(lane: Lane): void {
    if (lane.jsons.length === 0) return
    const contexts = [...lane.contexts].map(([key, context]) => `${JSON.stringify(key)}:${context}`)
    const head = `{"cluster":${this.#cluster},"lane":${lane.number}`
    const json = `${head},"observations":[${lane.jsons.join(',')}],"contexts":{${contexts.join(',')}}}`
    const { observations, tickets } = lane
    Object.assign(lane, emptyLane(lane.number))
    this.#handOn({ lane: lane.number, json, observations })
    for (const ticket of tickets) this.#release(ticket)
  }

  #release(ticket: Ticket): void {
    if (--ticket.open === 0) ticket.done()
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#lanes.every((lane) => lane.jsons.length === 0)) return
    const sinceLast = performance.now() - this.#flushedAt
    this.#timer = setTimeout(() => this.flush(), Math.max(FLUSH_AFTER_PAUSE, FLUSH_AFTER - sinceLast))
  }
}
