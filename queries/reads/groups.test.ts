/** Answers about what happens again and again: each cause is told once, however often it was, and as it was known. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, OPEN, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createCorrelator, removeCluster } from '../engine/main.ts'
import { groupsTouching } from './groups.ts'
import { readLanes } from './lanes.ts'
import { type Answer, why } from './why.ts'

const START = 1_790_000_000 * SECOND
const HOUR = 60 * MINUTE

const beats = (watermark: number, ended?: true): Observation[] =>
  [KUBERNETES, EBPF].map((source) => heartbeat(source, START, watermark, ended))

const isEvent = (each: Observation, kind: string): boolean => each.type === 'event' && each.kind === kind

/** The events of one kill, in a container of another name. */
const killOf = (containerName: string, at: number): Observation[] =>
  outOfMemory(at).flatMap((each) =>
    each.type === 'event' ? [{ ...each, id: `${each.id}-${containerName}`, containerName }] : [],
  )

/** A process of the container is killed that is not its first; the container lives on. */
const childKill = (at: number): Observation[] =>
  outOfMemory(at)
    .filter((each) => isEvent(each, 'oom-kill'))
    .map(
      (each) =>
        ({ ...each, fields: { ...(each as { fields: object }).fields, firstProcessKilled: false } }) as Observation,
    )

const every = (span: number, count: number, from: number, one: (at: number) => Observation[]): Observation[] =>
  Array.from({ length: count }, (_, number) => one(from + number * span)).flat()

