import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { neo4jForTest } from '../../test/support/servers.ts'
import type { Batch } from '../model/batch.ts'
import type { Observation } from '../model/observation.ts'
import { batchOf, eventOf, heartbeatOf } from '../queue/testing/observations.ts'
import { openStore, type Store } from '../store/main.ts'
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
      const parts = await isolate(batchOf(0, all), new Error('first'), write, true)
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
      assert.deepEqual(kept, expected)
    }),
  )
})

test('what is refused and taken a moment later, alone too, is written', async () => {
  const written: string[] = []
  let refusals = 3
  const write = async ({ observations }: Batch) => {
    if (observations.some((each) => idOf(each) === '1') && refusals-- > 0) throw new Error('an object was removed')
    written.push(...observations.map(idOf))
  }
  assert.deepEqual(await isolate(batchOf(0, [eventOf(0), eventOf(1)]), new Error('first'), write, true), [])
  assert.deepEqual(written, ['0', '1'])
})

/** A store that answers, where one observation needs more time than it gets, or a connection that is gone. */
describe('on a real store', () => {
  let store: Store
  let cut: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    cut = openStore({ uri: 'bolt://127.0.0.1:9', user: 'neo4j', password: 'none' })
  })
  after(async () => {
    await store.close()
    await cut.close()
  })
  const all = [eventOf(0), eventOf(1), eventOf(2), eventOf(3)]
  const slow = 'CYPHER 5 UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(*) AS n'
  const timeOut = () => store.read(slow, {}, 20)
  const failureOf = (failing: Promise<unknown>): Promise<Error> =>
    failing.then(
      () => assert.fail('it did not fail'),
      (error: Error) => error,
    )

  test('what always takes too long, alone too, is set aside in the end; what did so some times is written', async () => {
    const written: string[] = []
    const tries = new Map<string, number>()
    const write = async ({ observations }: Batch) => {
      const ids = observations.map(idOf)
      const name = ids.join()
      tries.set(name, (tries.get(name) ?? 0) + 1)
      if (ids.includes('1') || (name === '2' && tries.get(name)! < 3)) await timeOut()
      written.push(...ids)
    }
    // 2 and 3 together fail as well, so that 2 is tried alone
    const together = async (batch: Batch) => {
      if (batch.observations.length > 1) await timeOut()
      await write(batch)
    }
    const rejected = await isolate(batchOf(0, all), await failureOf(timeOut()), together, true)
    assert.deepEqual(
      rejected.map(({ batch }) => batch.observations.map(idOf)),
      [['1']],
    )
    assert.match(rejected[0]!.reason, /terminated|timed ?out/i)
    assert.deepEqual(written, ['0', 'loss 1', '2', '3'])
    assert.deepEqual([tries.get('1'), tries.get('2')], [5, 3])
  })

  test('a store that is away ends the search: all of it comes again, and nothing is lost', async () => {
    const asked: string[] = []
    const write = async ({ observations }: Batch) => {
      asked.push(observations.map(idOf).join())
      if (observations.some((each) => idOf(each) === '1')) await cut.verify()
    }
    await assert.rejects(isolate(batchOf(0, all), await failureOf(timeOut()), write, true), /cannot reach Neo4j/)
    assert.deepEqual(asked, ['', '0,1'])
  })

  test('a store that takes nothing at all is no fault of what it was given', async () => {
    const write = async () => {
      throw new Error('no room on the disk')
    }
    await assert.rejects(isolate(batchOf(0, all), new Error('first'), write, true), /first/)
  })

  test('a loss that the store can not take now is not left out: all of it comes again', async () => {
    let away = false
    const write = async ({ observations }: Batch) => {
      const ids = observations.map(idOf)
      if (ids.includes('1')) throw new Error('refused')
      if (ids.includes('loss 1')) away = true
      if (away) await cut.verify()
    }
    await assert.rejects(isolate(batchOf(0, all), new Error('first'), write, true), /cannot reach Neo4j/)
  })
})

test('before its time nothing that validation lets pass is set aside', async () => {
  const write = async () => assert.fail('it is not even asked')
  await assert.rejects(isolate(batchOf(0, [eventOf(1)]), new Error('refused'), write, false), /refused/)
})
