/** The kernel stamps by the boot clock; the graph has times since the epoch. The difference moves: its history is kept. */
import { type ClockSample, sampleClock } from '../../native/native.ts'

/** One sample a second at most: an hour. A record that waited longer in the ring is converted with the oldest. */
const KEPT = 3_600

/** When a boot clock stamp was: in [at, at + uncertainty], µs. */
export interface Stamp {
  readonly at: number
  readonly uncertainty: number
}

/** How long this machine has been suspended since its boot, µs, to the millisecond: CLOCK_MONOTONIC, Node's own clock, stands still then. */
export const suspendedSoFar = (): number =>
  Math.round((sampleClock().bootNs - Number(process.hrtime.bigint())) / 1_000_000) * 1_000

/** Samples of the difference between wall clock and boot clock. */
export class BootClock {
  readonly #samples: ClockSample[]

  /** @param saved the last sample of an earlier run in the same boot: it holds for what happened in between */
  constructor(saved?: ClockSample, first: ClockSample = sampleClock()) {
    this.#samples = saved === undefined ? [first] : [saved, first]
  }

  get last(): ClockSample {
    return this.#samples.at(-1)!
  }

  /** Takes a sample; to be called every few seconds. */
  sample(sample: ClockSample = sampleClock()): void {
    this.#samples.push(sample)
    if (this.#samples.length > KEPT) this.#samples.shift()
  }

  /** Between two samples the difference is one of the two, or between them: a step of the clock makes it uncertain. */
  toStamp(bootNs: number): Stamp {
    let low = 0
    let high = this.#samples.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#samples[middle]!.bootNs <= bootNs) low = middle + 1
      else high = middle
    }
    const before = this.#samples[Math.max(0, low - 1)]!
    const after = this.#samples[low] ?? before
    const boot = Math.floor(bootNs / 1_000)
    return {
      at: boot + Math.min(before.offset, after.offset),
      uncertainty: Math.abs(after.offset - before.offset) + Math.max(before.error, after.error),
    }
  }
}