describe('why, of what happens again and again', async () => {
  const store = openStore(await neo4jForTest())
  const clusters: string[] = []
  await applySchema(store)
  after(async () => {
    for (const cluster of clusters) await removeCluster(store, cluster)
    await store.close()
  })

  const told = async (cluster: string, observations: readonly Observation[]): Promise<void> => {
    if (!clusters.includes(cluster)) clusters.push(cluster)
    await loadRecording(store, recordingOf(observations), cluster)
    await createCorrelator({ store }).runOnce(cluster)
  }
  const ask = async (cluster: string, at: number, more: object = {}) => {
    const question = { cluster, kind: 'deployment', name: 'checkout', namespace: 'shop', at, ...more }
    const answer = await why(store, question)
    assert.notEqual(answer.result, 'not-found')
    return answer as Exclude<Answer, { result: 'not-found' }>
  }

  it('tells of each cause in the window, however often another one was since', async () => {
    const cluster = testCluster()
    const kills = 110
    const first = START + HOUR + 812_000
    const last = first + (kills - 1) * 5 * MINUTE
    await told(cluster, [
      ...healthy(START),
      ...killOf('sidecar', START + 20 * MINUTE),
      ...killOf('cache', START + 30 * MINUTE).filter((each) => !isEvent(each, 'container-terminated')),
      ...every(5 * MINUTE, kills, first, outOfMemory),
      ...beats(last + HOUR, true),
    ])
    const answer = await ask(cluster, last + HOUR)
    assert.deepEqual(
      answer.incidents.map(({ incident, count, waiting, occurrence, before }) => ({
        ...{ container: incident?.containerName, count, waiting, at: occurrence.at, before: before.count },
      })),
      [
        { container: 'app', count: kills, waiting: 0, at: last, before: kills - 1 },
        { container: 'sidecar', count: 1, waiting: 0, at: START + 20 * MINUTE, before: 0 },
      ],
    )
    assert.deepEqual(
      answer.nearMisses.map(({ occurrence, count }) => ({ at: occurrence.at, count })),
      [{ at: START + 30 * MINUTE, count: 1 }],
    )
    assert.equal(answer.cut, false)
  })

  it('says that there is more where there is more than it tells', async () => {
    const cluster = testCluster()
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    await told(cluster, [
      ...healthy(START),
      ...names.flatMap((name, index) => killOf(name, START + (10 + index) * MINUTE)),
      ...beats(START + HOUR, true),
    ])
    const answer = await ask(cluster, START + HOUR)
    assert.deepEqual(
      answer.incidents.map(({ incident }) => incident?.containerName),
      names.slice(1).reverse(),
    )
    assert.equal(answer.cut, true)
  })

  it('takes what waits together with the incident that it will be of', async () => {
    const cluster = testCluster()
    const kills = 20
    const first = START + 10 * MINUTE
    const last = first + (kills - 1) * 5 * SECOND
    await told(cluster, [...healthy(START), ...every(5 * SECOND, kills, first, childKill), ...beats(last + SECOND)])
    const answer = await ask(cluster, last + SECOND)
    assert.deepEqual(
      answer.incidents.map(({ incident, count, occurrence }) => ({ title: incident?.title, count, at: occurrence.at })),
      [{ title: 'Container killed for lack of memory', count: kills, at: last }],
    )
    const [{ waiting, verdict }] = answer.incidents as [(typeof answer.incidents)[number]]
    assert.ok(waiting >= 5 && waiting < kills, `${waiting} wait`)
    assert.equal(verdict.status, 'waiting')
  })

  it('tells of a time before something was known what was known then', async () => {
    const cluster = testCluster()
    const kills = 12
    const first = START + 10 * MINUTE
    const last = first + (kills - 1) * 10 * MINUTE
    const isService = (each: Observation): boolean =>
      each.type === 'state' && (each.object.kind === 'Service' || each.object.kind === 'EndpointSlice')
    const crashes = every(10 * MINUTE, kills, first, outOfMemory)
    await told(
      cluster,
      [...healthy(START), ...crashes].filter((each) => !isService(each)),
    )
    // Heard up to the last kill, which is so not final yet: and then each lane is past what was concluded.
    await told(cluster, beats(last + 2 * SECOND))
    await told(cluster, beats(last + 3 * SECOND))
    const known = (await readLanes(store, cluster)).knownUpTo!
    const later = last + 4 * MINUTE
    await told(cluster, [
      ...healthy(START).filter(isService),
      ...outOfMemory(later),
      ...killOf('sidecar', START + 5 * MINUTE),
      ...beats(later + HOUR, true),
    ])
    const at = later + MINUTE
    const summary = ({ incidents, lastBefore, result }: Awaited<ReturnType<typeof ask>>) => ({
      ...{ result, lastBefore },
      incidents: incidents.map(({ occurrence, count, before, affected, incident, verdict }) => ({
        ...{ of: incident?.containerName, at: occurrence.at, count, before: before.count },
        ...{ status: [occurrence.status, verdict.status], roles: affected.map(({ role }) => role) },
      })),
    })
    const roles = ['container', 'owner', 'pod', 'workload']
    assert.deepEqual(summary(await ask(cluster, at, { known })), {
      ...{ result: 'incident', lastBefore: null },
      incidents: [
        { of: 'app', at: last, count: kills, before: kills - 1, status: ['provisional', 'provisional'], roles },
      ],
    })
    assert.deepEqual(summary(await ask(cluster, at, { since: START + 6 * MINUTE })), {
      ...{ result: 'incident', lastBefore: START + 5 * MINUTE },
      incidents: [
        {
          ...{ of: 'app', at: later, count: kills + 1, before: kills, status: ['final', 'final'] },
          roles: ['container', 'owner', 'pod', 'service', 'workload'],
        },
      ],
    })
    assert.equal((await ask(cluster, at, { since: START + 6 * MINUTE, known })).lastBefore, null)
  })

  it('tells of a time before it was known that an object is not affected as it was known then', async () => {
    const cluster = testCluster()
    const kill = START + 10 * MINUTE
    const isSlice = (each: Observation): each is StateObservation =>
      each.type === 'state' && each.object.kind === 'EndpointSlice'
    const slice = healthy(START).find(isSlice)!
    const withoutPod = (at: number): Observation => ({
      ...{ ...slice, at, version: at, relations: slice.relations.filter(({ to }) => to?.key !== 'p1') },
    })
    await told(cluster, [
      ...[...healthy(START), ...outOfMemory(kill)].filter((each) => !isSlice(each) || each.at === START),
      withoutPod(kill + 5 * MINUTE),
    ])
    await told(cluster, beats(kill + 8 * MINUTE))
    await told(cluster, beats(kill + 9 * MINUTE))
    const known = (await readLanes(store, cluster)).knownUpTo!
    await told(cluster, [withoutPod(START + 5 * MINUTE), ...beats(kill + HOUR, true)])
    // The pod was no longer of the Service in this window: only what the verdict says leads to it.
    const window = { kind: 'service', since: kill + 10 * MINUTE }
    const askedAt = kill + 20 * MINUTE
    assert.equal((await ask(cluster, askedAt, window)).lastBefore, null)
    assert.equal((await ask(cluster, askedAt, { ...window, known })).lastBefore, kill)
    const touching = async (asOf: number) =>
      (await groupsTouching(store, [`${cluster}/s1`], { from: START, to: askedAt, known: asOf })).groups.map(
        ({ at, count, incident }) => ({ at, count, container: incident?.containerName }),
      )
    assert.deepEqual(await touching(OPEN - 1), [])
    assert.deepEqual(await touching(known), [{ at: kill, count: 1, container: 'app' }])
  })

  it('calls no near miss the last incident', async () => {
    const cluster = testCluster()
    await told(cluster, [
      ...healthy(START),
      ...outOfMemory(START + 10 * MINUTE),
      ...killOf('cache', START + 20 * MINUTE).filter((each) => !isEvent(each, 'container-terminated')),
      ...beats(START + 2 * HOUR, true),
    ])
    const answer = await ask(cluster, START + 2 * HOUR, { since: START + HOUR })
    assert.deepEqual([answer.result, answer.lastBefore], ['healthy', START + 10 * MINUTE])
  })
})
