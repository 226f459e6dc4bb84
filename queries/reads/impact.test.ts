/** What an occurrence cost, by what was told of the time before it and what was not. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { type Impact, impact } from './impact.ts'
import { KNOWN_NOW } from './read.ts'
import { why } from './why.ts'

const KILL = 1_790_000_000 * SECOND

/** The same, told by the workload of as many ready ones as `ready` makes of them; undefined where its status leaves that out. */
const counting = (observations: readonly Observation[], ready: (told: number) => number | undefined): Observation[] =>
  observations.map((it) => {
    if (it.type !== 'state' || it.object.key !== 'd1') return it
    const { readyReplicas, ...body } = it.body
    const count = ready(Number(readyReplicas))
    return { ...it, body: { ...body, ...(count === undefined ? {} : { readyReplicas: count }) } }
  })

/** At `at` the Deployment is to have no replicas any more, and a second later the last of them is gone. */
const scaledDown = (before: readonly Observation[], at: number): Observation[] =>
  before.flatMap((it): Observation[] => {
    if (it.type !== 'state') return []
    const gone = { ...it, at: at + SECOND, version: at + SECOND }
    const none = { ...it.body, replicas: 0 }
    if (it.object.key === 'd1')
      return [
        { ...it, at, version: at, body: none },
        { ...gone, body: { ...none, readyReplicas: 0 } },
      ]
    return it.object.key === 'e1' ? [{ ...gone, relations: [] }] : []
  })

/** The Service's slice names so many pods, all of them ready or none. */
const selecting = (pods: number, at: number, ready: boolean): Observation => {
  const slice = healthy(at).find((it) => it.type === 'state' && it.object.key === 'e1') as StateObservation
  return {
    ...slice,
    relations: Array.from({ length: pods }, (_, n) => ({
      ...slice.relations[0]!,
      to: { kind: 'Pod', key: `q${n}`, name: `q${n}`, namespace: 'shop' },
      properties: { ready },
    })),
  }
}
const counts = ({ before, lost, fewest, after, cut }: Impact) => ({ before, lost, fewest, after, cut })

describe('the impact', () => {
  const [cluster, custom, uncounted] = [testCluster(), testCluster(), testCluster()]
  const [scaled, calm, short] = [testCluster(), testCluster(), testCluster()]
  const [rollouts, many] = [testCluster(), testCluster()]
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(async () => {
    for (const name of [cluster, custom, uncounted, scaled, calm, short, rollouts, many])
      await removeCluster(store, name)
    await store.close()
  })

  const ask = async (cluster: string) =>
    (await hit(cluster)).map(({ role, before, fewest, after }) => ({ role, before, fewest, after }))
  const hit = (cluster: string, asked = KILL + 5 * MINUTE) => {
    const affected = [
      { role: 'workload', object: { key: `${cluster}/d1`, cluster, kind: 'Workload' } },
      { role: 'service', object: { key: `${cluster}/s1`, cluster, kind: 'Service' } },
    ] as const
    return impact(store, affected, { at: KILL, until: KILL, asked, known: KNOWN_NOW })
  }

  test('was never told where Kubernetes was first seen after it: what was left then is not what there had been', async () => {
    const after = outOfMemory(KILL).filter(({ type }) => type === 'state')
    await loadRecording(store, recordingOf(after), cluster)
    assert.deepEqual(await ask(cluster), [
      { role: 'workload', before: null, fewest: 2, after: 3 },
      { role: 'service', before: null, fewest: null, after: 3 },
    ])
    await loadRecording(store, recordingOf(healthy(KILL - MINUTE)), cluster)
    assert.deepEqual(await ask(cluster), [
      { role: 'workload', before: 3, fewest: 2, after: 3 },
      { role: 'service', before: 3, fewest: 2, after: 3 },
    ])
  })

  test('of a status that leaves out how many are ready nothing is made up, but a custom kind that tells it at another time has none', async () => {
    const story = [...healthy(KILL - MINUTE), ...outOfMemory(KILL)]
    const beats = [KUBERNETES, EBPF].map((source) => heartbeat(source, KILL - MINUTE, KILL + 5 * MINUTE, true))
    const leavesOut = counting(story, (ready) => (ready === 3 ? ready : undefined))
    await loadRecording(store, recordingOf(leavesOut), custom)
    const [workload] = await ask(custom)
    assert.deepEqual(workload, { role: 'workload', before: 3, fewest: 0, after: 3 })

    const calm = counting(healthy(KILL - MINUTE), () => undefined)
    await loadRecording(store, recordingOf([...calm, ...beats]), uncounted)
    assert.deepEqual((await ask(uncounted))[0], { role: 'workload', before: null, fewest: null, after: null })
    const answer = await why(store, { cluster: uncounted, kind: 'deploy', name: 'checkout', namespace: 'shop' })
    assert.equal(answer.result, 'healthy')
    assert.equal(answer.subject.replicas, null)
  })

  test('what was scaled down in the minutes after is not lost, of a Service neither', async () => {
    const told = async (name: string) =>
      (await hit(name)).map(({ role, lost, wanted, fewest, wantedAfter, after }) => [
        ...[role, lost, fewest, wanted, after, wantedAfter],
      ])
    const before = healthy(KILL - MINUTE)
    const down = scaledDown(before, KILL + 3 * MINUTE)
    await loadRecording(store, recordingOf([...before, ...outOfMemory(KILL), ...down]), scaled)
    assert.deepEqual(await told(scaled), [
      ['workload', 1, 2, 3, 0, 0],
      ['service', 1, 2, null, 0, null],
    ])
    await loadRecording(store, recordingOf([...before, ...down]), calm)
    assert.deepEqual(await told(calm), [
      ['workload', 0, 3, 3, 0, 0],
      ['service', 0, 3, null, 0, null],
    ])
    // Two of five were not ready, and given up: the others were all still wanted.
    const five = before.map((it) =>
      it.type === 'state' && it.object.key === 'd1' ? { ...it, body: { ...it.body, replicas: 5 } } : it,
    )
    await loadRecording(store, recordingOf([...five, ...outOfMemory(KILL)]), short)
    assert.deepEqual(await told(short), [
      ['workload', 1, 2, 5, 3, 3],
      ['service', 1, 2, null, 3, null],
    ])
  })

  test('endpoints are counted at the two times that count, whatever changed between them', async () => {
    const at = KILL + 10 * MINUTE
    const later = Array.from({ length: 45 }, (_, n) => selecting(60, at + n * MINUTE, n % 2 === 0))
    await loadRecording(store, recordingOf([...healthy(KILL - MINUTE), ...outOfMemory(KILL), ...later]), rollouts)
    assert.deepEqual((await hit(rollouts, KILL + 60 * MINUTE)).filter(({ role }) => role === 'service').map(counts), [
      { before: 3, lost: 1, fewest: 2, after: 60, cut: false },
    ])
  })

  test('of more endpoints than are counted it is said that there are more, not how many of some there were', async () => {
    await loadRecording(store, recordingOf([selecting(2_001, KILL - MINUTE, true)]), many)
    assert.deepEqual((await hit(many)).filter(({ role }) => role === 'service').map(counts), [
      { before: null, lost: null, fewest: null, after: null, cut: true },
    ])
  })
})
