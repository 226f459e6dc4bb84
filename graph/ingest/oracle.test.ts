/**
 * The writer against a real Neo4j and the brute-force oracle: whatever the order, cut, repetition and crashes of delivery,
 * the graph's relations equal the history's at every instant, as known at every earlier time.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, it, test } from 'node:test'
import fc from 'fast-check'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { RELATIONS } from '../model/generated/registry.ts'
import type { Declaration } from '../model/observation.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { createWriter, type Writer } from './main.ts'
import { compare } from './testing/compare.ts'
import { batchesOf, deliver } from './testing/deliver.ts'
import { type Delivery, history } from './testing/history.ts'

const RUNS = 60

test('histories declare relations of all kinds, and of one pair several that differ in properties', () => {
  const states = fc
    .sample(history(30), { numRuns: 100, seed: 1 })
    .flatMap(({ told }) => told.flatMap((each) => (each.type === 'state' ? each : [])))
  const kinds = new Set(states.flatMap(({ relations }) => relations.map(({ kind }) => kind)))
  assert.deepEqual([...kinds].sort(), Object.keys(RELATIONS).sort())
  const pairs = (relations: readonly Declaration[]) =>
    new Set(relations.map(({ kind, from, to }) => `${kind} ${from?.key} ${to?.key}`)).size
  assert.ok(states.some(({ relations }) => pairs(relations) < relations.length))
})

describe('the graph after a history', () => {
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(() => store.close())

  const ask = async (run: (cluster: string) => Promise<number>): Promise<number> => {
    const cluster = testCluster()
    try {
      return await run(cluster)
    } finally {
      await removeCluster(store, cluster)
    }
  }

  it('equals it, however it was told and whatever crashed', async (t) => {
    let questions = 0
    const property = fc.asyncProperty(history(30), async ({ told, deliveries }) => {
      questions += await ask(async (cluster) => {
        for (const delivery of deliveries) await deliver(store, cluster, delivery)
        return compare(store, cluster, told)
      })
    })
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true })
    t.diagnostic(`${questions} questions asked of ${RUNS} histories`)
  })

  it('equals it, with two writers on one lane at once', async (t) => {
    let questions = 0
    const property = fc.asyncProperty(history(30), async ({ told, deliveries }) => {
      questions += await ask(async (cluster) => {
        const half = Math.ceil(deliveries.length / 2)
        const one = async (own: readonly Delivery[]) => {
          for (const delivery of own) await deliver(store, cluster, delivery)
        }
        await Promise.all([
          one(deliveries.slice(0, half)),
          one(deliveries.slice(half)),
          one(deliveries.slice(0, half).reverse()),
        ])
        return compare(store, cluster, told)
      })
    })
    await fc.assert(property, { numRuns: RUNS / 4, endOnFailure: true })
    t.diagnostic(`${questions} questions asked of ${RUNS / 4} histories`)
  })

  it('equals it, with workers killed by SIGKILL while they write', async (t) => {
    const [given] = fc.sample(history(60), { numRuns: 1, seed: 7 })
    assert.ok(given)
    const questions = await ask(async (cluster) => {
      const batches = given.deliveries.flatMap(({ observations }) => batchesOf(cluster, observations))
      for (const pause of [5, 20, 60, 150]) {
        const worker = spawn(process.execPath, [join(import.meta.dirname, 'testing/worker.ts')], {
          env: { ...process.env, AITIA_TEST_NEO4J: JSON.stringify(await neo4jForTest()) },
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        worker.stdin.on('error', () => {})
        worker.stdin.end(JSON.stringify(batches))
        // Whichever comes first: one that could not begin ends without a word.
        let hasBegun = false
        worker.stdout.once('data', () => {
          hasBegun = true
        })
        const exited = once(worker, 'close')
        await Promise.race([once(worker.stdout, 'data'), exited])
        assert.ok(hasBegun, 'the worker ended by itself')
        await new Promise((resolve) => setTimeout(resolve, pause))
        worker.kill('SIGKILL')
        await exited
      }
      const writer: Writer = createWriter(store)
      for (const batch of batches) await writer.write(batch)
      return compare(store, cluster, given.told)
    })
    t.diagnostic(`${questions} questions asked`)
  })
})
