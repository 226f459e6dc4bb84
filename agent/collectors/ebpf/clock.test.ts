import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BootClock } from './clock.ts'

const SECOND_NS = 1e9
const sample = (seconds: number, offset: number) => ({ bootNs: seconds * SECOND_NS, offset, error: 1 })

test('a stamp is converted with the difference that was valid then', () => {
  const clock = new BootClock(sample(0, 7_000), sample(1e6, 1_000))
  for (let second = 1; second <= 5; second++) clock.sample(sample(1e6 + second, 1_000))
  assert.deepEqual(clock.toStamp((1e6 + 2.5) * SECOND_NS), { at: 1e12 + 2_500_000 + 1_000, uncertainty: 1 })
})

test('a step of the clock makes the stamps between two samples uncertain, and no others', () => {
  const clock = new BootClock(sample(1e6, 1_000), sample(1e6 + 1, 1_000))
  clock.sample(sample(1e6 + 2, 5_001_000))
  clock.sample(sample(1e6 + 3, 5_001_000))
  const between = clock.toStamp((1e6 + 1.5) * SECOND_NS)
  assert.deepEqual(between, { at: 1e12 + 1_500_000 + 1_000, uncertainty: 5_000_001 })
  assert.equal(clock.toStamp((1e6 + 2.5) * SECOND_NS).uncertainty, 1)
  assert.equal(clock.toStamp((1e6 + 0.5) * SECOND_NS).uncertainty, 1)
})

test("this machine's clocks are read to a few µs", () => {
  const clock = new BootClock()
  const { bootNs, error } = clock.last
  const { at, uncertainty } = clock.toStamp(bootNs)
  assert.ok(Math.abs(at - Date.now() * 1_000) < 1e6, `${at}`)
  assert.ok(uncertainty === error && error < 1_000)
})
