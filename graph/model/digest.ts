/** Names that are made of content: equal for equal values, whoever makes them. */
import { hash } from 'node:crypto'

/** Text that is equal for equal values, whatever the order of names: JSON with its names sorted. */
export const canonical = (value: unknown): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .join(',')}}`
}

/** SHA-256 of the canonical text, as `digits` of hex: 16 of them collide in less than 10^-7 of cases among 10^6 values. */
export const digestOf = (value: unknown, digits = 16): string =>
  hash('sha256', canonical(value), 'hex').slice(0, digits)
