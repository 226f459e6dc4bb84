/** A recording of an incident comes out as it says, also where it is cut out of more of the same, and holds more than the incident. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { loadRecording, sweep } from '../../graph/ingest/main.ts'
import type { ObjectRef, Observation } from '../../graph/model/observation.ts'
import { MINUTE, OPEN, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { compare, createCorrelator, loadPatterns, outcomesOf, removeCluster } from '../engine/main.ts'
import { incidents } from './incidents.ts'
import { recordIncident, recordWindow } from './record.ts'
import { removedUntil } from './remains.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE + 812_000
const KILLS = 53
const LAST = KILL + (KILLS - 1) * MINUTE
const END = LAST + 20 * MINUTE

/** Further containers of the first pod: by name their keys. */
const MORE = { proxy: 'c1-proxy', cache: 'c1-cache' } as const

const withMore = (observation: Observation): Observation =>
  observation.type !== 'state' || observation.object.key !== 'p1'
    ? observation
    : {
        ...observation,
        relations: [
          ...observation.relations,
          ...Object.entries(MORE).map(([containerName, key]) => ({
            ...({ kind: 'RUNS', to: { kind: 'Container', key }, properties: { containerName, role: 'main' } } as const),
          })),
        ],
      }

/** The events of one kill, of another container of the same pod. */
const killOf = (name: keyof typeof MORE, at: number): Observation[] =>
  outOfMemory(at).flatMap((each) =>
    each.type === 'event'
      ? [{ ...each, id: `${each.id}-${name}`, object: { ...each.object, key: MORE[name] }, containerName: name }]
      : [],
  )

/** The same, with no end of the container told. */
const endless = (name: keyof typeof MORE, at: number): Observation[] =>
  killOf(name, at).filter((each) => each.type === 'event' && each.kind !== 'container-terminated')

