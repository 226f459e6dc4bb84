import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { LANES } from '../model/batch.ts'
import { readDocument } from '../model/document.ts'
import { type EventObservation, laneKeyOf, laneOf, type ObjectRef, type Observation } from '../model/observation.ts'
import { OPEN } from '../model/time.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { createWriter, InvalidBatch, loadRecording, removeCluster, type Writer } from './main.ts'

const document = (observations: string) => readDocument(`title: test\nobservations:\n${observations}`, 'test.yaml')
const POD = '{state: Pod/shop/p, at: -60s, relations: [{OWNS: {from: ReplicaSet/shop/rs}}, {RUNS_ON: Node/n1}]}'
const KILL = '{event: oom-kill, at: +0s, object: Container/c1, pod: Pod/shop/p, containerName: app}'

describe('the writer', () => {
  let store: Store
  let writer: Writer
  let cluster: string
  const clusters: string[] = []
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    writer = createWriter(store)
  })
  after(async () => {
    for (const name of clusters) await removeCluster(store, name)
    assert.deepEqual(await ask('MATCH (n) WHERE n.cluster IN $clusters RETURN labels(n) AS left'), [])
    await store.close()
  })
  const fresh = (): string => {
    cluster = testCluster()
    clusters.push(cluster)
    return cluster
  }
  const ask = <T = Record<string, unknown>>(cypher: string, params: object = {}): Promise<T[]> =>
    store.read<T>(`CYPHER 5 ${cypher}`, { cluster, clusters, ...params })

  /** All of one lane, which the first one's key decides. */
  const write = (observations: readonly Observation[]) => {
    const key = observations.map(laneKeyOf).find((found) => found !== null) ?? ''
    return writer.write({ cluster, lane: laneOf(key, LANES), observations, contexts: {} })
  }

  it('keeps an event about its object, findable by pod, lane and time', async () => {
    await loadRecording(store, document(`  - ${POD}\n  - ${KILL}\n`), fresh())
    const [row] = await ask<{ e: Record<string, unknown>; labels: string[]; about: string }>(
      'MATCH (e:OomKill {cluster: $cluster})-[:ABOUT]->(o) RETURN properties(e) AS e, labels(e) AS labels, o.key AS about',
    )
    assert.ok(row)
    assert.deepEqual(row.labels, ['Event', 'OomKill'])
    assert.equal(row.about, `${cluster}/c1`)
    const { objectKey, podKey, podName, namespace, containerName, kind, host } = row.e
    assert.deepEqual(
      { objectKey, podKey, podName, namespace, containerName, kind, host },
      {
        ...{ objectKey: `${cluster}/c1`, podKey: `${cluster}/Pod/shop/p`, podName: 'p', namespace: 'shop' },
        ...{ containerName: 'app', kind: 'oom-kill', host: 'node-1' },
      },
    )
  })

  it('relates no event to what would gather a whole history', async () => {
    fresh()
    await loadRecording(
      store,
      document('  - {event: node-condition-changed, at: +0s, object: Node/n1, fields: {condition: Ready}}\n'),
      cluster,
    )
    const rows = await ask(
      'MATCH (e:NodeConditionChanged {cluster: $cluster}) RETURN e.objectKey AS key, count {(e)--()} AS degree',
    )
    assert.deepEqual(rows, [{ key: `${cluster}/Node/n1`, degree: 0 }])
  })

  it('changes nothing when it is given the same again, whole or in part', async () => {
    const recording = document(
      `  - ${POD}\n  - ${KILL}\n  - {event: process-exit, at: +1s, object: Container/c1, pod: Pod/shop/p}\n`,
    )
    await loadRecording(store, recording, fresh())
    const all = () =>
      ask(
        'MATCH (n {cluster: $cluster}) WHERE NOT n:Lane RETURN properties(n) AS properties, [(n)-[r]->(m) | [type(r), properties(r), m.key]] AS r ORDER BY elementId(n)',
      )
    const first = await all()
    await loadRecording(store, recording, cluster)
    await loadRecording(store, recording, cluster, { order: [2, 0] })
    assert.deepEqual(await all(), first)
  })

  it('gives a container that the API never showed to its pod, and one record to a pair that both claim', async () => {
    const attributed = `  - ${KILL}\n`
    await loadRecording(store, document(attributed), fresh())
    const runs = () =>
      ask(
        'MATCH (p {cluster: $cluster})-[r:RUNS WHERE r.recordedTo = $open]->(c) RETURN r.from AS from, r.role AS role, r.by = p.key AS by',
        { open: OPEN },
      )
    const [claimed] = await runs()
    const later = document(
      '  - {state: Pod/shop/p, at: +5s, relations: [{RUNS: {to: Container/c1, since: -30s, containerName: app, role: main}}]}\n',
    )
    await loadRecording(store, later, cluster)
    const start = later.start
    assert.deepEqual(claimed, { from: start, role: null, by: true })
    assert.deepEqual(await runs(), [{ from: start - 30_000_000, role: 'main', by: true }])
    await loadRecording(store, document('  - {state: Pod/shop/p, at: +9s, deleted: true}\n'), cluster)
    assert.equal((await runs()).length, 1)
  })

  it('lets a placeholder become an object, in either order', async () => {
    const node: ObjectRef = { kind: 'Node', key: 'n9', name: 'n9' }
    const state = (ref: ObjectRef, at: number): Observation => ({
      ...{
        type: 'state',
        object: { kind: 'Pod', key: 'p', name: 'p', namespace: 'shop' },
        at,
        version: 0,
        uncertainty: 0,
      },
      ...{
        source: 'kubernetes@cluster',
        body: { labels: [], phase: '', ready: true },
        relations: [{ kind: 'RUNS_ON', to: ref }],
      },
    })
    const missing = () => ask('MATCH (n:Node {cluster: $cluster}) RETURN n.missing AS missing, n.name AS name')
    fresh()
    await write([state({ ...node, missing: true }, 1)])
    assert.deepEqual(await missing(), [{ missing: true, name: 'n9' }])
    await write([state(node, 2)])
    assert.deepEqual(await missing(), [{ missing: null, name: 'n9' }])
    await write([state({ ...node, missing: true }, 3)])
    assert.deepEqual(await missing(), [{ missing: null, name: 'n9' }])
  })

  it('labels a workload with its Kubernetes kind where that is a built-in one', async () => {
    await loadRecording(
      store,
      document('  - {state: Job/shop/j, at: +0s}\n  - {state: Workload/shop/w:Rollout, at: +0s}\n'),
      fresh(),
    )
    assert.deepEqual(
      await ask(
        'MATCH (w:Workload {cluster: $cluster}) RETURN w.name AS name, w.workloadKind AS kind, labels(w) AS labels ORDER BY name',
      ),
      [
        { name: 'j', kind: 'Job', labels: ['Object', 'Workload', 'Job'] },
        { name: 'w', kind: 'Rollout', labels: ['Object', 'Workload'] },
      ],
    )
  })

  it('keeps how far a session has spoken in each lane, whatever the order', async () => {
    fresh()
    const beat = (at: number, more: object = {}): Observation =>
      ({
        type: 'heartbeat',
        source: 'ebpf@h1',
        session: 's',
        since: 5,
        watermark: at - 1,
        at,
        counters: { seen: at },
        ...more,
      }) as Observation
    await write([beat(20), beat(30)])
    await write([beat(10)])
    const coverage = () =>
      ask(
        'MATCH (c:Coverage {cluster: $cluster}) RETURN c.from AS from, c.to AS to, c.ended AS ended, c.counters AS counters, c.host AS host, c.collector AS collector',
      )
    const expected = { from: 5, to: 29, ended: false, counters: '{"seen":30}', host: 'h1', collector: 'ebpf' }
    assert.deepEqual(await coverage(), [expected])
    await write([beat(31, { ended: true })])
    assert.deepEqual(await coverage(), [{ ...expected, to: 30, ended: true, counters: '{"seen":31}' }])
  })

  it('keeps what a source can not see as it said last, and which kinds a gap or a loss concerns', async () => {
    fresh()
    const beat = (at: number, blind?: readonly string[]): Observation =>
      ({ type: 'heartbeat', source: 'ebpf@h1', session: 's', since: 5, watermark: at, at, blind }) as Observation
    const blind = () => ask('MATCH (c:Coverage {cluster: $cluster}) RETURN c.blind AS blind')
    await write([beat(20, ['process-exit']), beat(30, ['oom-kill', 'process-exit'])])
    await write([beat(10)])
    assert.deepEqual(await blind(), [{ blind: ['oom-kill', 'process-exit'] }])
    await write([beat(40, [])])
    assert.deepEqual(await blind(), [{ blind: null }])
    const span = { source: 'ebpf@h1', from: 1, to: 2 }
    const gap = { type: 'gap', ...span, reason: 'expired' } as const
    const loss = { type: 'loss', ...span, count: 1, what: 'ring' } as const
    await write([gap, { ...gap, kinds: ['process-exit'] }, loss, { ...loss, kinds: ['process-exit'] }])
    assert.deepEqual(
      await ask(
        'MATCH (n:Gap|Loss {cluster: $cluster}) RETURN labels(n)[0] AS label, n.kinds AS kinds ORDER BY label, kinds',
      ),
      [
        { label: 'Gap', kinds: ['process-exit'] },
        { label: 'Gap', kinds: null },
        { label: 'Loss', kinds: ['process-exit'] },
        { label: 'Loss', kinds: null },
      ],
    )
  })

  it('counts a gap and a loss once, though every lane tells them', async () => {
    await loadRecording(
      store,
      document(
        '  - {gap: ebpf@h1, from: +0s, to: +1s, reason: stopped}\n  - {loss: ebpf@h1, from: +0s, to: +1s, count: 3, what: ring}\n',
      ),
      fresh(),
    )
    assert.deepEqual(
      await ask('MATCH (n:Gap|Loss {cluster: $cluster}) RETURN labels(n)[0] AS label, n.count AS count ORDER BY label'),
      [
        { label: 'Gap', count: null },
        { label: 'Loss', count: 3 },
      ],
    )
  })

  it('stamps a lane in the order of its commits, also with several writers at once', async () => {
    fresh()
    const kill = (nth: number): EventObservation => ({
      ...({ ...document(`  - ${KILL}\n`).observations[0], id: `kill/${nth}` } as EventObservation),
    })
    const written = await Promise.all(Array.from({ length: 30 }, (_, nth) => write([kill(2 * nth), kill(2 * nth + 1)])))
    const rows = await ask<{ arrival: number; recordedAt: number }>(
      'MATCH (e:OomKill {cluster: $cluster}) RETURN e.arrival AS arrival, e.recordedAt AS recordedAt ORDER BY arrival',
    )
    assert.deepEqual(
      rows.map((row) => row.arrival),
      Array.from({ length: 60 }, (_, index) => index + 1),
    )
    const stamps = rows.map((row) => row.recordedAt)
    assert.deepEqual(
      stamps,
      stamps.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(stamps).size, 30)
    assert.deepEqual(
      written.map((one) => one.last).sort((a, b) => a - b),
      Array.from({ length: 30 }, (_, nth) => 2 * nth + 2),
    )
  })

  it('refuses what can never be written, with the reasons', async () => {
    fresh()
    const [kill] = document(`  - ${KILL}\n`).observations
    const wrong = { ...kill, fields: { global: 'no' }, at: 1.5 } as unknown as Observation
    await assert.rejects(write([kill as Observation, wrong]), (error: Error) => {
      assert.ok(error instanceof InvalidBatch)
      assert.match(error.message, /observation 1 \(event oom-kill .*\): at: got 1.5, expected whole µs/)
      assert.ok(error.reasons.some((reason) => reason.includes('fields.global: got "no", expected bool')))
      return true
    })
    assert.deepEqual(await ask('MATCH (e:Event {cluster: $cluster}) RETURN e'), [])
  })
})
