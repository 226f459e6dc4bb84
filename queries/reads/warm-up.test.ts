/** What is planned ahead is what will be asked: a statement that lacks a parameter would be left out without a word, one with a value of another type would be planned again. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, perform, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createCorrelator, removeCluster } from '../engine/main.ts'
import * as reads from './main.ts'
import { rehearsals } from './warm-up.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE
const END = KILL + 5 * MINUTE

const typeOf = (value: unknown): string =>
  value === null || value === undefined ? 'null' : Array.isArray(value) ? `list of ${typeOf(value[0])}` : typeof value

/** A statement with the types of its parameters; those that it does not have cost no plan. */
const shapeOf = (cypher: string, params: Readonly<Record<string, unknown>>): string => {
  const names = new Set([...cypher.matchAll(/\$(\w+)/g)].map(([, name]) => name!))
  return `${[...names].map((name) => `$${name}: ${typeOf(params[name])}`).join(', ')}\n${cypher}`
}

describe('the warm-up of an API', () => {
  const cluster = testCluster()
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), ...beats]), cluster)
    await createCorrelator({ store }).runOnce(cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  it('runs each statement', async () => {
    for (const each of rehearsals()) await perform(store, each)
  })

  it('has all that the answers ask', async () => {
    const asked = new Set<string>()
    const reader: reads.Reader = {
      read: (cypher, params) => {
        const nothing = Object.values(params ?? {}).some((value) => Array.isArray(value) && value.length === 0)
        if (!nothing) asked.add(shapeOf(cypher, params ?? {}))
        return store.read(cypher, params)
      },
    }
    const of = { cluster, kind: 'deployment', name: 'checkout', namespace: 'shop', at: END }
    const size = { depth: 8, most: 500 }
    const answer = await reads.why(reader, of)
    assert.equal(answer.result, 'incident')
    await reads.why(reader, { ...of, name: 'chekout' })
    const { items } = await reads.incidents(reader, cluster)
    await reads.occurrenceDetails(
      reader,
      items.map(({ id }) => id),
      reads.KNOWN_NOW,
    )
    await reads.incidentsById(
      reader,
      items.map(({ id }) => id),
    )
    await reads.topologyAround(reader, of, size)
    await reads.topologyOfNamespace(reader, { cluster, namespace: 'shop', at: END }, size)
    await reads.workload(reader, of)
    await reads.dependencies(reader, of, size)
    await reads.dependents(reader, { ...of, kind: 'node', name: 'node-1' }, size)
    await reads.whoHad(reader, { cluster, ip: '10.0.0.1', at: END })
    await reads.changes(reader, { ...of, from: START, to: END, around: true, first: 200 })
    await reads.eventsOf(reader, { ...of, from: START, first: 100 })
    await reads.sources(reader, cluster, { from: START, to: END, known: reads.KNOWN_NOW })
    await reads.clusters(reader)
    await reads.patternWork(reader, cluster)
    await reads.graphSize(reader, cluster)
    const planned = new Set(rehearsals().map((each) => shapeOf(each.cypher, each.params)))
    const missing = [...asked].filter((shape) => !planned.has(shape))
    assert.deepEqual(missing, [])
    assert.ok(asked.size > 50, `${asked.size}`)
  })
})
