/** Questions about any time through GraphQL, on a real graph. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, now, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { changes } from '../../queries/reads/changes.ts'
import { dependencies, dependents } from '../../queries/reads/reliance.ts'
import { sizeOf, topologyAround, topologyOfNamespace } from '../../queries/reads/topology.ts'
import { workload } from '../../queries/reads/workload.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createApi } from './main.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE
const END = KILL + 5 * MINUTE
const THEN = toRfc3339(KILL + 2 * SECOND)

/** A pod that names a ConfigMap that is not there, and a Secret where nobody may look for it. */
const namesNothing: StateObservation = {
  ...{ type: 'state', object: { kind: 'Pod', key: 'p9', name: 'reader', namespace: 'lone' } },
  ...{ at: START, version: 1, uncertainty: 0, source: KUBERNETES },
  body: { labels: [], phase: 'Pending', ready: false, containers: [] },
  relations: [
    { standing: 'missing', kind: 'ConfigMap', name: 'gone' } as const,
    { standing: 'unwatched', kind: 'Secret', name: 'db' } as const,
  ].map(({ standing, kind, name }) => ({
    kind: 'MOUNTS',
    to: { kind, key: `${standing}/${kind}/lone/${name}`, name, namespace: 'lone', [standing]: true },
    properties: { volume: name, paths: [], optional: false },
  })),
}

