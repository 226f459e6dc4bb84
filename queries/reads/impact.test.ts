/** What an occurrence cost, by what was told of the time before it and what was not. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { healthy, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { impact } from './impact.ts'
import { KNOWN_NOW } from './read.ts'

const KILL = 1_790_000_000 * SECOND

describe('the impact', () => {
  const cluster = testCluster()
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  const ask = async () => {
    const affected = [
      { role: 'workload', object: { key: `${cluster}/d1`, cluster, kind: 'Workload' } },
      { role: 'service', object: { key: `${cluster}/s1`, cluster, kind: 'Service' } },
    ] as const
    const found = await impact(store, affected, { at: KILL, asked: KILL + 5 * MINUTE, known: KNOWN_NOW })
    return found.map(({ role, before, fewest, after }) => ({ role, before, fewest, after }))
  }

  test('was never told where Kubernetes was first seen after it: what was left then is not what there had been', async () => {
    const after = outOfMemory(KILL).filter(({ type }) => type === 'state')
    await loadRecording(store, recordingOf(after), cluster)
    assert.deepEqual(await ask(), [
      { role: 'workload', before: null, fewest: 2, after: 3 },
      { role: 'service', before: null, fewest: null, after: 3 },
    ])
    await loadRecording(store, recordingOf(healthy(KILL - MINUTE)), cluster)
    assert.deepEqual(await ask(), [
      { role: 'workload', before: 3, fewest: 2, after: 3 },
      { role: 'service', before: 3, fewest: 2, after: 3 },
    ])
  })
})
