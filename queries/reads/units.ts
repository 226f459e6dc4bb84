/** Quantities in words: one unit each, as few digits as tell it. */
import { MILLISECOND, MINUTE, SECOND } from '../../graph/model/time.ts'

const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** At most three digits that count. */
const short = (value: number): string =>
  value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : String(Number(value.toFixed(1)))

/** `256 MiB`, `1.5 GiB`, `812 B`. */
export const bytes = (count: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10))
  return `${short(count / 1024 ** power)} ${units[power]}`
}

/** A span in µs as `9 ms`, `12.6 s`, `4 min`, `2.5 h`, `6 d`. */
export const span = (micros: number): string => {
  const size = Math.abs(micros)
  if (size < MILLISECOND) return `${Math.round(micros)} µs`
  if (size < SECOND) return `${Math.round(micros / MILLISECOND)} ms`
  if (size < 2 * MINUTE) return `${short(micros / SECOND)} s`
  if (size < 2 * HOUR) return `${short(micros / MINUTE)} min`
  if (size < 2 * DAY) return `${short(micros / HOUR)} h`
  return `${Math.round(micros / DAY)} d`
}

/** `1 replica`, `3 replicas`. */
export const many = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`
