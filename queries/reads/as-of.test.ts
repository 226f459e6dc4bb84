/** What was there, who relied on whom, who had an address and what changed, at any time, on a real graph. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { ObjectRef, Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, now, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { type Change, changes } from './changes.ts'
import { eventsOf } from './events-of.ts'
import { doubtText } from './ground.ts'
import { instant, type Link, stepsFrom } from './links.ts'
import { ownerChain } from './owner-chain.ts'
import { InvalidRequest, KNOWN_NOW } from './read.ts'
import { dependencies, dependents, type Reliance } from './reliance.ts'
import { NotFound, nameOf, standingOf, subjectOf } from './subject.ts'
import { topologyAround, topologyOfNamespace } from './topology.ts'
import { whoHad } from './who-had.ts'
import { workload } from './workload.ts'

const HOUR = 60 * MINUTE
const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE
/** The whole namespace is deleted. */
const GONE = KILL + 10 * MINUTE
const END = GONE + 10 * MINUTE
const IP = '10.244.1.7'

const holder = (key: string, at: number, addresses: readonly string[], more: object = {}): StateObservation => ({
  ...{ type: 'state', object: { kind: 'Pod', key, name: key, namespace: 'shop' }, at, version: at, uncertainty: 0 },
  ...{ source: KUBERNETES, body: { labels: [], phase: 'Running', ready: true }, pod: { kind: 'Pod', key } },
  relations: addresses.map((address) => ({
    kind: 'HOLDS',
    to: { kind: 'Address', key: address, name: address },
  })),
  ...more,
})
const tombstone = (object: ObjectRef, at: number): StateObservation => ({
  ...{ type: 'state', object, at, version: at, uncertainty: 0, source: KUBERNETES, deleted: true },
  ...{ body: {}, relations: [] },
  ...(object.kind === 'Pod' ? { pod: object } : {}),
})

const states = healthy(START).filter((it): it is StateObservation => it.type === 'state')
const ofShop = states.map(({ object }) => object).filter(({ namespace }) => namespace === 'shop')

const story: Observation[] = [
  ...healthy(START),
  ...outOfMemory(KILL),
  // One address: given to a, taken back, given to b half a minute later; c claims another one beside b.
  holder('a', START, [IP], { uncertainty: 5 * SECOND }),
  holder('a', START + 2 * MINUTE, []),
  holder('b', START + 3 * MINUTE, [IP, 'fd00::7'], { uncertainty: 10 * SECOND }),
  holder('c', START + 4 * MINUTE, ['fd00::7']),
  ...[...ofShop, ...['a', 'b', 'c'].map((key): ObjectRef => ({ kind: 'Pod', key }))].map((it) => tombstone(it, GONE)),
  heartbeat(KUBERNETES, START, END, true),
  heartbeat(EBPF, START, END, true),
  {
    type: 'gap',
    source: KUBERNETES,
    from: KILL - 5 * MINUTE,
    to: KILL - 4 * MINUTE,
    reason: 'Pod: cut off',
    kinds: ['pod-created'],
  },
  {
    type: 'gap',
    source: KUBERNETES,
    from: KILL - 5 * MINUTE,
    to: KILL,
    reason: 'Event: cut off',
    kinds: ['kubernetes-event'],
  },
  // What the kernel lost is no state, nor is what names its kinds.
  { type: 'loss', source: EBPF, from: KILL, to: KILL, count: 9, what: 'ring' },
  { type: 'loss', source: KUBERNETES, from: KILL, to: KILL, count: 1, what: 'dead-letter', kinds: ['pod-created'] },
]

