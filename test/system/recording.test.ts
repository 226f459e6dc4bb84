/** Recordings of real incidents end in the incident that they say, in whatever order they arrive. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readDocument } from '../../graph/model/document.ts'
import { runPattern } from '../../queries/engine/correlator.ts'
import { compare, outcomesOf } from '../../queries/engine/main.ts'
import { conclusionsOf, containerOom, graphForTest, inCluster } from '../../queries/engine/testing.ts'

const folder = join(import.meta.dirname, '../recordings')

describe('recordings', async () => {
  const store = await graphForTest()

  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const recording = readDocument(readFileSync(join(folder, file), 'utf8'), file)
    const expected = recording.expect ?? []

    test(`${file}: what it expects is found`, async () => {
      assert.ok(expected.length > 0, 'a recording says what must come of it')
      await inCluster(store, async (cluster, load) => {
        await load(recording)
        await runPattern(store, cluster, containerOom)
        assert.deepEqual(compare(expected, await outcomesOf(store, cluster, containerOom)), [])
      })
    })

    test(`${file}: shuffled, doubled and evaluated in between, it ends the same`, async () => {
      const conclude = (parts: readonly (readonly number[])[]) =>
        inCluster(store, async (cluster, load) => {
          for (const part of parts) {
            await load(recording, part)
            await runPattern(store, cluster, containerOom)
          }
          return conclusionsOf(store, cluster)
        })
      const all = recording.observations.map((_, index) => index)
      const straight = await conclude([all])
      const anyOrder = fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })
      await fc.assert(
        fc.asyncProperty(anyOrder, fc.integer({ min: 1, max: 4 }), async (order, parts) => {
          const size = Math.ceil(order.length / parts)
          const cut = Array.from({ length: parts }, (_, part) => order.slice(part * size, (part + 1) * size))
          assert.deepEqual(await conclude(cut), straight)
        }),
        { numRuns: 4, endOnFailure: true },
      )
    })
  }
})
