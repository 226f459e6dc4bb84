/** One line of the table that `npm run bench` prints. A ratio compares two ways side by side in one run, since the machine is noisy. */
export interface Row {
  readonly what: string
  /** The figure as measured. */
  readonly value: number
  /** `x` for a ratio, `ms`, `events/s`, `MB`, ... */
  readonly unit: string
  /** What DESIGN allows; absent for figures without a budget. */
  readonly budget?: { readonly atLeast: number } | { readonly atMost: number }
  /** What was compared with what, how many, and the absolute figures behind a ratio. */
  readonly detail: string
}

/** A benchmark is a file of this folder with `bench`; it is found by being here. */
export interface Benchmark {
  readonly bench: () => Promise<Row[]>
}

/** Whether the figure keeps its budget; null where there is none. */
export const within = (row: Row): boolean | null => {
  if (row.budget === undefined) return null
  return 'atLeast' in row.budget ? row.value >= row.budget.atLeast : row.value <= row.budget.atMost
}
