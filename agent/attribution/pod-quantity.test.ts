import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantityOf } from './pod-quantity.ts'

test('quantities of all forms', () => {
  const cases: [string | number | undefined, number | undefined][] = [
    ['64Mi', 67_108_864],
    ['1.5Gi', 1_610_612_736],
    ['250m', 0.25],
    ['2', 2],
    [3, 3],
    ['1e3', 1000],
    ['12E', 12e18],
    ['1k', 1000],
    ['lots', undefined],
    ['5Xi', undefined],
    ['', undefined],
    [undefined, undefined],
  ]
  for (const [text, value] of cases) assert.equal(quantityOf(text), value, String(text))
})
