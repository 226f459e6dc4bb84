/** Times are integer microseconds since the epoch: exact in a double until the year 2255. */

export const MICROSECOND = 1
export const MILLISECOND = 1_000
export const SECOND = 1_000_000
export const MINUTE = 60 * SECOND

/** The open end of an interval: the largest integer that a double holds exactly. */
export const OPEN = Number.MAX_SAFE_INTEGER

/** By how much the wall clock may differ from what was counted before it counts as set anew, ms: its own reading is whole ms. */
const JUMP = 250

/**
 * A clock in µs since the epoch: as fine and even as the steady clock (ms, any origin), and in step with the wall clock (ms).
 * After that was set, or the machine slept (which the steady clock does not count), it goes on from where the wall clock is.
 */
export const clockOf = (wall: () => number, steady: () => number): (() => number) => {
  let origin = 0
  return () => {
    const before = steady()
    const off = wall() - (origin + before)
    // Unless this process was stopped between the two readings, which are not of one time then.
    if (Math.abs(off) > JUMP && steady() - before < 1) origin += off
    return Math.round((origin + steady()) * MILLISECOND)
  }
}

/** The current time in µs since the epoch. Goes back only where the wall clock is set back. */
export const now = clockOf(
  () => Date.now(),
  () => performance.timeOrigin + performance.now(),
)

/** Whether the month has that day: Date.parse takes 30 Feb for 2 Mar. */
const inCalendar = (time: string): boolean => {
  const day = time.slice(0, 10)
  return time.slice(8, 10) <= '28' || new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

/** µs of an RFC 3339 stamp as Kubernetes writes it (up to nanoseconds), or null where it is none. */
export const fromRfc3339 = (stamp: string): number | null => {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(stamp)
  if (parts === null) return null
  const seconds = Date.parse(`${parts[1]}${parts[3]}`)
  if (Number.isNaN(seconds) || !inCalendar(parts[1]!)) return null
  return seconds * MILLISECOND + Math.floor(Number((parts[2] ?? '').padEnd(6, '0').slice(0, 6)))
}

/** RFC 3339 in UTC with microseconds. */
export const toRfc3339 = (time: number): string => {
  const seconds = Math.floor(time / SECOND)
  const micros = String(time - seconds * SECOND).padStart(6, '0')
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${micros}Z`
}
