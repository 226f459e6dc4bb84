import { EVENTS } from '../../../../graph/model/generated/registry.ts'
import type { EventObservation, Observation } from '../../../../graph/model/observation.ts'
import { compareVersions } from '../../../reflector/version.ts'
import type { Positions } from './lease.ts'

interface Entry {
  readonly observations: readonly Observation[]
  /** Of all kinds, as they were known when these were made: the names that they resolve may be of any. */
  readonly positions: Positions
}

/** Observations that are held back; each takes about 1 KB. */
const limit = 20_000

/**
 * What a replica that stands by would have sent. What the leader has come past goes; at a take-over the rest is sent. Where it is
 * not enough (after a list, which is not held but can be made again; where there was too much) there is a doubt: all that is there
 * is sent again then.
 */
export class Held {
  #entries: Entry[] = []
  #size = 0
  #doubt: Positions | undefined
  /** Deletions and gaps that found no room: nothing tells of them again. */
  dropped = 0

  get size(): number {
    return this.#size
  }

  get doubtful(): boolean {
    return this.#doubt !== undefined
  }

  add(observations: readonly Observation[], positions: Positions): void {
    if (observations.length === 0) return
    this.#entries.push({ observations, positions })
    this.#size += observations.length
    if (this.#size <= limit) return
    this.#keep((each) => !isMadeAgain(each))
    this.doubts(positions)
    while (this.#size > limit) this.dropped += this.#shift()
  }

  /** All is in doubt until the leader has come past these. */
  doubts(positions: Positions): void {
    this.#doubt = positions
  }

  /** The leader has passed on all up to here. */
  covered(leader: Positions): void {
    while (this.#entries[0] && isPast(leader, this.#entries[0].positions)) this.#shift()
    if (this.#doubt && isPast(leader, this.#doubt)) this.#doubt = undefined
  }

  /** Everything, in order, and forgets it. */
  take(): Observation[] {
    const observations = this.#entries.flatMap((entry) => entry.observations)
    this.#entries = []
    this.#size = 0
    this.#doubt = undefined
    return observations
  }

  #shift(): number {
    const count = this.#entries.shift()!.observations.length
    this.#size -= count
    return count
  }

  #keep(wanted: (observation: Observation) => boolean): void {
    this.#entries = this.#entries
      .map(({ observations, positions }) => ({ observations: observations.filter(wanted), positions }))
      .filter(({ observations }) => observations.length > 0)
    this.#size = this.#entries.reduce((sum, { observations }) => sum + observations.length, 0)
  }
}

const isCompared = ({ kind, fields }: EventObservation): boolean => {
  const { compared } = EVENTS[kind]
  if (compared === undefined || compared === true) return compared === true
  return Object.entries(compared).every(([name, value]) => (fields as Record<string, unknown>)[name] === value)
}

/** What an object that is there tells again; not so its end, what differed in it, nor that something was not seen. */
export const isMadeAgain = (observation: Observation): boolean =>
  (observation.type === 'event' && !isCompared(observation)) ||
  (observation.type === 'state' && observation.deleted !== true)

/** Versions that do not compare say nothing. */
const isPast = (leader: Positions, positions: Positions): boolean =>
  Object.entries(positions).every(
    ([path, version]) => (compareVersions(leader[path] ?? '', version) ?? Number.NEGATIVE_INFINITY) >= 0,
  )
