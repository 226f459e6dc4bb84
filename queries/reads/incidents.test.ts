/** Lists of incidents, a page at a time, while more happens. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { Observation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createCorrelator, removeCluster } from '../engine/main.ts'
import { incidents } from './incidents.ts'

const START = 1_790_000_000 * SECOND
const DAY = 24 * 60 * MINUTE

/** The events of one kill, in a container of another name. */
const killOf = (containerName: string, at: number): Observation[] =>
  outOfMemory(at).flatMap((each) =>
    each.type === 'event' ? [{ ...each, id: `${each.id}-${containerName}`, containerName }] : [],
  )

describe('a list of incidents', async () => {
  const store = openStore(await neo4jForTest())
  const clusters: string[] = []
  await applySchema(store)
  after(async () => {
    for (const cluster of clusters) await removeCluster(store, cluster)
    await store.close()
  })
  const told = async (cluster: string, observations: readonly Observation[], until: number): Promise<void> => {
    if (!clusters.includes(cluster)) clusters.push(cluster)
    const beats = [KUBERNETES, EBPF].map((source) => heartbeat(source, START, until))
    await loadRecording(store, recordingOf([...observations, ...beats]), cluster)
    await createCorrelator({ store }).runOnce(cluster)
  }
  const names = ({ items }: Awaited<ReturnType<typeof incidents>>) => items.map(({ containerName }) => containerName)

  it('has those that occurred in the time asked for, not those that did before and after', async () => {
    const cluster = testCluster()
    const kills = [killOf('app', START + DAY), killOf('app', START + 5 * DAY), killOf('sidecar', START + 3 * DAY)]
    await told(cluster, [...healthy(START), ...kills.flat()], START + 6 * DAY)
    const within = async (from: number, to: number) =>
      names(await incidents(store, cluster, { from: START + from * DAY, to: START + to * DAY }))
    assert.deepEqual(await within(2.5, 3.5), ['sidecar'])
    assert.deepEqual(await within(0, 2), ['app'])
    assert.deepEqual(await within(4, 6), ['app'])
    assert.deepEqual(await within(0, 6), ['app', 'sidecar'])
  })

  it('leaves none out that occurs again while somebody pages', async () => {
    const cluster = testCluster()
    const all = ['a', 'b', 'c', 'd']
    const kills = all.map((name, index) => killOf(name, START + (40 - 10 * index) * MINUTE))
    await told(cluster, [...healthy(START), ...kills.flat()], START + 60 * MINUTE)
    const first = await incidents(store, cluster, {}, { first: 2 })
    assert.deepEqual(names(first), ['a', 'b'])
    // One that was shown, one that was not, and one that nobody knew of.
    const again = ['b', 'd', 'e'].map((name, index) => killOf(name, START + (70 + index) * MINUTE))
    await told(cluster, again.flat(), START + 80 * MINUTE)
    const second = await incidents(store, cluster, {}, { first: 1, after: first.endCursor! })
    const third = await incidents(store, cluster, {}, { first: 1, after: second.endCursor! })
    assert.deepEqual([names(second), names(third), third.endCursor], [['c'], ['d'], null])
    assert.deepEqual(names(await incidents(store, cluster)), ['e', 'd', 'b', 'a', 'c'])
  })
})
