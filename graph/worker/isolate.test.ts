import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Batch } from '../model/batch.ts'
import type { Observation } from '../model/observation.ts'
import { batchOf, eventOf, heartbeatOf } from '../queue/testing/observations.ts'
import { isolate } from './isolate.ts'

const idOf = (observation: Observation): string => {
  if (observation.type === 'event') return observation.id
  return observation.type === 'heartbeat'
    ? `heartbeat ${observation.watermark}`
    : `loss ${(observation as { from: number }).from}`
}

/** Keeps a batch whole or refuses it, as the writer does. */
const storeWithout = (bad: ReadonlySet<string>) => {
  const kept: string[] = []
  const write = async ({ observations }: Batch) => {
    const refused = observations.map(idOf).filter((id) => bad.has(id))
    if (refused.length > 0) throw new Error(`refused: ${refused.join(', ')}`)
    kept.push(...observations.map(idOf))
  }
  return { kept, write }
}

test('all but the bad is written, in order, with a loss in the place of each', async () => {
  const observations = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(observations, async (shapes) => {
      const all = shapes.map(([, isEvent], index) => (isEvent ? eventOf(index) : heartbeatOf(index)))
      const bad = new Set(all.filter((_, index) => shapes[index]![0]).map(idOf))
      fc.pre(bad.size > 0)
      const { kept, write } = storeWithout(bad)
      const parts = await isolate(batchOf(0, all), new Error('first'), write, () => true)
      assert.deepEqual(
        parts.map((part) => part.batch.observations.map(idOf)),
        all
          .map(idOf)
          .filter((id) => bad.has(id))
          .map((id) => [id]),
      )
      const expected = all.flatMap((each) => {
        if (!bad.has(idOf(each))) return [idOf(each)]
        return each.type === 'event' ? [`loss ${each.at}`] : []
      })
      // A batch of one bad observation is not written again: the caller has tried it.
      assert.deepEqual(kept, expected)
    }),
  )
})

test('an error that passes ends the search: the whole batch comes again', async () => {
  const write = async () => {
    throw new Error('away')
  }
  const batch = batchOf(0, [eventOf(1), eventOf(2)])
  await assert.rejects(
    isolate(batch, new Error('first'), write, () => false),
    /away/,
  )
})
