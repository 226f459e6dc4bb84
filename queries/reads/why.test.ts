/** Answers about a small cluster in a real graph, as the engine left it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import { SLOWEST_BEAT } from '../../graph/model/observation.ts'
import { MINUTE, now, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { compare, createCorrelator, loadPatterns, outcomesOf, removeCluster } from '../engine/main.ts'
import { groundOf } from './ground.ts'
import { incidentByPrefix, incidents } from './incidents.ts'
import { KNOWN_NOW } from './read.ts'
import { recordIncident, recordWindow } from './record.ts'
import { type Answer, why } from './why.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE + 812_000
const END = KILL + 5 * MINUTE

const seen = (answer: Answer) => {
  assert.notEqual(answer.result, 'not-found')
  return answer as Exclude<Answer, { result: 'not-found' }>
}

describe('why', () => {
  const cluster = testCluster()
  const calm = testCluster()
  const raw = testCluster()
  const live = testCluster()
  const quiet = testCluster()
  const again = testCluster()
  const ask = (name: string, at: number, more: object = {}) =>
    why(store, { cluster, kind: 'deploy', name, namespace: 'shop', at, ...more })
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    await loadRecording(store, recordingOf([...healthy(START), ...beats]), calm)
    const broken = recordingOf([...healthy(START), ...outOfMemory(KILL), ...beats])
    await loadRecording(store, broken, raw)
    await loadRecording(store, broken, cluster)
    await createCorrelator({ store }).runOnce(cluster)
  })
  after(async () => {
    await Promise.all([cluster, calm, raw, live, quiet, again].map((name) => removeCluster(store, name)))
    await store.close()
  })

  test('says that nothing is wrong only where all was watched', async () => {
    const answer = seen(await why(store, { cluster: calm, kind: 'deployment', name: 'checkout', namespace: 'shop' }))
    assert.equal(answer.result, 'healthy')
    assert.equal(answer.at, END, 'the time of a recording is its end')
    assert.deepEqual(answer.subject.replicas, { wanted: 3, ready: 3 })
    assert.deepEqual(answer.notSeen, [])
  })

  test('names what was not watched', async () => {
    const answer = seen(
      await why(store, {
        cluster: calm,
        kind: 'deployment',
        name: 'checkout',
        namespace: 'shop',
        at: END + 10 * MINUTE,
      }),
    )
    assert.deepEqual(
      answer.notSeen
        .map(({ source, from, to }) => ({ source, from, to }))
        .sort((a, b) => (a.source! < b.source! ? -1 : 1)),
      [EBPF, KUBERNETES].map((source) => ({ source, from: END, to: END + 10 * MINUTE })),
    )
  })

  test('a source that is there and lags a little was watching; one that is gone was not', async () => {
    const today = now()
    const since = today - 10 * MINUTE
    const beats = (source: string, watermark: number, heard: number) => ({
      ...heartbeat(source, since, watermark),
      at: heard,
    })
    const told = [...healthy(since), beats(EBPF, today - SECOND, today), beats(KUBERNETES, today - 20 * SECOND, today)]
    const askLive = async () =>
      seen(
        await why(store, { cluster: live, kind: 'deployment', name: 'checkout', namespace: 'shop', at: today }, today),
      )
    await loadRecording(store, recordingOf(told), live)
    const lagging = await askLive()
    assert.deepEqual(lagging.notSeen, [])
    assert.deepEqual([lagging.result, lagging.toldUpTo], ['healthy', today - 20 * SECOND])
    const gap = {
      type: 'gap',
      source: KUBERNETES,
      from: today - 60 * SECOND,
      to: today - 50 * SECOND,
      reason: 'away',
    } as const
    const partial = { ...gap, reason: 'expired', kinds: ['kubernetes-event'] as const }
    const refused = {
      ...gap,
      from: gap.from - 120 * SECOND,
      to: gap.from - 60 * SECOND,
      reason: 'refused',
      kinds: ['pod-failed'] as const,
    }
    await loadRecording(store, recordingOf([gap, partial, refused]), live)
    const holed = await askLive()
    assert.deepEqual(
      holed.notSeen.map(({ reason, from, to, kinds }) => ({ reason, from, to, kinds })),
      [
        { reason: 'away', from: gap.from, to: gap.to, kinds: null },
        { reason: 'refused', from: refused.from, to: refused.to, kinds: ['pod-failed'] },
      ],
    )
    await removeCluster(store, live)
    await loadRecording(
      store,
      recordingOf([
        ...healthy(since),
        beats(EBPF, today, today),
        beats(KUBERNETES, today - 30 * SECOND, today - 29 * SECOND),
      ]),
      live,
    )
    assert.deepEqual(
      (await askLive()).notSeen.map(({ source, from }) => ({ source, from })),
      [{ source: KUBERNETES, from: today - 30 * SECOND }],
    )
  })

  test('in a quiet time, just before the next heartbeats, no live source is called silent', async () => {
    const today = now()
    const since = today - 10 * MINUTE
    const at = today - SLOWEST_BEAT
    const beats = [EBPF, KUBERNETES].map((source) => ({ ...heartbeat(source, since, at - SECOND), at }))
    await loadRecording(store, recordingOf([...healthy(since), ...beats]), quiet)
    const answer = seen(await ask('checkout', today, { cluster: quiet }))
    assert.deepEqual([answer.result, answer.notSeen, answer.toldUpTo], ['healthy', [], null])
    assert.deepEqual((await groundOf(store, quiet, { from: today, to: today }, KNOWN_NOW, today)).doubts, [])
  })

  test('tells symptoms where no cause is known', async () => {
    const answer = seen(await why(store, { cluster: raw, kind: 'deployment', name: 'checkout', namespace: 'shop' }))
    assert.equal(answer.result, 'no-known-cause')
    assert.deepEqual(
      answer.symptoms.terminations.map(({ reason, exitCode, podName }) => ({ reason, exitCode, podName })),
      [{ reason: 'OOMKilled', exitCode: 137, podName: 'checkout-7d9-1' }],
    )
  })

  test('tells the incident, its chain in order and its impact, from whatever it touched', async () => {
    for (const [kind, name] of [
      ['deployment', 'checkout'],
      ['service', 'checkout'],
      ['rs', 'checkout-7d9'],
      ['pod', 'checkout-7d9-1'],
    ] as const) {
      const answer = seen(await why(store, { cluster, kind, name, namespace: 'shop' }))
      assert.equal(answer.result, 'incident', kind)
      const [incident] = answer.incidents
      assert.deepEqual(
        incident!.evidence.map(({ event }) => event.kind),
        ['memory-pressure', 'oom-kill', 'container-terminated'],
      )
      assert.equal(incident!.verdict.confidence, 0.95)
      assert.deepEqual(incident!.verdict.ownership, {
        ...{ whole: true, resolver: 'owner references' },
        workload: { key: `${cluster}/d1`, kind: 'Deployment', name: 'checkout', namespace: 'shop' },
      })
      assert.deepEqual(incident!.verdict.alternatives, [])
      const unparsed = Object.entries(incident!.verdict).filter(([, value]) => /^[[{]/.test(String(value)))
      assert.deepEqual(
        unparsed.filter(([, value]) => typeof value === 'string'),
        [],
      )
      assert.deepEqual(incident!.rivals, {
        notThis: [
          { rival: 'workload-changed', from: START, objects: 3 },
          { rival: 'node-under-pressure', from: START, objects: 1 },
        ],
        limit: { bytes: 268_435_456, since: START, changed: null },
      })
      assert.deepEqual(
        incident!.impact
          .filter(({ role }) => role !== 'owner')
          .map(({ role, before, fewest, fewestAt, after }) => ({ role, before, fewest, fewestAt, after }))
          .sort((a, b) => (a.role < b.role ? -1 : 1)),
        ['service', 'workload'].map((role) => ({ role, before: 3, fewest: 2, fewestAt: KILL + SECOND, after: 3 })),
      )
    }
    assert.equal((await ask('checkout', KILL - SECOND)).result, 'healthy', 'asked about the time before')
    const other = seen(await why(store, { cluster, kind: 'pod', name: 'checkout-7d9-2', namespace: 'shop' }))
    assert.equal(other.result, 'healthy')
  })

  test('a recording of the incident, or of the window, leads to the same incident again', async () => {
    const { items } = await incidents(store, cluster)
    assert.equal(items.length, 1)
    assert.deepEqual(await incidentByPrefix(store, items[0]!.id.slice(0, cluster.length + 9)), items[0])
    assert.equal(await incidentByPrefix(store, `${cluster}/nothing`), null)
    const recording = await recordIncident(store, items[0]!.id)
    const window = await recordWindow(store, cluster, { from: KILL - MINUTE, to: KILL + MINUTE })
    const [pattern] = loadPatterns().filter((it) => it.id === 'container-oom')
    for (const it of [recording, { ...window, expect: recording.expect! }]) {
      await loadRecording(store, it, again)
      await createCorrelator({ store }).runOnce(again)
      assert.deepEqual(compare(it.expect!, await outcomesOf(store, again, pattern!)), [])
      await removeCluster(store, again)
    }
    assert.ok(!JSON.stringify(recording).includes(cluster), 'a recording names no cluster')
  })

  test('knows the object as of the time of the question', async () => {
    assert.deepEqual(seen(await ask('checkout', KILL + 2 * SECOND)).subject.replicas, { wanted: 3, ready: 2 })
    assert.deepEqual(seen(await ask('checkout', KILL)).subject.replicas, { wanted: 3, ready: 3 })
  })

  test('refuses to say what will be known', async () => {
    await assert.rejects(ask('checkout', END, { known: now() + MINUTE }), /known: got .+, expected at most/)
  })

  test('a wrong name is answered with the nearest', async () => {
    const answer = await ask('chekout', END)
    assert.equal(answer.result, 'not-found')
    assert.deepEqual(answer.result === 'not-found' && answer.nearest[0], {
      kind: 'Deployment',
      name: 'checkout',
      namespace: 'shop',
    })
  })
})
