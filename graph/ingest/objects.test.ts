/** What is known of an object does not depend on how it was told: not on the order, nor on who tells it at the same time. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { LANES } from '../model/batch.ts'
import { laneOf, type ObjectRef, type StateObservation } from '../model/observation.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { createWriter, type Writer } from './main.ts'
import { type ObjectRow, objectRow, saysMore, united } from './objects.ts'

const text = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined })

/** One says something of the workload `w`: its own state, or a pod that it owns. */
const saying = fc.record({
  own: fc.boolean(),
  name: text,
  namespace: text,
  missing: fc.boolean(),
  pod: fc.integer({ min: 0, max: 4 }),
})
type Saying = typeof saying extends fc.Arbitrary<infer T> ? T : never
const sayings = fc.array(saying, { minLength: 1, maxLength: 6 })

const refOf = ({ own, name, namespace, missing }: Saying): ObjectRef => ({
  ...{ kind: 'Workload', key: 'w', workloadKind: 'Rollout' },
  ...(name === undefined ? {} : { name }),
  ...(namespace === undefined ? {} : { namespace }),
  ...(missing && !own ? { missing: true } : {}),
})

const stateOf = (said: Saying, at: number): StateObservation => {
  const told = { type: 'state', at, version: 0, uncertainty: 0, source: 'kubernetes@cluster' } as const
  if (said.own) return { ...told, object: refOf(said), body: { labels: [], workloadKind: 'Rollout' }, relations: [] }
  return {
    ...told,
    object: { kind: 'Pod', key: `p${said.pod}`, name: 'p', namespace: 'shop' },
    body: { labels: [], phase: '', ready: true },
    relations: [{ kind: 'OWNS', from: refOf(said) }],
  }
}

const rowOf = (said: Saying): ObjectRow => objectRow('w', '', refOf(said), said.own && said.name !== undefined)

/** By its own states if any names it, else by all: the smallest of each text. */
const expected = (all: readonly Saying[]) => {
  const own = all.filter((said) => said.own && said.name !== undefined)
  const smallest = (name: 'name' | 'namespace') =>
    (own.length > 0 ? own : all).flatMap((said) => said[name] ?? []).sort()[0] ?? null
  const missing = all.every((said) => said.missing && !said.own) || null
  return { name: smallest('name'), namespace: smallest('namespace'), missing }
}

const isOf = ({ name, namespace, missing }: ObjectRow) => ({ name, namespace, missing })

describe('an object of which several speak', () => {
  let store: Store
  let writer: Writer
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    writer = createWriter(store)
  })
  after(() => store.close())

  const write = (cluster: string, state: StateObservation) =>
    writer.write({ cluster, lane: laneOf(state.object.key, LANES), observations: [state], contexts: {} })

  const known = async (tell: (cluster: string) => Promise<unknown>) => {
    const cluster = testCluster()
    try {
      await tell(cluster)
      const [row] = await store.read(
        'CYPHER 5 MATCH (w:Object {key: $key}) RETURN w.name AS name, w.namespace AS namespace, w.missing AS missing',
        { key: `${cluster}/w` },
      )
      return row
    } finally {
      await removeCluster(store, cluster)
    }
  }

  it('is what they say together', () => {
    const property = fc.property(sayings, (all) => {
      const rows = all.map(rowOf)
      const whole = rows.reduce(united)
      assert.deepEqual(isOf(whole), expected(all))
      assert.deepEqual(rows.toReversed().reduce(united), whole)
      for (const row of rows) assert.equal(saysMore(row, whole), false)
    })
    fc.assert(property)
  })

  it('is that in the graph too, told one by one, all in one batch, or all at once', async () => {
    const property = fc.asyncProperty(sayings, async (all) => {
      const states = all.map(stateOf)
      const lanes = Map.groupBy(states, (state) => laneOf(state.object.key, LANES))
      const oneByOne = await known(async (cluster) => {
        for (const state of states) await write(cluster, state)
      })
      const inBatches = await known(async (cluster) => {
        for (const [lane, observations] of lanes) await writer.write({ cluster, lane, observations, contexts: {} })
      })
      const atOnce = await known((cluster) => Promise.all(states.map((state) => write(cluster, state))))
      for (const row of [oneByOne, inBatches, atOnce]) assert.deepEqual(row, expected(all))
    })
    await fc.assert(property, { numRuns: 20, endOnFailure: true })
  })

  it('is locked in one order: who tells of the same ones at once waits, and none is thrown back', async () => {
    const cluster = testCluster()
    let tries = 0
    const counting: Store = {
      ...store,
      write: (work) =>
        store.write((transaction) => {
          tries++
          return work(transaction)
        }),
    }
    const twins = createWriter(counting)
    // Both tell of all workloads and nodes; the first in the order of keys is a workload for the one, a node for the other.
    const told = (first: 'Workload' | 'Node', lane: number, round: number): Promise<unknown> => {
      const refs = Array.from({ length: 60 }, (_, index): [ObjectRef, ObjectRef] => [
        { kind: 'Workload', key: `w-${round}-${index}`, workloadKind: 'Deployment' },
        { kind: 'Node', key: `n-${round}-${index}` },
      ])
      const own: [ObjectRef, ObjectRef] = [
        { kind: 'Workload', key: `${first === 'Workload' ? 'a' : 'z'}-w-${round}`, workloadKind: 'Deployment' },
        { kind: 'Node', key: `${first === 'Node' ? 'a' : 'z'}-n-${round}` },
      ]
      const pods = Array.from({ length: 2_000 }, (_, index) => `p-${round}-${index}`).filter(
        (key) => laneOf(key, LANES) === lane,
      )
      const observations = [own, ...refs].map(
        ([workload, node], index): StateObservation => ({
          ...{ type: 'state', at: 1, version: 0, uncertainty: 0, source: 'kubernetes@cluster' },
          object: { kind: 'Pod', key: pods[index]!, name: 'p', namespace: 'shop' },
          body: { labels: [], phase: '', ready: true },
          relations: [
            { kind: 'OWNS', from: workload },
            { kind: 'RUNS_ON', to: node },
          ],
        }),
      )
      return twins.write({ cluster, lane, observations, contexts: {} })
    }
    try {
      for (let round = 0; round < 10; round++) await Promise.all([told('Workload', 0, round), told('Node', 1, round)])
      assert.equal(tries, 20)
    } finally {
      await removeCluster(store, cluster)
    }
  })
})
