import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pressures } from './pressure.ts'

const SECOND_NS = 1e9
const second = (at: number, cgroupId = 1) => ({
  reclaims: 10,
  stalledNs: 1_000,
  firstNs: at * SECOND_NS,
  lastNs: (at + 0.9) * SECOND_NS,
  bootNs: (at + 1) * SECOND_NS,
  cpu: 0,
  sequence: at,
  cgroupId,
})

test('the first second is told at once, a day of it with a few events that miss no count', () => {
  const pressures = new Pressures()
  assert.equal(pressures.add(second(0))?.reclaims, 10)
  const day = 24 * 3_600
  const told = []
  for (let at = 1; at < day; at++) told.push(pressures.add(second(at)) ?? [])
  const events = told.flat()
  assert.ok(events.length > 3 && events.length <= 11, `${events.length} events`)
  const rest = pressures.beforeKill(1)
  const counted = [...events, rest!].reduce((sum, { reclaims }) => sum + reclaims, 0)
  assert.equal(counted, (day - 1) * 10)
  assert.equal(events[1]?.countedFromNs, events[0]!.firstNs + SECOND_NS)
  assert.equal(rest?.firstNs, (day - 1) * SECOND_NS, 'it is about the second before the kill')
  assert.equal(pressures.beforeKill(1), null)
})

test('cgroups are told apart, and a pause of an hour makes news', () => {
  const pressures = new Pressures()
  assert.ok(pressures.add(second(0, 1)))
  assert.ok(pressures.add(second(1, 2)))
  assert.equal(pressures.add(second(2, 1)), null)
  assert.ok(pressures.add(second(3_700, 1)))
  pressures.removed(2)
  assert.ok(pressures.add(second(3_701, 2)))
})

test('what was summed up while no agent ran is of its end, and counted from its begin', () => {
  const pressures = new Pressures()
  const hours = { ...second(0), lastNs: 7_200 * SECOND_NS }
  const { firstNs, lastNs, countedFromNs, reclaims } = pressures.add(hours)!
  assert.deepEqual([firstNs, lastNs, countedFromNs, reclaims], [7_200 * SECOND_NS, 7_200 * SECOND_NS, 0, 10])
  assert.equal(pressures.add(second(7_201)), null, 'it was no pause')
  const next = pressures.beforeKill(1)
  assert.deepEqual([next?.firstNs, next?.countedFromNs], [7_201 * SECOND_NS, 7_201 * SECOND_NS])
})