describe('as of a time', () => {
  const cluster = testCluster()
  const size = { depth: 8, most: 200 }
  const about = (kind: string, name: string, at: number) => ({ cluster, kind, name, namespace: 'shop', at })
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    await loadRecording(store, recordingOf(story), cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  const names = ({ found }: Reliance): string[] => found.map(({ object }) => nameOf(object)).sort()
  const pods = [1, 2, 3].map((number) => `Pod shop/checkout-7d9-${number}`)
  const containers = ['c1', 'c2', 'c3'].map((id) => `Container ${id}`)
  const edge = ({ kind, fromKey, toKey }: Link): string =>
    `${fromKey.slice(cluster.length + 1)} ${kind} ${toKey.slice(cluster.length + 1)}`

  test('what a deployment relied on, with the path that leads there', async () => {
    const answer = await dependencies(store, about('deploy', 'checkout', KILL), size)
    assert.deepEqual(names(answer), [
      ...containers,
      'Host node-1',
      'Node node-1',
      ...pods,
      'ReplicaSet shop/checkout-7d9',
    ])
    const host = answer.found.find(({ object }) => object.kind === 'Host')!
    assert.deepEqual(
      host.path.map(({ kind }) => kind),
      ['OWNS', 'OWNS', 'RUNS_ON', 'ON'],
    )
    assert.equal(answer.cut, false)
    assert.deepEqual(answer.ground.doubts, [])
  })

  test('who suffers: of a node all on it, of a deployment what relies on its pods', async () => {
    assert.deepEqual(names(await dependents(store, about('deployment', 'checkout', KILL), size)), [
      'Service shop/checkout',
    ])
    assert.deepEqual(names(await dependents(store, about('host', 'node-1', KILL), size)), [
      ...['Deployment shop/checkout', 'Node node-1', ...pods, 'ReplicaSet shop/checkout-7d9', 'Service shop/checkout'],
    ])
    assert.deepEqual(names(await dependents(store, about('pod', 'checkout-7d9-1', KILL), size)), [
      ...['Deployment shop/checkout', 'ReplicaSet shop/checkout-7d9', 'Service shop/checkout'],
    ])
  })

  test('a bound is kept, and said', async () => {
    const few = await dependencies(store, about('deployment', 'checkout', KILL), { depth: 8, most: 3 })
    assert.deepEqual([few.found.length, few.cut], [2, true])
    const near = await dependencies(store, about('deployment', 'checkout', KILL), { depth: 1, most: 200 })
    assert.deepEqual([names(near), near.cut], [['ReplicaSet shop/checkout-7d9'], true])
  })

  test('the topology around an object and of a namespace', async () => {
    const around = await topologyAround(store, about('service', 'checkout', KILL + 2 * SECOND), size)
    assert.deepEqual(around.nodes.map(nameOf).sort(), [
      ...containers,
      'Deployment shop/checkout',
      ...['Host node-1', 'Node node-1', ...pods, 'ReplicaSet shop/checkout-7d9', 'Service shop/checkout'],
    ])
    const selects = around.edges.filter(({ kind }) => kind === 'SELECTS')
    assert.deepEqual(selects.map((link) => [edge(link), link.properties.ready]).sort(), [
      ['s1 SELECTS p1', false],
      ['s1 SELECTS p2', true],
      ['s1 SELECTS p3', true],
    ])
    const node = await topologyAround(store, about('node', 'node-1', KILL), size)
    assert.ok(
      node.nodes.some(({ kind }) => kind === 'Service'),
      'the pods of a node that is asked about are beside it',
    )
    const pod = await topologyAround(store, about('pod', 'checkout-7d9-1', KILL), size)
    assert.deepEqual(
      pod.nodes.filter(({ kind }) => kind === 'Pod').map(nameOf),
      [pods[0]],
      "neither its owner's, its Service's nor its node's other pods",
    )
    const whole = await topologyOfNamespace(store, { cluster, namespace: 'shop', at: KILL }, size)
    assert.deepEqual(
      whole.edges.map(edge).sort(),
      [
        ...['d1 OWNS r1', 'b HOLDS 10.244.1.7', 'b HOLDS fd00::7', 'c HOLDS fd00::7'],
        ...[1, 2, 3].flatMap((n) => [`r1 OWNS p${n}`, `p${n} RUNS c${n}`, `p${n} RUNS_ON n1`, `s1 SELECTS p${n}`]),
      ].sort(),
    )
    assert.deepEqual((await topologyOfNamespace(store, { cluster, namespace: 'shop', at: GONE }, size)).nodes, [])
  })

  test('owners, and a workload with its pods, containers, Services and events', async () => {
    const chain = await ownerChain(store, about('pod', 'checkout-7d9-2', KILL))
    assert.deepEqual(chain.owners.map(nameOf), ['ReplicaSet shop/checkout-7d9', 'Deployment shop/checkout'])
    for (const name of ['deployment', 'service']) {
      const view = await workload(store, about(name, 'checkout', KILL + 2 * SECOND))
      assert.deepEqual(
        view.pods.map(({ object, state, node, containers }) => [
          ...[nameOf(object), state?.body.ready, node?.name],
          containers.map(({ name, role }) => `${name} ${role}`),
        ]),
        pods.map((pod, index) => [pod, index > 0, 'node-1', ['app main']]),
      )
      assert.deepEqual(
        view.services.map(({ ready, endpoints }) => [ready, endpoints]),
        [[2, 3]],
      )
      assert.deepEqual(view.events.map(({ kind }) => kind).sort(), [
        'container-terminated',
        'memory-pressure',
        'oom-kill',
      ])
    }
  })

  test('who had an address: none, one, or several', async () => {
    const ask = async (ip: string, at: number) => {
      const { result, holders } = await whoHad(store, { cluster, ip, at })
      return [result, holders.map(({ object, certain }) => `${object.name}${certain ? '' : '?'}`)]
    }
    assert.deepEqual(await ask(IP, START + MINUTE), ['one', ['a']])
    assert.deepEqual(await ask(IP, START + 2 * MINUTE), ['none', []])
    assert.deepEqual(await ask(IP, START + 3 * MINUTE - 5 * SECOND), ['one', ['b?']])
    assert.deepEqual(await ask(IP, START + 3 * MINUTE), ['one', ['b']])
    assert.deepEqual(await ask('FD00:0:0::7', START + 4 * MINUTE), ['ambiguous', ['b', 'c']])
    assert.deepEqual(await ask(IP, GONE), ['none', []])
    await assert.rejects(ask('10.0.0', KILL), /got "10.0.0", expected an IP address/)
  })

  const told = (change: Change): string => {
    const name = change.object.name ?? change.object.key.slice(cluster.length + 1)
    if (change.what === 'event') return `${name} ${change.event.kind}`
    if (change.what === 'field') return `${name} ${change.field} ${change.old} > ${change.new}`
    if (change.what === 'property') return `${edge(change.link)} ${change.field} ${change.old} > ${change.new}`
    return `${name} ${change.what}${'link' in change ? ` ${edge(change.link)}` : ''}`
  }

  test('what changed, of an object alone and of what it rests on', async () => {
    const asked = { cluster, namespace: 'shop', from: KILL - MINUTE, first: 100 }
    const alone = await changes(store, {
      ...asked,
      kind: 'deployment',
      name: 'checkout',
      to: GONE + MINUTE,
      around: false,
    })
    assert.deepEqual(alone.changes.map(told), [
      'checkout readyReplicas 3 > 2',
      'checkout readyReplicas 2 > 3',
      ...['checkout deleted', 'checkout ended d1 OWNS r1'],
    ])
    assert.deepEqual(
      alone.changes.map(({ at }) => at),
      [KILL + SECOND, KILL + 30 * SECOND, GONE, GONE],
    )
    const around = await changes(store, {
      ...asked,
      kind: 'service',
      name: 'checkout',
      to: KILL + 10 * SECOND,
      around: true,
    })
    assert.deepEqual(around.changes.map(told).sort(), [
      ...['c1 container-terminated', 'c1 memory-pressure', 'c1 oom-kill', 'checkout-7d9-1 ready true > false'],
      's1 SELECTS p1 ready true > false',
    ])
    const born = await changes(store, {
      ...asked,
      kind: 'pod',
      name: 'a',
      from: START - MINUTE,
      to: START + 3 * MINUTE,
      around: false,
    })
    assert.deepEqual(born.changes.map(told), ['a appeared', `a began a HOLDS ${IP}`, `a ended a HOLDS ${IP}`])
    assert.equal(born.changes[1]!.uncertainty, 5 * SECOND)
    const last = await changes(store, {
      ...asked,
      kind: 'deployment',
      name: 'checkout',
      to: GONE,
      around: false,
      first: 1,
    })
    assert.deepEqual([last.changes.length, last.cut], [1, true])
    const reason = /expected a time before to/
    await assert.rejects(changes(store, { ...asked, kind: 'pod', name: 'a', to: asked.from, around: false }), reason)
  })

  test('after all was deleted each question about before is answered as before, and one about now is not', async () => {
    await assert.rejects(dependencies(store, about('deployment', 'checkout', GONE), size), (error: NotFound) => {
      assert.ok(error instanceof NotFound && error instanceof InvalidRequest)
      assert.equal(error.answer.deletedAt, GONE)
      return true
    })
    await assert.rejects(
      workload(store, about('deployment', 'checkout', START - HOUR)),
      new RegExp(`yet: it was first seen at ${toRfc3339(START)}`),
    )
    await assert.rejects(ownerChain(store, about('deployment', 'chekout', KILL)), /\(nearest: checkout/)
  })

  test('what nobody watches is there once others tell of it, and what a placeholder stood for is told as deleted', async () => {
    const other = testCluster()
    const [unwatched, left]: ObjectRef[] = [
      { kind: 'Pod', key: 'u1', name: 'unwatched', namespace: 'shop' },
      { kind: 'Secret', key: 'k1', name: 'left-out', namespace: 'shop' },
    ]
    const late = { kind: 'ConfigMap', name: 'late', namespace: 'shop' } as const
    const placeholder: ObjectRef = { ...late, key: 'missing/ConfigMap/shop/late', missing: true }
    const unseen: ObjectRef = {
      ...{ kind: 'Secret', key: 'unwatched/Secret/shop/unseen', name: 'unseen', namespace: 'shop', unwatched: true },
    }
    const mounting = (at: number, ...all: ObjectRef[]) =>
      holder('m1', at, [], {
        relations: all.map((to) => ({
          kind: 'MOUNTS',
          to,
          properties: { volume: to.name!, paths: [], optional: true },
        })),
      })
    const map: StateObservation = {
      ...{ type: 'state', object: { ...late, key: 'm-late' }, at: START + MINUTE, version: START + MINUTE },
      ...{ source: KUBERNETES, uncertainty: 0, relations: [] },
      body: { labels: [], keys: [], digests: [], digest: '', bytes: 0 },
    }
    const kill = outOfMemory(KILL).filter((it) => it.type === 'event' && it.kind === 'oom-kill')
    const observations: Observation[] = [
      ...kill.map((it) => ({ ...it, pod: unwatched }) as Observation),
      mounting(START, placeholder, left!, unseen),
      map,
      mounting(START + 2 * MINUTE, { ...late, key: 'm-late' }, left!),
      tombstone({ kind: 'Pod', key: 'm1', name: 'm1', namespace: 'shop' }, START + 3 * MINUTE),
      tombstone(map.object, START + 4 * MINUTE),
      heartbeat(KUBERNETES, START, END, true),
      heartbeat(EBPF, START, END, true),
    ]
    try {
      await loadRecording(store, recordingOf(observations), other)
      const ask = (kind: string, name: string, at: number, known?: number) =>
        subjectOf(store, {
          cluster: other,
          kind,
          name,
          namespace: 'shop',
          at,
          ...(known === undefined ? {} : { known }),
        })
      const keyOf = async (...of: Parameters<typeof ask>) => (await ask(...of)).object.key.slice(other.length + 1)
      assert.equal(await keyOf('pod', 'unwatched', KILL), 'u1')
      await assert.rejects(ask('pod', 'unwatched', KILL - 1), NotFound)
      await assert.rejects(ask('pod', 'unwatched', KILL, START), NotFound)
      const events = { cluster: other, kind: 'pod', name: 'unwatched', namespace: 'shop', from: START, first: 10 }
      assert.deepEqual(
        (await eventsOf(store, { ...events, at: KILL + MINUTE })).events.map(({ kind }) => kind),
        ['oom-kill'],
        'those of its containers too, though nobody told that they are its',
      )
      assert.equal(await keyOf('secret', 'left-out', START + MINUTE), 'k1')
      await assert.rejects(ask('secret', 'left-out', START - 1), NotFound)
      assert.equal(await keyOf('configmap', 'late', START), placeholder.key)
      // Nothing had referred to it.
      await assert.rejects(ask('configmap', 'late', START - 1), NotFound)
      const { object } = await ask('secret', 'unseen', START)
      assert.deepEqual([standingOf(object), object.missing, object.unwatched], ['not watched', undefined, true])
      assert.equal(standingOf((await ask('configmap', 'late', START)).object), 'missing')
      assert.equal(await keyOf('configmap', 'late', START + 2 * MINUTE), 'm-late')
      await assert.rejects(ask('configmap', 'late', START + 5 * MINUTE), (error: NotFound) => {
        assert.equal(error.answer?.deletedAt, START + 4 * MINUTE)
        return true
      })
    } finally {
      await removeCluster(store, other)
    }
  })

  test('a step is cut where a branch of it is, whatever kinds that has', async () => {
    const other = testCluster()
    const service: ObjectRef = { kind: 'Service', key: 's1', name: 'wide', namespace: 'shop' }
    const told = { type: 'state', source: KUBERNETES, uncertainty: 0 } as const
    const wide = (pods: number): Observation[] => [
      {
        ...{ ...told, object: service, at: START, version: START, body: { labels: [], serviceType: 'ClusterIP' } },
        relations: ['10.0.0.1', '10.0.0.2'].map((key) => ({ kind: 'HOLDS', to: { kind: 'Address', key, name: key } })),
      },
      {
        ...{ ...told, object: { kind: 'EndpointSlice', key: 'e1' }, at: START + pods, version: START + pods },
        body: { serviceName: 'wide', endpoints: pods, readyEndpoints: pods },
        relations: Array.from({ length: pods }, (_, index) => ({
          ...{ kind: 'SELECTS', from: service, properties: { ready: true } },
          to: { kind: 'Pod', key: `p${index}` },
        })),
      },
    ]
    try {
      const step = async (pods: number) => {
        await loadRecording(store, recordingOf(wide(pods)), other)
        const window = instant({ at: START + pods, known: KNOWN_NOW })
        return (await stepsFrom(store, 'relies-on', [{ key: `${other}/s1`, own: false }], window)).cut
      }
      assert.deepEqual([await step(498), await step(499)], [false, true])
    } finally {
      await removeCluster(store, other)
    }
  })

  test('a lost observation may have been a state: told of all times from then on, until the source told all anew', async () => {
    const other = testCluster()
    const beat = (session: string, from: number, to: number) => ({
      ...heartbeat(KUBERNETES, from, to, true),
      session,
    })
    const loss = { type: 'loss', source: KUBERNETES, count: 2, what: 'dead-letter' } as const
    const [first, second] = [START + 2 * MINUTE, START + 4 * MINUTE]
    const observations: Observation[] = [
      ...healthy(START),
      { ...loss, from: first, to: first },
      { ...loss, from: second, to: second, count: 1, what: 'spool' },
      // A replica that joins tells nothing anew; one that begins after a time without any does.
      ...[beat('a', START, KILL), beat('b', START + 5 * MINUTE, KILL), beat('c', KILL + MINUTE, END)],
    ]
    try {
      await loadRecording(store, recordingOf(observations), other)
      const losses = async (at: number) =>
        (await whoHad(store, { cluster: other, ip: IP, at })).ground.doubts
          .filter(({ kind }) => kind === 'loss')
          .map((doubt) => doubtText(doubt, (time) => String((time - START) / MINUTE)))
      const both = `${KUBERNETES} lost 3 observations: dead-letter, spool (2 to 4): what they told is missing from then on.`
      assert.deepEqual(await losses(first - 1), [])
      assert.deepEqual(await losses(first), [
        `${KUBERNETES} lost 2 observations: dead-letter (2 to 2): what they told is missing from then on.`,
      ])
      assert.deepEqual(await losses(second), [both])
      assert.deepEqual(await losses(KILL - MINUTE), [both])
      assert.deepEqual(await losses(KILL + MINUTE), [])
    } finally {
      await removeCluster(store, other)
    }
  })

  test('the knowledge time is obeyed: before anything was recorded nothing is known', async () => {
    const known = START
    await assert.rejects(dependents(store, { ...about('node', 'node-1', KILL), known }, size), NotFound)
    assert.equal((await whoHad(store, { cluster, ip: IP, at: START + MINUTE, known })).result, 'none')
  })

  test('says what it rests on: gaps, times that nobody watched, what is yet to come, what was removed', async () => {
    const doubts = async (at: number) =>
      (await whoHad(store, { cluster, ip: IP, at })).ground.doubts.map(({ kind, from, to, reason }) => ({
        kind,
        from,
        to,
        reason,
      }))
    assert.deepEqual(await doubts(KILL - 5 * MINUTE), [
      { kind: 'gap', from: KILL - 5 * MINUTE, to: KILL - 4 * MINUTE, reason: 'Pod: cut off' },
    ])
    assert.deepEqual(await doubts(KILL - 3 * MINUTE), [])
    assert.deepEqual(await doubts(START - MINUTE), [{ kind: 'not-watched', from: 0, to: START, reason: null }])
    assert.deepEqual(await doubts(END + MINUTE), [
      { kind: 'not-watched', from: END, to: END + MINUTE + 1, reason: null },
    ])
    assert.equal((await doubts(now() + HOUR))[0]!.kind, 'future')
    await store.write((transaction) =>
      transaction.run('CYPHER 5 MERGE (horizon:Horizon {cluster: $cluster}) SET horizon.at = $at', {
        cluster,
        at: KILL,
      }),
    )
    const { ground } = await whoHad(store, { cluster, ip: IP, at: KILL - MINUTE })
    assert.deepEqual([ground.horizon, ground.watchedFrom, ground.doubts[0]?.kind], [KILL, START, 'beyond-horizon'])
    assert.deepEqual(await doubts(KILL), [])
    const known = now() - HOUR
    await store.write((transaction) =>
      transaction.run('CYPHER 5 MATCH (horizon:Horizon {cluster: $cluster}) SET horizon.known = $known', {
        ...{ cluster, known: known + MINUTE },
      }),
    )
    const earlier = await whoHad(store, { cluster, ip: IP, at: KILL, known })
    assert.deepEqual(
      earlier.ground.doubts.map(({ kind, to, reason }) => [kind, to, reason]),
      [['beyond-horizon', known + MINUTE, 'what was known']],
    )
  })
})
