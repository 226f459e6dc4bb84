/** K8sContext in GraphQL: what an event carried, and the newest that is known of a pod as of any time. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording, removeCluster } from '../../graph/ingest/main.ts'
import { readDocument } from '../../graph/model/document.ts'
import { toRfc3339 } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { createApi } from './main.ts'

const recording = readDocument(
  `
title: A pod whose limit was raised between two kills
start: 2026-01-01T10:00:00Z
contexts:
  before: {namespace: shop, podName: p, podUid: u, memoryLimit: 64, labels: {app: x}, owners: [{kind: Job, name: j, uid: v}]}
  after: {namespace: shop, podName: p, podUid: u, memoryLimit: 128, conditions: [{type: Ready, status: 'False'}]}
observations:
  - {event: oom-kill, at: +1s, object: Container/c1, pod: Pod/shop/p, contextKey: before}
  - {event: oom-kill, at: +3s, object: Container/c2, pod: Pod/shop/p, contextKey: after}
  - {event: process-exit, at: +5s, object: Container/c2, pod: Pod/shop/p}
`,
  'test.yaml',
)

describe('K8sContext', () => {
  const cluster = testCluster()
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    await loadRecording(store, recording, cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  const ask = async (query: string) => {
    const api = createApi({ store, cluster, log: () => {} })
    const answer = await api.fetch('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    const { data, errors } = (await answer.json()) as { data: never; errors?: { message: string }[] }
    assert.equal(errors, undefined)
    return data
  }

  test('is that of the event, and of a pod the newest as of a time', async () => {
    const at = (seconds: number) => `"${toRfc3339(recording.start + seconds * 1_000_000)}"`
    const [first] = (await store.read<{ id: string }>(
      'CYPHER 5 MATCH (e:OomKill {cluster: $cluster}) RETURN e.id AS id ORDER BY e.at LIMIT 1',
      { cluster },
    )) as [{ id: string }]
    const told = 'context(at: AT) { memoryLimit labels owners { kind name } conditions { type status reason } }'
    const data = await ask(`{
      event(id: "${first.id}") {
        context { podName memoryLimit zone }
        pod {
          never: ${told.replace('AT', at(0))}
          early: ${told.replace('AT', at(2))}
          late: ${told.replace('AT', at(9))}
          unknown: context(at: ${at(9)}, known: ${at(9)}) { podName }
        }
      }
    }`)
    assert.deepEqual(data, {
      event: {
        context: { podName: 'p', memoryLimit: 64, zone: null },
        pod: {
          never: null,
          early: { memoryLimit: 64, labels: { app: 'x' }, owners: [{ kind: 'Job', name: 'j' }], conditions: null },
          late: {
            ...{ memoryLimit: 128, labels: {}, owners: [] },
            conditions: [{ type: 'Ready', status: 'False', reason: null }],
          },
          // Nothing of it was recorded by then.
          unknown: null,
        },
      },
    })
  })
})
