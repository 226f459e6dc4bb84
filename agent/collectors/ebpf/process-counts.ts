/** Execs and exits that are no events: the kernel counts them by cgroup, those damped apart, and we add them up. */
import type { Kernel } from '../../native/native.ts'

/** Members of `struct process_counts` in bpf/process.bpf.c. */
const FIELDS = ['execs', 'exits', 'failures', 'damped'] as const
/** The map has thousands of entries: ms between two readings. */
const EVERY = 10_000

/** Sums since the start of the session. */
export class ProcessCounts {
  readonly totals: Record<string, number> = {}
  readonly #kernel: Kernel
  #before: Map<bigint, number[]> | null = null
  #readAt = Number.NEGATIVE_INFINITY

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.read()
  }

  read(): void {
    if (performance.now() - this.#readAt < EVERY) return
    this.#readAt = performance.now()
    const { keys, values } = this.#kernel.read('process_counts')
    const cells = new BigUint64Array(values)
    const counts = new Map<bigint, number[]>()
    for (const [row, id] of new BigUint64Array(keys).entries())
      counts.set(
        id,
        FIELDS.map((_, field) => Number(cells[row * FIELDS.length + field])),
      )
    FIELDS.forEach((name, field) => {
      let sum = this.totals[`process.${name}`] ?? 0
      // the first reading only tells where the counts stand; an entry that was evicted begins at 0 again
      if (this.#before !== null)
        for (const [id, sums] of counts) {
          const before = this.#before.get(id)?.[field] ?? 0
          sum += sums[field]! >= before ? sums[field]! - before : sums[field]!
        }
      this.totals[`process.${name}`] = sum
    })
    this.#before = counts
  }
}
