/** What did not cause an OOM kill, and since when its limit is as it is: told only of what was watched and is still remembered. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording, sweep } from '../../graph/ingest/main.ts'
import type { EventObservation, LossObservation, Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, now, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createCorrelator, removeCluster } from '../engine/main.ts'
import type { Rivals } from './rivals.ts'
import { LOOK_BACK } from './subject.ts'
import { type Answer, type Question, why } from './why.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE
const END = KILL + 5 * MINUTE
const BYTES = 268_435_456

const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
const story: Observation[] = [...healthy(START), ...outOfMemory(KILL), ...beats]
const settings = { kind: 'ConfigMap', key: 'cm1', name: 'settings', namespace: 'shop' } as const

/** The same, and pod 1 mounts the ConfigMap. */
const mounting = story.map((it): Observation => {
  if (it.type !== 'state' || it.object.key !== 'p1') return it
  return {
    ...it,
    relations: [
      ...it.relations,
      { kind: 'MOUNTS', to: settings, properties: { volume: 'v', paths: [], optional: false } },
    ],
  }
})
const content = (at: number, more: Partial<StateObservation> = {}): StateObservation => ({
  ...{ type: 'state', object: settings, at, version: at, uncertainty: 0, source: KUBERNETES },
  ...{ body: { labels: [], keys: ['a'], digests: ['x'], digest: 'x', bytes: 1 }, relations: [] },
  ...more,
})
const loss = (more: Partial<LossObservation>): LossObservation => ({
  ...{ type: 'loss', source: KUBERNETES, from: KILL - 5 * MINUTE, to: KILL - 4 * MINUTE, count: 3, what: 'queue' },
  ...more,
})
const limitChanged: EventObservation<'spec-changed'> = {
  ...{ type: 'event', kind: 'spec-changed', id: 'spec-1', at: KILL - 2 * MINUTE, uncertainty: 0, source: KUBERNETES },
  observedAt: KILL - 2 * MINUTE,
  object: { kind: 'Workload', workloadKind: 'Deployment', key: 'd1', name: 'checkout', namespace: 'shop' },
  fields: {
    paths: ['template.spec.containers[app].resources.limits.memory'],
    before: ['1Gi'],
    after: ['256Mi'],
  },
}

/** The same, with other fields of the kill. */
const killedBy = (fields: object, all = story) =>
  all.map((it): Observation => {
    if (it.type !== 'event' || it.kind !== 'oom-kill') return it
    return { ...it, fields: { ...it.fields, ...fields } }
  })

const PRESSURE = { rival: 'node-under-pressure', from: START, objects: 1 } as const
const UNCHANGED = { rival: 'workload-changed', from: START, objects: 3 } as const
const LIMIT = { bytes: BYTES, since: START, changed: null }

