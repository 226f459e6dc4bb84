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
import { OPEN } from '../model/time.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { createWriter, type Writer } from './main.ts'
import { prepare } from './prepare.ts'
import { batchesOf, deliver } from './testing/deliver.ts'
import { type Delivery, history, type Told } from './testing/history.ts'
import { heldAt, instantsOf, type Known, staleIds } from './testing/oracle.ts'
import { type StoredRecord, sayRow, storedRecords } from './testing/records.ts'

const RUNS = 60

const HELD = `CYPHER 5 MATCH (:Object {cluster: $cluster})-[r WHERE r.from <= $time < r.to AND r.recordedFrom <= $known < r.recordedTo]->(:Object)
RETURN properties(r) AS r, type(r) AS kind`
const KNOWN = `CYPHER 5 MATCH (n:State|Event {cluster: $cluster}) RETURN n.id AS id, n.recordedAt AS recordedAt, n.arrival AS arrival, n.lane AS lane, n.stale AS stale`

interface Stored {
  readonly id: string
  readonly recordedAt: number
  readonly arrival: number
  readonly lane: string
  readonly stale: boolean | null
}

/** When each thing told was recorded, as the graph has it; fails where something is missing or too much. */
const readKnown = async (store: Store, cluster: string, told: readonly Told[]): Promise<Known> => {
  const { states, events, claims } = prepare({ cluster, lane: 0, observations: told, contexts: {} })
  const stored = await store.read<Stored>(KNOWN, { cluster })
  const recordedAt = new Map(stored.map((row) => [row.id, row.recordedAt]))
  const ids = [...states.map(({ view }) => view.id), ...[...events.values()].flat().map((event) => event.id)]
  assert.deepEqual([...recordedAt.keys()].sort(), ids.sort(), 'events and states in the graph')
  assert.equal(new Set(stored.map((row) => `${row.lane} ${row.arrival}`)).size, stored.length, 'an arrival came twice')
  const stale = stored.filter((row) => row.stale).map((row) => row.id)
  assert.deepEqual(stale.sort(), staleIds(states).sort(), 'stale states')
  const timeOf = (id: string) => recordedAt.get(id) as number
  const eventOf = told.filter((one) => one.type === 'event').map((event) => `${cluster}/${event.id}`)
  const claimed = claims.map((claim, index) => ({ claim, recordedAt: timeOf(eventOf[index] as string) }))
  return { states: states.map((state) => ({ state, recordedAt: timeOf(state.view.id) })), claims: claimed }
}

const assertSame = (got: readonly string[], expected: Iterable<string>, where: string): void => {
  const [a, b] = [[...got].sort().join('\n  '), [...expected].sort().join('\n  ')]
  if (a !== b) assert.fail(`${where}: got\n  ${a}\nexpected\n  ${b}`)
}

/** Asks the graph at every instant, as known at every time; a few of the questions in Cypher itself. Returns their number. */
const compare = async (store: Store, cluster: string, told: readonly Told[]): Promise<number> => {
  const known = await readKnown(store, cluster, told)
  const records = await storedRecords(store, cluster)
  for (const { r } of records) {
    assert.equal(r.end, Math.min(r.to, r.recordedTo), 'end')
    assert.ok(r.from < r.to && r.recordedFrom < r.recordedTo, `an empty record: ${JSON.stringify(r)}`)
  }
  const stamps = new Set([...known.states, ...known.claims].map((row) => row.recordedAt))
  const knownAts = [...stamps].flatMap((stamp) => [stamp - 1, stamp]).concat(OPEN - 1)
  const times = instantsOf(known)
  let questions = 0
  for (const knownAt of knownAts)
    for (const time of times) {
      const held = records.filter(
        ({ r }) => r.from <= time && time < r.to && r.recordedFrom <= knownAt && knownAt < r.recordedTo,
      )
      const where = `at ${time} as known at ${knownAt}`
      const expected = heldAt(known, time, knownAt)
      assertSame(held.map(sayRow), expected, where)
      if (questions++ % 997 === 0) {
        const rows = await store.read<StoredRecord>(HELD, { cluster, time, known: knownAt })
        assertSame(rows.map(sayRow), expected, `${where}, in Cypher`)
      }
    }
  return questions
}

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
        await once(worker.stdout, 'data')
        await new Promise((resolve) => setTimeout(resolve, pause))
        worker.kill('SIGKILL')
        await once(worker, 'exit')
      }
      const writer: Writer = createWriter(store)
      for (const batch of batches) await writer.write(batch)
      return compare(store, cluster, given.told)
    })
    t.diagnostic(`${questions} questions asked`)
  })
})
