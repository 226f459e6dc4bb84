/** Every wait of the reflector, in milliseconds. Tests shorten them; nothing else should need to. */
export interface Timings {
  /** From the request to its first byte. */
  answer: number
  /** A whole page of a list. */
  page: number
  /** A WatchList from the request to its `initial-events-end`; past it the server does not speak WatchList, and lists are used. */
  initial: number
  /** The server is asked to end a watch after a random time in this range, so that watches spread over API servers. */
  watch: [number, number]
  /** How long after that our own deadline ends it: a server that does not keep its word is hung. */
  grace: number
  /** A watch without a byte is cut and resumed. kube-apiserver sends a bookmark about once a minute. */
  silence: number
  /** First and longest wait after an error. */
  backoff: [number, number]
  /** The longest that a Retry-After can make us wait. */
  retryAfter: number
  /** Wait after 401, 403 and 404, which do not heal by themselves. */
  refused: number
  /** A connection that ends sooner counts as a failure, however politely it ended. */
  steady: number
  /** See `watermark.ts`. */
  aliveBound: number
  /** How often the watermark is moved. */
  tick: number
}

export const defaultTimings: Timings = {
  answer: 30_000,
  page: 60_000,
  initial: 60_000,
  watch: [300_000, 600_000],
  grace: 5_000,
  silence: 150_000,
  backoff: [500, 30_000],
  retryAfter: 300_000,
  refused: 60_000,
  steady: 5_000,
  aliveBound: 15_000,
  tick: 1_000,
}

/** A random time between `low` and `high`. */
export const between = ([low, high]: [number, number]): number => low + Math.random() * (high - low)

/** The wait before try `failures` + 1: doubling up to the cap, of which a random half, so that a thousand agents do not come back at once. */
export const backoff = (failures: number, [first, cap]: [number, number]): number => {
  const full = Math.min(cap, first * 2 ** Math.min(failures - 1, 30))
  return between([full / 2, full])
}
