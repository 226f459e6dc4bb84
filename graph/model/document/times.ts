/** Times and spans as a document writes them. */
import type { Field } from '../define.ts'
import { fromRfc3339, MICROSECOND, MILLISECOND, MINUTE, SECOND } from '../time.ts'

const UNITS: Readonly<Record<string, number>> = {
  us: MICROSECOND,
  µs: MICROSECOND,
  ms: MILLISECOND,
  s: SECOND,
  m: MINUTE,
  h: 60 * MINUTE,
}
const AMOUNT = /^([+-]?)(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)$/

const amount = (text: string): number | null => {
  const parts = AMOUNT.exec(text)
  if (parts === null) return null
  return Math.round(Number(parts[2]) * (UNITS[parts[3] ?? ''] ?? 0)) * (parts[1] === '-' ? -1 : 1)
}

const refuse = (where: string, got: unknown, expected: string): never => {
  throw new Error(`${where}: got ${JSON.stringify(got) ?? 'nothing'}, expected ${expected}`)
}

/** µs since the epoch: a number as it is, `+1.5s` after `start`, `-3m` before it, or RFC 3339. */
export const timeOf = (where: string, value: unknown, start: number): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'string') {
    const time = /^[+-]/.test(value) ? amount(value) : null
    if (time !== null) return start + time
    const stamp = fromRfc3339(value)
    if (stamp !== null) return stamp
  }
  return refuse(where, value, 'a time: +1.5s, -3m, RFC 3339 or µs since the epoch')
}

/** µs: a number as it is, or `250ms`. */
export const spanOf = (where: string, value: unknown): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  return (typeof value === 'string' ? amount(value) : null) ?? refuse(where, value, 'a span: 250ms, 1.5s or µs')
}

/** Whether a field is a point in time, and not a span. */
export const isTimeField = (field: Field): boolean => field.unit === 'µs since the epoch'

/** A field's value with its times and spans resolved; others are left to the validator. */
export const resolved = (where: string, field: Field | undefined, value: unknown, start: number): unknown => {
  if (field?.unit === undefined) return value
  const resolve = (item: unknown): unknown => {
    if (isTimeField(field)) return timeOf(where, item, start)
    return field.unit === 'µs' && typeof item === 'string' ? spanOf(where, item) : item
  }
  return Array.isArray(value) ? value.map(resolve) : resolve(value)
}
