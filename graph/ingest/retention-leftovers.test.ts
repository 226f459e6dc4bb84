import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { readDocument } from '../model/document.ts'
import { MINUTE, OPEN, SECOND } from '../model/time.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { loadRecording } from './main.ts'
import { clocks, retain, sweep } from './retention.ts'

/** A pod that came, was killed and went, all in a minute; and a node of which only an event tells. */
const recording = readDocument(
  `
title: A short life
start: 2026-01-01T10:00:00Z
contexts:
  k: {namespace: shop, podName: p, podUid: Pod/shop/p}
coverage:
  - {source: kubernetes@cluster, from: -60s, to: +0s}
observations:
  - {state: ReplicaSet/shop/rs, at: -60s}
  - state: Pod/shop/p
    at: -60s
    relations: [OWNS: {from: ReplicaSet/shop/rs}, RUNS_ON: Node/n1, HOLDS: Address/10.0.0.1, RUNS: {to: Container/c1}]
  - {state: Container/c1, at: -59s, source: ebpf@node-1, pod: Pod/shop/p, relations: [RUNS: {from: Pod/shop/p}]}
  - {event: oom-kill, at: -30s, object: Container/c1, pod: Pod/shop/p, containerName: app, contextKey: k}
  - {event: node-condition-changed, at: -20s, object: Node/n1, fields: {condition: Ready, status: 'False'}}
  - {gap: ebpf@node-1, from: -10s, to: -9s, reason: disconnected}
  - {state: Pod/shop/p, at: -2s, deleted: true}
  - {state: ReplicaSet/shop/rs, at: -1s, deleted: true}
`,
  'test.yaml',
)

describe('retention', () => {
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
  const labels = async (cluster: string): Promise<Record<string, number>> => {
    const rows = await store.read<{ label: string; count: number }>(
      'CYPHER 5 MATCH (n {cluster: $cluster}) WHERE NOT n:Lane RETURN labels(n)[0] AS label, count(*) AS count ORDER BY label',
      { cluster },
    )
    return Object.fromEntries(rows.map(({ label, count }) => [label, count]))
  }
  const sweepAt = (cluster: string, seconds: number) =>
    sweep(store, cluster, { at: recording.start + seconds * SECOND, known: OPEN - 1 }, 0)

  it('takes all of what is gone, whatever referred to it', async () => {
    const cluster = await loaded()
    await sweepAt(cluster, 10)
    assert.deepEqual(await labels(cluster), { Horizon: 1 })
  })

  it('leaves what still refers, and what is referred to', async () => {
    const cluster = await loaded()
    await sweepAt(cluster, -25)
    const { State, Event, Context, Object: objects } = await labels(cluster)
    // Of the pod, the ReplicaSet and the container the last state before, and the two deletions; the kill for its context.
    assert.deepEqual({ State, Event, Context, objects }, { State: 5, Event: 2, Context: 1, objects: 5 })
    await sweepAt(cluster, -25)
    const names = await store.read<{ key: string }>(
      'CYPHER 5 MATCH (o:Object {cluster: $cluster}) RETURN o.key AS key ORDER BY key',
      { cluster },
    )
    assert.deepEqual(
      names.map(({ key }) => key.slice(cluster.length + 1)),
      ['10.0.0.1', 'Node/n1', 'Pod/shop/p', 'ReplicaSet/shop/rs', 'c1'],
    )
  })

  it('goes by what the sources of a cluster have told: a recording does not rot', async () => {
    const cluster = await loaded()
    const before = await labels(cluster)
    const { recordedAt } = (await clocks(store)).find((each) => each.cluster === cluster)!
    const swept = (events: number) => retain(store, { cluster, recordedAt }, { events, incidents: events }, () => false)
    assert.equal(await swept(10 * MINUTE), null)
    assert.deepEqual(await labels(cluster), before)
    assert.ok((await swept(10 * SECOND))?.events)
  })
})