describe('a recording of an incident', async () => {
  const store = openStore(await neo4jForTest())
  const cluster = testCluster()
  const again = testCluster()
  const quiet = testCluster()
  const quietAgain = testCluster()
  const lone = testCluster()
  const crowded = testCluster()
  const old = testCluster()
  const oldAgain = testCluster()
  const pattern = loadPatterns().find(({ id }) => id === 'container-oom')!
  await applySchema(store)
  after(async () => {
    await Promise.all(
      [cluster, again, quiet, quietAgain, lone, crowded, old, oldAgain].map((name) => removeCluster(store, name)),
    )
    await store.close()
  })

  it('expects its latest occurrences, and what else happened to its pods meanwhile', async () => {
    const observations = [
      ...healthy(START).map(withMore),
      ...Array.from({ length: KILLS }, (_, number) => outOfMemory(KILL + number * MINUTE)).flat(),
      ...killOf('proxy', KILL + 20.5 * MINUTE),
      ...endless('cache', KILL + 30.5 * MINUTE),
      // Whether it ended would be told of beyond the end of the recording.
      ...endless('cache', LAST + 4.5 * MINUTE),
      ...[KUBERNETES, EBPF].map((source) => heartbeat(source, START, END, true)),
    ]
    await loadRecording(store, recordingOf(observations), cluster)
    await createCorrelator({ store }).runOnce(cluster)
    const { items } = await incidents(store, cluster)
    assert.deepEqual(items.map(({ containerName, count }) => [containerName, count]).sort(), [
      ['app', KILLS],
      ['proxy', 1],
    ])
    const recording = await recordIncident(store, items.find(({ containerName }) => containerName === 'app')!.id)
    assert.deepEqual(
      recording.expect!.map(({ result, container, occurrences, missing }) => [
        result,
        container,
        occurrences ?? missing,
      ]),
      [
        ['incident', 'app', 50],
        ['incident', 'proxy', 1],
        ['near-miss', 'cache', 'container-terminated'],
      ],
    )
    await loadRecording(store, recording, again)
    await createCorrelator({ store }).runOnce(again)
    assert.deepEqual(compare(recording.expect!, await outcomesOf(store, again, pattern)), [])
  })

  it('holds what was told before it begins and holds on', async () => {
    const silent = {
      ...({ type: 'event', kind: 'node-condition-changed', id: 'lease', source: KUBERNETES } as const),
      ...{ at: START + MINUTE, uncertainty: SECOND, observedAt: START + MINUTE + 11 * SECOND },
      object: { kind: 'Node', key: 'n1', name: 'node-1' } as const,
      fields: { condition: 'Lease', status: 'False', previous: 'True', reason: 'Expired' },
    } satisfies Observation
    const killed = outOfMemory(KILL).filter((each) => each.type === 'event' && each.source === EBPF)
    const beats = [KUBERNETES, EBPF].map((source) => heartbeat(source, START, KILL + 10 * MINUTE, true))
    await loadRecording(store, recordingOf([...healthy(START), silent, ...killed, ...beats]), quiet)
    await createCorrelator({ store }).runOnce(quiet)
    const { items } = await incidents(store, quiet)
    assert.equal(items.length, 1)
    const recording = await recordIncident(store, items[0]!.id)
    const window = await recordWindow(store, quiet, { from: KILL - MINUTE, to: KILL + 10 * MINUTE })
    for (const it of [recording, { ...window, expect: recording.expect! }]) {
      await loadRecording(store, it, quietAgain)
      await createCorrelator({ store }).runOnce(quietAgain)
      assert.deepEqual(compare(it.expect!, await outcomesOf(store, quietAgain, pattern)), [])
      await removeCluster(store, quietAgain)
    }
  })

  it('of a window holds what lasts of the pods that are there, and nothing else of the time before', async () => {
    const gone: Observation = {
      ...({
        type: 'state',
        object: { kind: 'Pod', key: 'p9', name: 'gone', namespace: 'shop' },
        source: KUBERNETES,
      } as const),
      ...{ at: START + MINUTE, version: 2, uncertainty: 0, deleted: true, body: {}, relations: [] },
    }
    const ended = (key: string, at: number): Observation[] =>
      outOfMemory(at).flatMap((each) =>
        each.type !== 'event' || each.kind !== 'container-terminated'
          ? []
          : [
              {
                ...each,
                id: `${key}-${at}`,
                object: { kind: 'Container', key: `${key}-${at}` },
                pod: { kind: 'Pod', key },
              },
            ],
      )
    const told = [
      ...ended('p9', START + 30 * SECOND),
      ...ended('p1', START + MINUTE),
      ...ended('p1', START + 2 * MINUTE),
    ]
    const beats = [KUBERNETES, EBPF].map((source) => heartbeat(source, START, KILL + MINUTE, true))
    await loadRecording(store, recordingOf([...healthy(START), ...told, gone, ...beats]), lone)
    const { observations } = await recordWindow(store, lone, { from: KILL, to: KILL + MINUTE })
    assert.deepEqual(
      observations.flatMap((each) => (each.type === 'event' ? [each.id] : [])),
      [`p1-${START + 2 * MINUTE}`],
    )
  })

  it('of a window holds nothing of what was gone before, however much that is, but what is referred to', async () => {
    const gone = (object: ObjectRef, at: number): Observation => ({
      ...({ type: 'state', object, source: KUBERNETES, at, version: at, uncertainty: 0, deleted: true } as const),
      ...{ body: {}, relations: [], ...(object.kind === 'Pod' ? { pod: object } : {}) },
    })
    const podNamed = (key: string): ObjectRef => ({ kind: 'Pod', key, name: key, namespace: 'shop' })
    const replicaSet = {
      kind: 'Workload',
      workloadKind: 'ReplicaSet',
      key: 'r1',
      name: 'checkout-7d9',
      namespace: 'shop',
    }
    const late: Observation = {
      ...({ type: 'event', kind: 'pod-deleted', id: 'late', source: KUBERNETES, object: podNamed('told') } as const),
      ...{ at: KILL + SECOND, uncertainty: SECOND, observedAt: KILL + 2 * SECOND, fields: {} },
    }
    const there = healthy(START)
    const likeThem = (key: string): Observation[] =>
      there.flatMap((each) =>
        each.type === 'state' && each.object.key === 'p1'
          ? [{ ...each, object: podNamed(key), pod: podNamed(key), relations: [] }]
          : [],
      )
    const told: Observation[] = [
      ...there,
      ...['before', 'told', 'within'].flatMap(likeThem),
      // Its pods are not.
      gone(replicaSet as ObjectRef, START + MINUTE),
      gone(podNamed('before'), START + MINUTE),
      gone(podNamed('told'), START + MINUTE),
      gone(podNamed('within'), KILL + SECOND),
      late,
      ...[KUBERNETES, EBPF].map((source) => heartbeat(source, START, KILL + MINUTE, true)),
    ]
    await loadRecording(store, recordingOf(told), crowded)
    await store.run(
      `CYPHER 5 UNWIND range(1, 50000) AS number
       CALL (number) {
         WITH $cluster + '/job-' + number AS key
         CREATE (:Object:Pod {cluster: $cluster, kind: 'Pod', key: key, name: key})
         CREATE (:State {cluster: $cluster, key: key, id: key, at: $at, version: 1, uncertainty: 0, source: 'kubernetes@cluster',
           deleted: true, body: '{}', relations: '[]', recordedAt: 0})
       } IN TRANSACTIONS OF 5000 ROWS`,
      { cluster: crowded, at: START + MINUTE },
    )
    const { observations } = await recordWindow(store, crowded, { from: KILL, to: KILL + MINUTE })
    const states = observations.flatMap((each) => (each.type === 'state' ? [each] : []))
    assert.deepEqual(states.map(({ object, deleted }) => `${object.key}${deleted === true ? ' gone' : ''}`).sort(), [
      'd1',
      'e1',
      'host-1',
      'n1',
      'p1',
      'p2',
      'p3',
      'r1 gone',
      's1',
      'told gone',
      'within',
      'within gone',
    ])
  })

  it('of what lies beyond the horizon vouches for nothing, and expects what can come', async () => {
    const beats = [KUBERNETES, EBPF].map((source) => heartbeat(source, START, KILL + 10 * MINUTE, true))
    const gone = healthy(START).flatMap((each): Observation[] =>
      each.type === 'state'
        ? [{ ...each, at: KILL + 9 * MINUTE, version: OPEN - 1, deleted: true, body: {}, relations: [] }]
        : [],
    )
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), ...gone, ...beats]), old)
    await createCorrelator({ store }).runOnce(old)
    const horizon = KILL + 30 * 24 * 60 * MINUTE
    await sweep(store, old, { at: horizon, known: OPEN - 1 }, START)
    const { items } = await incidents(store, old)
    const recording = await recordIncident(store, items[0]!.id)
    const window = await recordWindow(store, old, { from: KILL - MINUTE, to: KILL + MINUTE })
    for (const { title, observations } of [recording, window]) {
      assert.match(title, /history before .* was removed/)
      const blind = observations.flatMap((each) => (each.type === 'gap' ? [each.source] : []))
      assert.deepEqual(blind.sort(), [EBPF, KUBERNETES])
    }
    assert.equal(removedUntil(window), KILL + MINUTE)
    assert.deepEqual(recording.expect, [{ pattern: pattern.id, result: 'incident', container: 'app' }])
    await loadRecording(store, recording, oldAgain)
    await createCorrelator({ store }).runOnce(oldAgain)
    const outcomes = await outcomesOf(store, oldAgain, pattern)
    assert.deepEqual(compare(recording.expect!, outcomes), [])
    assert.deepEqual(
      outcomes.map(({ verdict }) => verdict.status),
      ['final'],
    )
    const later = await recordWindow(store, old, { from: horizon, to: horizon + MINUTE })
    assert.deepEqual([later.observations, removedUntil(later)], [[], null])
  })
})
