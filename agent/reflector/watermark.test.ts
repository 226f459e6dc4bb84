import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECOND } from '../../graph/model/time.ts'
import { Watermark } from './watermark.ts'

const bound = 20 * SECOND
const hour = 3600 * SECOND

/** A watch that has caught up and is read each second, from `from` for so many seconds. */
const read = (watermark: Watermark, from: number, seconds: number) => {
  for (let at = from; at <= from + seconds * SECOND; at += SECOND) {
    watermark.beat(at, SECOND)
    watermark.tick(at)
  }
}

test('a jump of the clock claims nothing of the time that was jumped over, until a watch has been open for the bound after it', () => {
  const watermark = new Watermark(bound)
  const begin = 1000 * SECOND
  watermark.opened(begin)
  read(watermark, begin, 60)
  assert.equal(watermark.value, begin + 40 * SECOND)
  const after = begin + 60 * SECOND + hour
  read(watermark, after, 19)
  assert.deepEqual([watermark.value, watermark.caughtUp], [begin + 40 * SECOND, false])
  read(watermark, after + 20 * SECOND, 1)
  assert.equal(watermark.value, after + SECOND)
})

test('a clock that is set back moves no watermark back; it goes on once the time is new again', () => {
  const watermark = new Watermark(bound)
  const begin = 10_000 * SECOND
  watermark.opened(begin)
  read(watermark, begin, 60)
  const claimed = watermark.value!
  read(watermark, begin - 100 * SECOND, 150)
  assert.equal(watermark.value, claimed)
  assert.equal(watermark.caughtUp, true)
  read(watermark, begin + 51 * SECOND, 30)
  assert.equal(watermark.value, begin + 61 * SECOND)
})
