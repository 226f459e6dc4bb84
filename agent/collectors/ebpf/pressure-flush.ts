/** How far memory pressure is told: the kernel sums it up until it is asked to put what it has into the ring. */
import { EVENTS } from '../../../graph/model/generated/registry.ts'
import { type Kernel, sampleClock } from '../../native/native.ts'

const PROGRAM = 'flush_memory_pressure'

/**
 * Of the kind's delay, ns: what may have passed since the last flush without that the source's word is held back. The other
 * half is for a reclaim that has not ended, and is in no sum yet.
 */
const PATIENCE_NS = (EVENTS['memory-pressure'].delay / 2) * 1_000

export class PressureFlush {
  readonly #kernel: Kernel
  readonly #callable: boolean
  /** Boot clock in ns around the last flush. */
  #last = { began: 0, ended: Number.POSITIVE_INFINITY }
  /** Boot clock in ns: all pressure before it was read. */
  #readUpTo: number

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#callable = kernel.programs.some(({ name, state }) => name === PROGRAM && state === 'callable')
    this.#readUpTo = sampleClock().bootNs
  }

  /** To be called every second or few; until it is, the source's word is held back. */
  flush(): void {
    if (!this.#callable) return
    this.#noteRead()
    const began = sampleClock().bootNs
    this.#kernel.call(PROGRAM)
    this.#last = { began, ended: sampleClock().bootNs }
  }

  /** Boot clock in ns up to which the collector may vouch for memory pressure; infinite where it tells none. */
  get vouchedNs(): number {
    if (!this.#callable) return Number.POSITIVE_INFINITY
    this.#noteRead()
    return this.#readUpTo + PATIENCE_NS
  }

  #noteRead(): void {
    if (this.#kernel.completeNs >= this.#last.ended) this.#readUpTo = this.#last.began
  }
}
