import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockOf, SECOND } from './time.ts'

/** A wall clock (whole ms) and a steady one, which tests set. */
const clocks = () => {
  const at = { wall: 1_000_000, steady: 5_000.25 }
  return {
    at,
    clock: clockOf(
      () => Math.trunc(at.wall),
      () => at.steady,
    ),
  }
}

test('a clock is as even as the steady one while the wall clock agrees to a quarter of a second', () => {
  const { at, clock } = clocks()
  const began = clock()
  for (const [wall, steady] of [
    [1_000_000.4, 5_000.75],
    [1_000_200, 5_001],
    [999_900, 5_002],
  ] as const) {
    Object.assign(at, { wall, steady })
    assert.equal(clock() - began, Math.round((steady - 5_000.25) * 1_000))
  }
})

test('after the wall clock was set, or the machine slept, it goes on from there; back only where that was set back', () => {
  const { at, clock } = clocks()
  const began = clock()
  // Asleep for an hour: the steady clock did not count it.
  at.wall += 3_600_000 + 10
  at.steady += 10
  assert.equal(clock() - began, 3600 * SECOND + 10_000)
  at.wall += 5 - 60_000
  at.steady += 5
  assert.equal(clock() - began, 3540 * SECOND + 15_000)
})

test('a process that is stopped between two readings takes that for no jump', () => {
  let wall = 1_000_000
  let steady = 0
  let stopped = 0
  const clock = clockOf(
    () => wall + stopped,
    () => {
      const read = steady
      // Between this reading and the next 10 s pass.
      steady += stopped
      return read
    },
  )
  const began = clock()
  stopped = 10_000
  const during = clock()
  assert.ok(during - began <= 2 * 10 * SECOND)
  wall += steady
  stopped = 0
  assert.ok(Math.abs(clock() - (began + steady * 1_000)) <= 1_000)
})
