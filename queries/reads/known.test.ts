/** Answers with what was known at an earlier time: of what was watched, too, only that. On a real graph, as it is written. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { Observation } from '../../graph/model/observation.ts'
import { MINUTE, now, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createCorrelator, removeCluster } from '../engine/main.ts'
import { LAG } from './coverage.ts'
import { groundOf } from './ground.ts'
import { KNOWN_NOW } from './read.ts'
import { type Answer, why } from './why.ts'

const beatsTo = (since: number, to: number) => [heartbeat(KUBERNETES, since, to), heartbeat(EBPF, since, to)]

describe('with what was known at an earlier time', () => {
  const made: string[] = []
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(async () => {
    await Promise.all(made.map((cluster) => removeCluster(store, cluster)))
    await store.close()
  })

  /** Writes the one, then the other; tells a time in between, when all of the one was known. */
  const written = async (first: readonly Observation[], later: readonly Observation[]) => {
    const cluster = testCluster()
    made.push(cluster)
    await loadRecording(store, recordingOf(first), cluster)
    await createCorrelator({ store }).runOnce(cluster)
    const known = now()
    await loadRecording(store, recordingOf(later), cluster)
    return { cluster, known }
  }
  const ask = async (cluster: string, at: number, known: number) => {
    const asked = { kind: 'deployment', name: 'checkout', namespace: 'shop' }
    const answer = await why(store, { cluster, ...asked, at, known }, Math.max(at, now()))
    assert.notEqual(answer.result, 'not-found')
    return answer as Exclude<Answer, { result: 'not-found' }>
  }

  test('what happened after it is told as not known yet, and what was under way then as not told yet', async () => {
    const start = now() - 20 * MINUTE
    const end = now() + 10 * MINUTE
    const { cluster, known } = await written(
      [...healthy(start), ...beatsTo(start, now())],
      [
        ...outOfMemory(end - 5 * MINUTE),
        ...beatsTo(start, end),
        { type: 'gap', source: KUBERNETES, from: start + MINUTE, to: start + 2 * MINUTE, reason: 'told late' },
        { type: 'loss', source: KUBERNETES, from: start, to: start, count: 1, what: 'told late' },
      ],
    )
    const doubts = async (at: number, by: number) =>
      (await groundOf(store, cluster, { from: at, to: at }, by, end)).doubts.map(({ kind, from }) => ({ kind, from }))

    const after = await ask(cluster, end, known)
    assert.deepEqual(
      [after.result, after.notSeen.map(({ source, from, to, reason }) => ({ source, from, to, reason }))],
      ['healthy', [{ source: null, from: known, to: end, reason: 'not-known-yet' }]],
    )
    const lagging = { kind: 'lagging', from: known - LAG }
    assert.deepEqual(await doubts(end, known), [{ kind: 'not-known-yet', from: known }, lagging])

    const then = await ask(cluster, known, known)
    assert.deepEqual([then.result, then.notSeen, then.toldUpTo], ['healthy', [], known - LAG])
    assert.deepEqual(await doubts(known, known), [lagging])

    const early = start + 90 * SECOND
    assert.deepEqual(await doubts(early, known), [])
    assert.deepEqual(
      (await doubts(early, KNOWN_NOW)).map(({ kind }) => kind),
      ['gap', 'loss'],
    )
    assert.equal((await ask(cluster, end, KNOWN_NOW)).toldUpTo, null)
  })

  test('no change is ruled out that may have been under way then', async () => {
    const ruledOut = async (before: number) => {
      const kill = now() - before
      const start = kill - 20 * MINUTE
      const { cluster, known } = await written(
        [...healthy(start), ...outOfMemory(kill), ...beatsTo(start, now())],
        [
          {
            ...{ type: 'event', kind: 'spec-changed', id: 'late', at: kill - 10 * SECOND, uncertainty: 0 },
            ...{ source: KUBERNETES, observedAt: kill },
            object: { kind: 'Workload', workloadKind: 'Deployment', key: 'd1', name: 'checkout', namespace: 'shop' },
            fields: { paths: ['replicas'], before: ['2'], after: ['3'] },
          },
          ...beatsTo(start, now() + MINUTE),
        ],
      )
      const { incidents } = await ask(cluster, known, known)
      return incidents[0]!.rivals.notThis.map(({ rival }) => rival)
    }
    assert.deepEqual(await ruledOut(10 * SECOND), [])
    // What comes later than that is no normal lag: of it nobody knew.
    assert.deepEqual(await ruledOut(3 * LAG), ['workload-changed', 'node-under-pressure'])
  })
})
