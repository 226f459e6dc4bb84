/** Times as people give and read them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromRfc3339, MINUTE, SECOND, toRfc3339 } from '../../../graph/model/time.ts'
import { clockOf, parseTime } from './time.ts'

const NOW = fromRfc3339('2026-11-24T14:05:00Z')!
const said = (text: string): string | null => {
  const time = parseTime(text, NOW)
  return time === null ? null : toRfc3339(time)
}
/** The machine's own zone, whichever it is. */
const local = (text: string): string => toRfc3339(new Date(text).getTime() * 1_000)

test('a time is taken as it was meant', () => {
  assert.equal(said('2026-11-24T14:02:10.812043Z'), '2026-11-24T14:02:10.812043Z')
  assert.equal(said('2026-11-24T14:02:10+02:00'), '2026-11-24T12:02:10.000000Z')
  assert.equal(said('2026-11-24'), local('2026-11-24T00:00:00'))
  assert.equal(said('2026-11-24 14:02'), local('2026-11-24T14:02:00'))
  assert.equal(said('2026-11-24T14:02:10'), local('2026-11-24T14:02:10'))
  assert.equal(said('2024-02-29T00:00:00Z'), '2024-02-29T00:00:00.000000Z')
  assert.equal(parseTime('-90s', NOW), NOW - 90 * SECOND)
  assert.equal(parseTime('-5m', NOW), NOW - 5 * MINUTE)
  assert.equal(parseTime(String(NOW), 0), NOW)
  const clock = new Date(NOW / 1_000)
  clock.setHours(0, 0, 1, 0)
  assert.equal(parseTime('00:00:01', NOW), clock.getTime() * 1_000)
})

test('what is no time is refused, not taken for another one', () => {
  for (const text of [
    ...['25:99', '24:30', '24:00', '14:60', '14:02:60', '2026-02-30T00:00:00Z', '2026-02-30', '2026-02-29 10:00'],
    ...['2026-13-01', '2026-11-24T', '2026-11-24T14:02Z', '14:02Z', '', 'yesterday', '-5', '2026-11-24T25:00:00Z'],
  ])
    assert.equal(said(text), null, text)
  assert.equal(fromRfc3339('2026-02-30T00:00:00Z'), null)
  assert.equal(fromRfc3339('2026-04-31T00:00:00+02:00'), null)
  assert.equal(fromRfc3339('2026-02-28T23:30:00-02:00'), fromRfc3339('2026-03-01T01:30:00Z'))
})

test('a time of day is the last one on the clock, on days that are shorter or longer too', () => {
  const zone = process.env.TZ
  process.env.TZ = 'Europe/Berlin'
  try {
    for (const [now, text, meant] of [
      // 24 hours before would be 14:00.
      ['2026-10-25T11:00:00Z', '13:00', '2026-10-24T11:00:00Z'],
      // ... and 12:00.
      ['2026-03-29T10:00:00Z', '13:00', '2026-03-28T12:00:00Z'],
      ['2026-03-29T10:00:00Z', '11:00', '2026-03-29T09:00:00Z'],
      // The clock went from 02:00 to 03:00, and showed it the day before.
      ['2026-03-29T10:00:00Z', '02:30', '2026-03-28T01:30:00Z'],
      ['2026-03-30T00:10:00Z', '02:30', '2026-03-28T01:30:00Z'],
      // It went from 03:00 back to 02:00, and showed it twice.
      ['2026-10-25T02:10:00Z', '02:40:10', '2026-10-25T01:40:10Z'],
      ['2026-10-25T01:10:00Z', '02:40:10', '2026-10-25T00:40:10Z'],
      ['2026-10-26T00:10:00Z', '02:30', '2026-10-25T01:30:00Z'],
    ] as const)
      assert.equal(toRfc3339(parseTime(text, fromRfc3339(now)!)!), toRfc3339(fromRfc3339(meant)!), `${text} at ${now}`)
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test('a time that can not be told is none', () => {
  for (const text of [
    '-99999999999d',
    '-20000000h',
    '9999999999999999',
    '1969-12-31T23:59:59Z',
    '9999-01-01T00:00:00Z',
  ])
    assert.equal(parseTime(text, NOW), null, text)
  assert.equal(parseTime('1970-01-01T00:00:00Z', NOW), 0)
})

test('a column tells the order within a second, and the day where that is another one', () => {
  const clock = clockOf(NOW, 'UTC')
  assert.equal(clock.stamped(NOW + 7_999, 0), '14:05:00.007')
  assert.equal(clock.stamped(NOW - 3 * 24 * 3600 * SECOND + 7_999, SECOND), 'Sat 14:05:00')
  assert.equal(clock.stamped(NOW - MINUTE, MINUTE), '14:04:00..14:05:00')
  assert.equal(clock.stamped(NOW - 24 * 3600 * SECOND, 24 * 3600 * SECOND), 'Mon 14:05:00..14:05:00')
  assert.equal(clock.stamp(NOW - 48 * 3600 * SECOND, 24 * 3600 * SECOND), '14:05:00..Mon 14:05:00')
})

test('a time that is the same to everybody can be given again', () => {
  const clock = clockOf(NOW, 'Asia/Tokyo')
  for (const text of ['2026-11-24T14:05:00Z', '2026-11-24T14:02:10.8Z', '2026-11-24T14:02:10.000043Z'])
    assert.equal(clock.utc(parseTime(text, NOW)!), text)
})

test('a time that stands alone names its zone', () => {
  assert.equal(clockOf(NOW, 'UTC').zoned(NOW), '14:05:00 UTC')
  assert.equal(clockOf(NOW, 'Asia/Tokyo').zone(NOW), 'GMT+9')
})
