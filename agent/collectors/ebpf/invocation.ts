/** oom-kill is one invocation of the OOM killer: the kernel tells its victims one by one. */
import type { OomKillRecord } from '../../../graph/model/generated/wire.ts'

/**
 * When no more victims can come. Without memory.oom.group one victim is all. With it, one thread kills the members of the
 * cgroup in a loop, under the kernel's one oom_lock, without sleeping, and the ring keeps the order: the invocation is
 * over when another begins, or when nothing came for this long while the ring was read to its end. The kernel prints a
 * line for each victim, which on a slow serial console takes milliseconds; this is far more.
 */
const QUIET_NS = 250e6

/** A victim, with what the header of its record says. */
export interface Victim extends OomKillRecord {
  readonly bootNs: number
  readonly cpu: number
  readonly sequence: number
  readonly cgroupId: number
}

/** Victims of one invocation, in the order of the kill. */
export type Invocation = readonly [Victim, ...Victim[]]

/** Collects victims until their invocation is over. */
export class Invocations {
  #open: [Victim, ...Victim[]] | null = null

  /** Boot clock in ns at the begin of what is not over yet; null if nothing is open. */
  get openSince(): number | null {
    return this.#open?.[0].bootNs ?? null
  }

  /** @returns the invocations that are over by it */
  add(victim: Victim): Invocation[] {
    const over: Invocation[] = []
    if (this.#open !== null && this.#open[0].invocation !== victim.invocation) over.push(...this.close())
    if (this.#open !== null) this.#open.push(victim)
    else if (victim.oomGroup === 1) this.#open = [victim]
    else over.push([victim])
    return over
  }

  /** @param completeNs boot clock: everything recorded before it was added */
  settle(completeNs: number): Invocation[] {
    const last = this.#open?.at(-1)
    return last !== undefined && completeNs - last.bootNs > QUIET_NS ? this.close() : []
  }

  /** Ends what is open. */
  close(): Invocation[] {
    const over = this.#open
    this.#open = null
    return over === null ? [] : [over]
  }
}
