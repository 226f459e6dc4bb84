/** What retention leaves of contexts: a pod that is quiet for longer than history is kept still has one. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { readDocument } from '../model/document.ts'
import { OPEN, SECOND } from '../model/time.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { loadRecording } from './main.ts'
import { sweep } from './retention.ts'

const context = (name: string) => `{namespace: shop, podName: ${name}, podUid: Pod/shop/${name}, labels: {told: KEY}}`
const contexts = Object.entries({ a: 'p', b: 'p', c: 'gone', d: 'late', e: 'p' })
  .map(([key, name]) => `  ${key}: ${context(name).replace('KEY', key)}`)
  .join('\n')
const document = (observations: string) =>
  readDocument(
    `title: Pods\nstart: 2026-01-01T10:00:00Z\ncontexts:\n${contexts}\nobservations:\n${observations}`,
    'test.yaml',
  )

const recording = document(`
  - {state: Pod/shop/p, at: -60s}
  - {event: process-exec, at: -50s, object: Container/c1, pod: Pod/shop/p, containerName: app, contextKey: a}
  - {event: memory-pressure, at: -40s, object: Container/c1, pod: Pod/shop/p, containerName: app, contextKey: b}
  - {event: memory-pressure, at: -35s, object: Container/c1, pod: Pod/shop/p}
  - {state: Pod/shop/gone, at: -60s}
  - {event: process-exec, at: -50s, object: Container/c2, pod: Pod/shop/gone, containerName: app, contextKey: c}
  - {state: Pod/shop/gone, at: -5s, deleted: true}
  - {event: process-exec, at: -30s, object: Container/c3, pod: Pod/shop/late, containerName: app, contextKey: d}
  - {state: Pod/shop/late, at: -10s}
`)

describe('retention of contexts', () => {
  const clusters: string[] = []
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(async () => {
    for (const cluster of clusters) await removeCluster(store, cluster)
    await store.close()
  })
  const loaded = async (): Promise<string> => {
    const cluster = testCluster()
    clusters.push(cluster)
    await loadRecording(store, recording, cluster)
    return cluster
  }
  const sweepAt = (cluster: string, seconds: number, known = OPEN - 1) =>
    sweep(store, cluster, { at: recording.start + seconds * SECOND, known }, 0)
  /** Keys of the contexts that are left, and of each event that is left its own. */
  const left = async (cluster: string) => {
    const [row] = await store.read<{ contexts: string[]; events: string[] }>(
      `CYPHER 5 OPTIONAL MATCH (c:Context {cluster: $cluster}) WITH c ORDER BY c.key WITH collect(c.key) AS contexts
OPTIONAL MATCH (e:Event {cluster: $cluster}) WITH contexts, e ORDER BY e.contextKey RETURN contexts, collect(coalesce(e.contextKey, 'none')) AS events`,
      { cluster },
    )
    return Object.values(row!).map((keys) => keys.map((key) => key.slice(key.lastIndexOf('/') + 1)).join(' '))
  }

  it('leaves the newest of each pod that was there at the horizon or came later', async () => {
    const cluster = await loaded()
    assert.deepEqual(await left(cluster), ['a b c d', 'a b c d none'])
    await sweepAt(cluster, -20)
    assert.deepEqual(await left(cluster), ['b c d', 'b c d'])
    await sweepAt(cluster, -1)
    assert.deepEqual(await left(cluster), ['b d', 'b d'])
    await sweepAt(cluster, 1_000_000)
    assert.deepEqual(await left(cluster), ['b d', 'b d'])
  })

  it('leaves also what was known before a later told one', async () => {
    const cluster = await loaded()
    const [{ known }] = (await store.read<{ known: number }>(
      'CYPHER 5 MATCH (e:Event {cluster: $cluster}) RETURN max(e.recordedAt) AS known',
      { cluster },
    )) as [{ known: number }]
    const late = document(
      '  - {event: memory-pressure, at: -25s, object: Container/c1, pod: Pod/shop/p, containerName: app, contextKey: e}',
    )
    await loadRecording(store, late, cluster)
    await sweepAt(cluster, -1, known)
    assert.deepEqual(await left(cluster), ['b d e', 'b d e'])
    await sweepAt(cluster, -1)
    assert.deepEqual(await left(cluster), ['d e', 'd e'])
  })
})
