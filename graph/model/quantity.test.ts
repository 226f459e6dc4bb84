import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, millicoresOf } from './quantity.ts'

type Case = [told: string | number | undefined, expected: number | undefined]

test('bytes of all forms, whole and rounded up', () => {
  const cases: Case[] = [
    ['64Mi', 67_108_864],
    ['1.5Gi', 1_610_612_736],
    ['2', 2],
    [3, 3],
    ['+3', 3],
    ['1e3', 1000],
    ['1k', 1000],
    ['8.2k', 8200],
    ['0', 0],
    // As the API serves 0.3Gi, and 0.1 of a byte.
    ['322122547200m', 322_122_548],
    ['0.3Gi', 322_122_548],
    ['100m', 1],
    ['1n', 1],
    // 16.1 * 1000 is 16100.000000000002.
    ['16.1k', 16_100],
    ['8Pi', Number.MAX_SAFE_INTEGER],
    ['10Pi', Number.MAX_SAFE_INTEGER],
    ['8E', Number.MAX_SAFE_INTEGER],
    ['1e400', Number.MAX_SAFE_INTEGER],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740990', 9_007_199_254_740_990],
    ...['lots', '5Xi', '', '-1', '1.2.3', '.', undefined].map((text): Case => [text, undefined]),
  ]
  for (const [text, value] of cases) assert.equal(bytesOf(text), value, String(text))
})

test('millicores, whole and rounded up', () => {
  const cases: Case[] = [
    ['250m', 250],
    ['2', 2000],
    ['0.5', 500],
    ['1.001', 1001],
    ['100u', 1],
    ['15500250u', 15_501],
    ['9E', Number.MAX_SAFE_INTEGER],
    ['', undefined],
  ]
  for (const [text, value] of cases) assert.equal(millicoresOf(text), value, String(text))
})

test('a whole number of bytes is the same in thousandths', () => {
  for (let bytes = 1; bytes < 1e15; bytes = bytes * 3 + 1) assert.equal(bytesOf(`${bytes}000m`), bytes)
})