describe('rivals', () => {
  const made: string[] = []
  let store: Store

  const load = async (observations: readonly Observation[]): Promise<string> => {
    const cluster = testCluster()
    made.push(cluster)
    await loadRecording(store, recordingOf(observations), cluster)
    await createCorrelator({ store }).runOnce(cluster)
    return cluster
  }
  const ask = async (cluster: string, more: Partial<Question> = {}) => {
    const answer = await why(store, {
      ...{ cluster, kind: 'pod', name: 'checkout-7d9-1', namespace: 'shop', at: END },
      ...more,
    })
    assert.notEqual(answer.result, 'not-found')
    return answer as Exclude<Answer, { result: 'not-found' }>
  }
  const rivalsOf = async (observations: readonly Observation[]): Promise<Rivals> =>
    (await ask(await load(observations))).incidents[0]!.rivals
  const removedOf = ({ notSeen }: Awaited<ReturnType<typeof ask>>) =>
    notSeen.filter(({ source }) => source === null).map(({ from, to, reason }) => ({ from, to, reason }))

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(async () => {
    await Promise.all(made.map((cluster) => removeCluster(store, cluster)))
    await store.close()
  })

  test('beyond the horizon nothing is ruled out and no limit is told, and the answer says what was removed', async () => {
    const cluster = await load([...story, limitChanged])
    const change = { before: '1Gi', after: '256Mi' }
    const remembered = await ask(cluster)
    assert.deepEqual(remembered.incidents[0]!.rivals, {
      notThis: [PRESSURE],
      limit: { bytes: BYTES, since: KILL - 2 * MINUTE, changed: change },
    })
    assert.deepEqual(removedOf(remembered), [])

    // All that is told from there on still stands.
    const early = KILL - 5 * MINUTE
    await sweep(store, cluster, { at: early, known: now() }, 0)
    const partly = await ask(cluster)
    assert.deepEqual(partly.incidents[0]!.rivals, {
      notThis: [{ ...PRESSURE, from: early }],
      limit: { bytes: BYTES, since: KILL - 2 * MINUTE, changed: change },
    })
    assert.deepEqual(removedOf(partly), [{ from: END - LOOK_BACK, to: early, reason: 'beyond-horizon' }])
    assert.equal(partly.watchedFrom, early)
    assert.deepEqual(removedOf(await ask(cluster, { since: early })), [])

    const late = KILL + MINUTE
    await sweep(store, cluster, { at: late, known: now() }, 0)
    const kept = await ask(cluster)
    assert.equal(kept.result, 'incident')
    assert.deepEqual(kept.incidents[0]!.rivals, { notThis: [], limit: null })
    assert.deepEqual(removedOf(kept), [{ from: END - LOOK_BACK, to: late, reason: 'beyond-horizon' }])

    await sweep(store, cluster, { at: late, known: now() }, late)
    const swept = await ask(cluster)
    assert.deepEqual(swept.incidents, [])
    assert.deepEqual(removedOf(swept), [{ from: END - LOOK_BACK, to: late, reason: 'beyond-horizon' }])
  })

  test('of what was known before the horizon nothing is ruled out either', async () => {
    const cluster = await load(story)
    const known = now()
    await sweep(store, cluster, { at: START - MINUTE, known: known + 1 }, 0)
    const answer = await ask(cluster, { known })
    assert.deepEqual(answer.incidents[0]!.rivals, { notThis: [], limit: null })
    assert.deepEqual(removedOf(answer), [{ from: START, to: END, reason: 'known-beyond-horizon' }])
    assert.deepEqual((await ask(cluster)).incidents[0]!.rivals, { notThis: [UNCHANGED, PRESSURE], limit: LIMIT })
  })

  test('a configuration is ruled out only where all of it was watched', async () => {
    const told = async (...of: StateObservation[]) =>
      (await rivalsOf([...mounting, ...of])).notThis.filter(({ rival }) => rival === 'configuration-changed')
    const ruledOut = { rival: 'configuration-changed', from: START, objects: 1 } as const
    assert.deepEqual(await told(content(START)), [ruledOut])
    assert.deepEqual(await told(), [], 'nobody has seen it')
    assert.deepEqual(await told(content(START), content(KILL - MINUTE, { leftOut: true, body: {} })), [], 'left out')
    assert.deepEqual(await told(content(KILL - 5 * MINUTE)), [], 'it is new')
    const rewritten = { body: { labels: [], keys: ['a'], rewritten: true } }
    assert.deepEqual(await told(content(START, rewritten)), [], 'rewritten by the clock')
    assert.deepEqual(await told(content(START, rewritten), content(KILL - MINUTE)), [], 'until a minute before')
    const listed = content(START + MINUTE, { uncertainty: 60 * MINUTE })
    assert.deepEqual(await told(listed), [{ ...ruledOut, from: START + MINUTE }], 'from its first sight on')
  })

  test('a workload is ruled out only where it was watched; its pods and ReplicaSets may be new', async () => {
    const without = (...keys: string[]) => story.filter((it) => it.type !== 'state' || !keys.includes(it.object.key))
    const later = (...keys: string[]) =>
      story.map((it) =>
        it.type === 'state' && it.at === START && keys.includes(it.object.key) ? { ...it, at: KILL - 3 * MINUTE } : it,
      )
    assert.deepEqual((await rivalsOf(without('d1'))).notThis, [PRESSURE])
    assert.deepEqual((await rivalsOf(later('p1', 'r1'))).notThis, [UNCHANGED, PRESSURE])
    assert.deepEqual((await rivalsOf(later('p1', 'r1', 'd1'))).notThis, [PRESSURE])
  })

  test('pressure on a node that began long before and goes on is not ruled out', async () => {
    const node = story.flatMap((it) => (it.type === 'state' && it.object.kind === 'Node' ? [it.object] : []))[0]!
    const pressure = (status: string, at: number): Observation => ({
      ...{ type: 'event', kind: 'node-condition-changed', id: `pressure-${status}`, at, uncertainty: 0, object: node },
      ...{ source: KUBERNETES, observedAt: START, fields: { condition: 'MemoryPressure', status, reason: '' } },
    })
    const began = pressure('True', START - 20 * MINUTE)
    assert.deepEqual((await rivalsOf([...story, began])).notThis, [UNCHANGED])
    const over = pressure('False', START - MINUTE)
    assert.deepEqual((await rivalsOf([...story, began, over])).notThis, [UNCHANGED, PRESSURE])
  })

  test('what was lost may have been a change', async () => {
    const since = KILL - 4 * MINUTE
    assert.deepEqual(await rivalsOf([...story, loss({ kinds: ['spec-changed'] })]), {
      notThis: [{ ...UNCHANGED, from: since }, PRESSURE],
      limit: { ...LIMIT, since },
    })
    assert.deepEqual(await rivalsOf([...story, loss({ to: KILL + MINUTE })]), { notThis: [], limit: null })
  })

  test('of a full node no limit is told and no pressure ruled out, whether all of it is full or all that pods get', async () => {
    for (const fields of [{ limitOf: 'node', limitCgroup: '/kubepods.slice' }, { global: true }]) {
      const [incident] = (await ask(await load(killedBy(fields)))).incidents
      assert.equal(incident!.incident?.cause, 'node-memory')
      assert.deepEqual(incident!.rivals, { notThis: [UNCHANGED], limit: null })
    }
  })

  test("a pod's limit is as old as the last change of any of its containers' limits", async () => {
    const sidecar: Observation = {
      ...limitChanged,
      fields: { ...limitChanged.fields, paths: ['template.spec.containers[proxy].resources.limits.memory'] },
    }
    const told = async (limitOf: string, change: Observation) =>
      (await rivalsOf([...killedBy({ limitOf }), change])).limit
    const since = KILL - 2 * MINUTE
    const changed = { before: '1Gi', after: '256Mi' }
    assert.deepEqual(await told('container', sidecar), LIMIT)
    assert.deepEqual(await told('pod', sidecar), { ...LIMIT, since })
    assert.deepEqual(await told('pod', limitChanged), { ...LIMIT, since, changed })
  })

  describe('of a workload whose pods differ', () => {
    const hit = story.find((it) => it.type === 'state' && it.object.key === 'p1' && it.at === START) as StateObservation
    /** An earlier pod of the workload, with another limit or the same, and its end. */
    const earlier = (limit: number, until: number): Observation[] => {
      const object = { ...hit.object, key: 'p0', name: 'checkout-7d9-0' }
      const told: StateObservation = {
        ...{ ...hit, object, pod: object, at: START - 60 * MINUTE, version: START - 60 * MINUTE },
        ...{ body: { ...hit.body, containers: [`app=main:${limit}:0`] }, relations: hit.relations.slice(0, 1) },
      }
      return [told, { ...told, at: until, version: until, deleted: true, body: {}, relations: [] }]
    }
    const others = new Set(['p2', 'p3'])
    /** One pod of the workload, made some time after its owners. */
    const madeAt = (at: number, ...more: Observation[]): Observation[] => [
      ...story
        .filter((it) => it.type !== 'state' || !others.has(it.object.key))
        .filter((it) => it.type !== 'heartbeat')
        .map((it) => {
          if (it.type !== 'state' || it.at !== START) return it
          const first = it.object.key === 'p1' ? at : START - 60 * MINUTE
          return { ...it, at: first, version: first }
        }),
      ...[KUBERNETES, EBPF].map((source) => heartbeat(source, START - 60 * MINUTE, END, true)),
      ...more,
    ]
    const made = KILL - 5 * MINUTE
    const rivalsWith = async (...more: Observation[]) => {
      const { limit, notThis } = await rivalsOf(madeAt(made, ...more))
      return { limit, notThis: notThis.map(({ rival }) => rival) }
    }
    const all = ['workload-changed', 'node-under-pressure']

    test('a limit that its pod was made with is no older, and the workload was changed by it, whoever did that', async () => {
      const limit = { bytes: BYTES, since: made, changed: null }
      assert.deepEqual(await rivalsWith(...earlier(2 * BYTES, made)), { limit, notThis: ['node-under-pressure'] })
      // One that goes on beside it.
      assert.deepEqual(await rivalsWith(...earlier(2 * BYTES, KILL + MINUTE)), {
        limit,
        notThis: ['node-under-pressure'],
      })
      assert.deepEqual(await rivalsWith(), { limit, notThis: all }, 'no other pod was seen')
    })

    test('a limit that the pods before showed too is as old as theirs', async () => {
      const limit = { bytes: BYTES, since: START - 60 * MINUTE, changed: null }
      assert.deepEqual(await rivalsWith(...earlier(BYTES, made)), { limit, notThis: all })
    })

    test('a change of the template is none of a pod that does not have it', async () => {
      const raised = { ...limitChanged, fields: { ...limitChanged.fields, before: ['256Mi'], after: ['512Mi'] } }
      assert.deepEqual((await rivalsOf([...story, raised])).limit, LIMIT)
      // Nor does it hide the change that this pod has.
      const after = { ...raised, id: 'raised-again', at: KILL - MINUTE, observedAt: KILL - MINUTE }
      assert.deepEqual((await rivalsOf([...story, limitChanged, after])).limit, {
        ...{ ...LIMIT, since: KILL - 2 * MINUTE },
        changed: { before: '1Gi', after: '256Mi' },
      })
      const made = killedBy({ limitOf: 'pod' }, [...story, raised])
      assert.deepEqual((await rivalsOf(made)).limit, LIMIT)
    })
  })

  test('of a pod that only the kernel told of no limit is told', async () => {
    const kernel = story.filter((it) => it.type !== 'state' || ['n1', 'host-1'].includes(it.object.key))
    assert.deepEqual(await rivalsOf(kernel), { notThis: [], limit: null })
  })
})
