import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { readAhead } from './read-ahead.ts'

async function* from(pieces: number[][], error?: Error): AsyncGenerator<number[]> {
  for (const piece of pieces) {
    await turn()
    yield piece
  }
  if (error) throw error
}

/** Enough turns for all that may be read to have been read. */
const meanwhile = async (): Promise<void> => {
  for (let count = 0; count < 50; count++) await turn()
}

test('what arrives while the consumer is at work is one piece, in order', async () => {
  const got: number[][] = []
  for await (const items of readAhead(from([[1], [2, 3], [], [4]]), 100)) {
    got.push(items)
    await meanwhile()
  }
  assert.deepEqual(got, [[1], [2, 3, 4]])
})

test('no more is read than the limit lets wait', async () => {
  let read = 0
  const pieces = async function* () {
    for (; read < 20; read++) {
      await turn()
      yield [read]
    }
  }
  const got: number[] = []
  for await (const items of readAhead(pieces(), 4)) {
    await meanwhile()
    got.push(...items)
    assert.ok(read < got.length + 4, `${read} were read, ${got.length} taken`)
  }
  assert.deepEqual(
    got,
    Array.from({ length: 20 }, (_, index) => index),
  )
})

test('what arrived before an error is told before it', async () => {
  const got: number[] = []
  const all = async () => {
    for await (const items of readAhead(from([[1], [2]], new Error('cut')), 100)) {
      got.push(...items)
      await meanwhile()
    }
  }
  await assert.rejects(all, /cut/)
  assert.deepEqual(got, [1, 2])
})

test('a consumer that goes leaves no error behind', async () => {
  for await (const _ of readAhead(from([[1], [2]], new Error('cut')), 100)) break
  await meanwhile()
})