describe('GraphQL as of a time', () => {
  const cluster = testCluster()
  let store: Store
  let api: ReturnType<typeof createApi>

  const ask = async (query: string) => {
    const response = await api.fetch('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    return (await response.json()) as {
      data: Record<string, never>
      errors?: { message: string; extensions?: object }[]
    }
  }
  const answer = async (query: string): Promise<Record<string, unknown>> => {
    const { data, errors } = await ask(query)
    assert.equal(errors, undefined)
    return data
  }

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), namesNothing, ...beats]), cluster)
    // The server plans each statement once, which on a busy machine takes longer than a request may.
    const asked = { cluster, kind: 'service', name: 'checkout', namespace: 'shop', at: KILL }
    await workload(store, asked)
    for (const read of [topologyAround, dependencies, dependents]) await read(store, asked, sizeOf({}))
    await changes(store, { ...asked, from: START, to: KILL, around: true, first: 1 })
    await topologyOfNamespace(store, asked, sizeOf({}))
    api = createApi({ store, cluster, log: (error) => assert.fail(String(error)) })
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  test('a workload; what is asked below an answer is of its time', async () => {
    const { workload } = await answer(`{
      workload(kind: "deployment", name: "checkout", namespace: "shop", at: "${THEN}") {
        ground { at known horizon watchedFrom doubts { kind } }
        object { kind name state { body { ... on WorkloadBody { readyReplicas } } } }
        owners { name }
        pods { object { name owners { name } } state { body { ... on PodBody { ready } } } node { name } containers { name role } }
        services { object { name } ready endpoints }
        events { kind }
        cut
      }
    }`)
    const pods = [1, 2, 3].map((number) => ({
      object: { name: `checkout-7d9-${number}`, owners: [{ name: 'checkout-7d9' }, { name: 'checkout' }] },
      state: { body: { ready: number > 1 } },
      node: { name: 'node-1' },
      containers: [{ name: 'app', role: 'main' }],
    }))
    assert.deepEqual(workload, {
      ground: { at: THEN, known: null, horizon: null, watchedFrom: toRfc3339(START), doubts: [] },
      object: { kind: 'Deployment', name: 'checkout', state: { body: { readyReplicas: 2 } } },
      owners: [],
      pods,
      services: [{ object: { name: 'checkout' }, ready: 2, endpoints: 3 }],
      events: ['memory-pressure', 'container-terminated', 'oom-kill'].map((kind) => ({ kind })),
      cut: false,
    })
  })

  test('topology, owners, dependencies and dependents', async () => {
    const data = await answer(`{
      topology(kind: "service", name: "checkout", namespace: "shop", at: "${THEN}") {
        nodes { kind } edges { kind from { name } to { name } by { kind } since until uncertainty properties } cut
      }
      ownerChain(kind: "pod", name: "checkout-7d9-1", namespace: "shop", at: "${THEN}") { owners { kind } }
    }`)
    const relying = await answer(`{
      dependencies(kind: "deployment", name: "checkout", namespace: "shop", at: "${THEN}", depth: 3) {
        found { object { kind } distance path { kind } } cut
      }
      dependents(kind: "host", name: "node-1", at: "${THEN}") { found { object { kind } } }
    }`)
    const shop = await answer(`{ whole: topology(namespace: "shop", at: "${THEN}") { nodes { kind } } }`)
    const { topology, whole, ownerChain, dependencies, dependents } = { ...data, ...relying, ...shop } as unknown as {
      topology: { nodes: object[]; edges: { kind: string; to: { name: string } }[]; cut: boolean }
      whole: { nodes: object[] }
      ownerChain: object
      dependencies: { found: { object: { kind: string }; distance: number; path: object[] }[]; cut: boolean }
      dependents: { found: { object: { kind: string } }[] }
    }
    assert.deepEqual(
      topology.edges.find(({ kind, to }) => kind === 'SELECTS' && to.name === 'checkout-7d9-1'),
      {
        ...{
          kind: 'SELECTS',
          from: { name: 'checkout' },
          to: { name: 'checkout-7d9-1' },
          by: { kind: 'EndpointSlice' },
        },
        ...{ since: toRfc3339(KILL + SECOND), until: toRfc3339(KILL + 30 * SECOND), uncertainty: 0 },
        properties: { ready: false },
      },
    )
    assert.deepEqual([topology.nodes.length, topology.cut, whole.nodes.length], [11, false, 11])
    assert.deepEqual(ownerChain, { owners: [{ kind: 'ReplicaSet' }, { kind: 'Deployment' }] })
    const node = dependencies.found.find(({ object }) => object.kind === 'Node')!
    assert.deepEqual([node.distance, node.path], [3, ['OWNS', 'OWNS', 'RUNS_ON'].map((kind) => ({ kind }))])
    assert.equal(dependencies.cut, true)
    assert.ok(dependents.found.some(({ object }) => object.kind === 'Service'))
  })

  test('a name of what does not exist is missing, one of what nobody looks for is unwatched', async () => {
    const { topology, object } = await answer(`{
      topology(kind: "pod", name: "reader", namespace: "lone", at: "${THEN}") { nodes { kind name missing unwatched } }
      object(kind: "secret", name: "db", namespace: "lone") { missing unwatched state { at } }
    }`)
    assert.deepEqual(
      (topology as { nodes: { name: string }[] }).nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { kind: 'Secret', name: 'db', missing: false, unwatched: true },
        { kind: 'ConfigMap', name: 'gone', missing: true, unwatched: false },
        { kind: 'Pod', name: 'reader', missing: false, unwatched: false },
      ],
    )
    assert.deepEqual(object, { missing: false, unwatched: true, state: null })
  })

  test('who had an address, and changes', async () => {
    const { whoHad, changes } = await answer(`{
      whoHad(ip: "10.0.0.1", at: "${THEN}") { ip result holders { object { name } since until certain } }
      changes(kind: "deployment", name: "checkout", namespace: "shop", from: "${toRfc3339(KILL)}", to: "${THEN}", around: true) {
        changes { at what object { kind } field old new relation { kind } other { name } event { kind } } cut
      }
    }`)
    assert.deepEqual(whoHad, { ip: '10.0.0.1', result: 'NONE', holders: [] })
    const { changes: all } = changes as { changes: { what: string; field: string; old: unknown; new: unknown }[] }
    assert.deepEqual(
      all.filter(({ field }) => field === 'readyReplicas').map(({ what, old, new: now }) => [what, old, now]),
      [['FIELD', 3, 2]],
    )
    assert.ok(all.some(({ what }) => what === 'EVENT'))
  })

  test('an answer beyond what was watched, or of the future, says so; wrong questions are told what to ask', async () => {
    const doubtsAt = async (at: number) => {
      const { whoHad } = await answer(
        `{ whoHad(ip: "10.0.0.1", at: "${toRfc3339(at)}") { ground { doubts { kind text } } } }`,
      )
      return (whoHad as { ground: { doubts: { kind: string; text: string }[] } }).ground.doubts
    }
    assert.deepEqual(await doubtsAt(START - 1), [
      {
        kind: 'NOT_WATCHED',
        text: `kubernetes@cluster began to watch at ${toRfc3339(START)}: of the time before nothing was seen.`,
      },
    ])
    assert.equal((await doubtsAt(now() + MINUTE))[0]?.kind, 'FUTURE')
    const after = `kind: "deployment", name: "checkout", namespace: "shop", at: "${toRfc3339(END + MINUTE)}"`
    const { workload: view } = await answer(`{ workload(${after}) { ground { doubts { kind source on kinds } } } }`)
    assert.deepEqual((view as { ground: object }).ground, {
      doubts: [
        { kind: 'NOT_WATCHED', source: KUBERNETES, on: null, kinds: null },
        { kind: 'NOT_WATCHED', source: EBPF, on: 'node-1', kinds: null },
      ],
    })
    for (const [query, message] of [
      [
        'ownerChain(kind: "deployment", name: "chekout", namespace: "shop") { cut: owners { name } }',
        /nearest: checkout/,
      ],
      ['topology(kind: "deployment") { cut }', /expected both or none/],
      ['dependencies(kind: "pod", name: "x", depth: 9) { cut }', /depth: got 9, expected 1 to 8/],
      ['dependents(kind: "pod", name: "x", first: 5000) { cut }', /a page of 5000 was asked for, expected 1 to 2000/],
      ['changes(kind: "pod", name: "x", from: "2026-01-01T00:00:00Z", first: 0) { cut }', /a page of 0/],
      ['whoHad(ip: "nonsense") { ip }', /expected an IP address/],
      [`whoHad(ip: "::1", known: "${toRfc3339(now() + MINUTE)}") { ip }`, /known: got .+, expected at most/],
    ] as const) {
      const { errors } = await ask(`{ ${query} }`)
      assert.match(errors?.[0]?.message ?? 'no error', message)
      assert.deepEqual(errors?.[0]?.extensions, { code: 'BAD_USER_INPUT' })
    }
    const wide =
      '{ a: whoHad(ip: "::1") { holders { object { owners { owners { owners { name state { at } } } } } } } }'
    assert.equal((await ask(wide)).errors, undefined)
  })
})
