/**
 * Which seconds of memory pressure are worth an event. A container that keeps its file cache at its limit reclaims all
 * day and is healthy: after the first second, lasting pressure is told less and less often, each event with the counts of
 * the seconds before it, and always before an oom-kill.
 */
import type { MemoryPressureRecord } from '../../../graph/model/generated/wire.ts'

const SECOND_NS = 1e9
const FIRST_INTERVAL = 4 * SECOND_NS
const LONGEST_INTERVAL = 6 * 3_600 * SECOND_NS
/** The sum of more than this grew while no agent took it. Of when that was, only its last reclaim is sure to be recent. */
const LONGEST_SUM = 5 * SECOND_NS
/** Pressure after such a pause is news again. */
const PAUSE = 3_600 * SECOND_NS

/** A second of pressure, with what the header of its record says. */
export interface Pressure extends MemoryPressureRecord {
  readonly bootNs: number
  readonly cpu: number
  readonly sequence: number
  readonly cgroupId: number
}

/** What is told: the newest second, with the counts since `countedFromNs`. */
export interface ToldPressure extends Pressure {
  readonly countedFromNs: number
}

interface Lasting {
  toldNs: number
  interval: number
  /** Not told yet. */
  untold: ToldPressure | null
}

/** Pressure by cgroup. */
export class Pressures {
  readonly #lasting = new Map<number, Lasting>()

  /** @returns what to tell of it now, if anything */
  add(pressure: Pressure): ToldPressure | null {
    const { firstNs, lastNs } = pressure
    const newest: ToldPressure = {
      ...pressure,
      firstNs: lastNs - firstNs > LONGEST_SUM ? lastNs : firstNs,
      countedFromNs: firstNs,
    }
    const lasting = this.#lasting.get(pressure.cgroupId)
    if (lasting === undefined || firstNs - (lasting.untold?.lastNs ?? lasting.toldNs) > PAUSE) {
      this.#lasting.set(pressure.cgroupId, { toldNs: lastNs, interval: FIRST_INTERVAL, untold: null })
      return newest
    }
    const { untold } = lasting
    lasting.untold = {
      ...newest,
      reclaims: pressure.reclaims + (untold?.reclaims ?? 0),
      stalledNs: pressure.stalledNs + (untold?.stalledNs ?? 0),
      countedFromNs: untold?.countedFromNs ?? firstNs,
    }
    if (lastNs - lasting.toldNs < lasting.interval) return null
    lasting.interval = Math.min(lasting.interval * 4, LONGEST_INTERVAL)
    return this.#tell(lasting)
  }

  /** Tells what is not told of a cgroup: a process of it is about to be reported as killed. */
  beforeKill(cgroupId: number): ToldPressure | null {
    const lasting = this.#lasting.get(cgroupId)
    return lasting === undefined ? null : this.#tell(lasting)
  }

  /** Forgets a cgroup that is gone. */
  removed(cgroupId: number): void {
    this.#lasting.delete(cgroupId)
  }

  #tell(lasting: Lasting): ToldPressure | null {
    const { untold } = lasting
    if (untold !== null) lasting.toldNs = untold.lastNs
    lasting.untold = null
    return untold
  }
}
