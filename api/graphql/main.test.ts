/** The API as its clients see it, on a real graph; `fetch` is the server's own, without a port. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import { MINUTE, now, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { createCorrelator, removeCluster } from '../../queries/engine/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createApi } from './main.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE
const END = KILL + 5 * MINUTE

describe('GraphQL', () => {
  const cluster = testCluster()
  const logged: unknown[] = []
  let store: Store
  let api: ReturnType<typeof createApi>

  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    Promise.resolve(
      api.fetch('http://127.0.0.1/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    )
  const ask = async (query: string, variables: object = {}) =>
    (await (await post({ query, variables })).json()) as { data: never; errors?: { message: string }[] }
  const complaint = async (query: string): Promise<string> => (await ask(query)).errors?.[0]?.message ?? 'no error'

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), ...beats]), cluster)
    await createCorrelator({ store }).runOnce(cluster)
    api = createApi({ store, cluster, log: (error) => logged.push(error) })
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  test('a workload as of a time, with its state, owners and events by their kinds', async () => {
    const { data, errors } = await ask(
      `query ($at: Timestamp, $from: Timestamp!) {
        workload: object(kind: "pod", name: "checkout-7d9-1", namespace: "shop") {
          __typename kind name
          state(at: $at) { at body { ... on PodBody { phase ready } } }
          owners(at: $at) { kind name }
        }
        deployment: object(kind: "deploy", name: "checkout", namespace: "shop") {
          state(at: $at) { body { ... on WorkloadBody { readyReplicas replicas } } }
        }
        kill: event(id: "${cluster}/oom-${KILL}") {
          summary at
          object { __typename events(from: $from) { kind summary ... on MemoryPressure { reclaims lastAt } } }
          pod { name }
          ... on OomKill { victimPids limitBytes }
        }
      }`,
      { at: toRfc3339(KILL + 2 * SECOND), from: toRfc3339(START) },
    )
    assert.equal(errors, undefined)
    assert.deepEqual(data, {
      workload: {
        __typename: 'Pod',
        kind: 'Pod',
        name: 'checkout-7d9-1',
        state: { at: toRfc3339(KILL + SECOND), body: { phase: 'Running', ready: false } },
        owners: [
          { kind: 'ReplicaSet', name: 'checkout-7d9' },
          { kind: 'Deployment', name: 'checkout' },
        ],
      },
      deployment: { state: { body: { readyReplicas: 2, replicas: 3 } } },
      kill: {
        summary: 'node (pid 41172, 251 MiB), its own allocation',
        at: toRfc3339(KILL),
        object: {
          __typename: 'Container',
          events: [
            {
              kind: 'memory-pressure',
              summary: 'app at its limit for 12 s, 214 reclaims',
              reclaims: 214,
              lastAt: toRfc3339(KILL - 10_000),
            },
            { kind: 'container-terminated', summary: 'app: OOMKilled, exit 137, restart 3' },
            { kind: 'oom-kill', summary: 'node (pid 41172, 251 MiB), its own allocation' },
          ].sort((a, b) =>
            a.kind === 'memory-pressure' ? -1 : b.kind === 'memory-pressure' ? 1 : a.kind < b.kind ? -1 : 1,
          ),
        },
        pod: { name: 'checkout-7d9-1' },
        victimPids: [41172],
        limitBytes: 268435456,
      },
    })
  })

  test('why, sources, patterns, clusters', async () => {
    const { data, errors } = await ask(`{
      why(kind: "deployment", name: "checkout", namespace: "shop") {
        result headline from unbrokenSince subject { replicas { wanted ready } readyLonger }
      }
      sources { source ended watermark unwatched { from to } }
      patterns { id steps { event required } work { occurrences open concludedAt } }
      clusters { cluster live }
    }`)
    assert.equal(errors, undefined)
    const told = data as {
      why: { result: string; headline: string; from: string; unbrokenSince: string; subject: unknown }
      sources: { source: string; ended: boolean; watermark: string }[]
      patterns: { id: string; work: { occurrences: number; open: number } | null }[]
      clusters: { cluster: string; live: boolean }[]
    }
    assert.equal(told.why.result, 'INCIDENT')
    assert.match(
      told.why.headline,
      /^checkout lost 1 of 3 replicas at .*: its container "app" outgrew its memory limit/,
    )
    assert.deepEqual(told.why.subject, { replicas: { wanted: 3, ready: 3 }, readyLonger: false })
    assert.equal(told.why.unbrokenSince, told.why.from, 'nobody watched before')
    assert.deepEqual(
      told.sources.map(({ source, ended, watermark }) => ({ source, ended, watermark })),
      [EBPF, KUBERNETES].map((source) => ({ source, ended: true, watermark: toRfc3339(END) })),
    )
    const work = told.patterns.find((pattern) => pattern.id === 'container-oom')?.work
    assert.deepEqual([work?.occurrences, work?.open], [1, 0])
    assert.deepEqual(
      told.clusters.filter((it) => it.cluster === cluster),
      [{ cluster, live: false }],
    )
  })

  test('an incident down to its evidence, and up again by causes', async () => {
    const { data, errors } = await ask(`{
      incidents(namespace: "shop", workload: "checkout", status: FINAL) {
        endCursor
        items {
          title status count
          workload { kind name owners { name } }
          occurrences { items {
            verdict {
              result confidence parts { rule joins links caps { why } } missing unseen { step }
              ownership { whole resolver workload { kind name object { name } } } alternatives { outcome workload { name } evidence { step } }
              hops { from to joinKey lag lagUncertainty }
              evidence { step event { ... on OomKill { victimCommands } causes { event { kind } } effects { event { kind } joinKey } } }
            }
            verdicts { number }
            affected { role object { name } }
          } }
        }
      }
    }`)
    assert.equal(errors, undefined)
    const { incidents } = data as { incidents: { items: never[] } }
    assert.equal(incidents.items.length, 1)
    const [incident] = incidents.items as {
      title: string
      status: string
      workload: object
      occurrences: { items: never[] }
    }[]
    assert.equal(incident!.status, 'FINAL')
    assert.deepEqual(incident!.workload, { kind: 'Deployment', name: 'checkout', owners: [] })
    const [occurrence] = incident!.occurrences.items as {
      verdict: {
        result: string
        confidence: number
        ownership: object
        alternatives: object[]
        evidence: { step: string; event: object }[]
      }
      affected: { role: string }[]
    }[]
    const { verdict, affected } = occurrence!
    assert.equal(verdict.result, 'INCIDENT')
    assert.equal(verdict.confidence, 0.95)
    const workload = { kind: 'Deployment', name: 'checkout', object: { name: 'checkout' } }
    assert.deepEqual(verdict.ownership, { whole: true, resolver: 'owner references', workload })
    assert.deepEqual(verdict.alternatives, [])
    assert.deepEqual(
      verdict.evidence.map(({ step }) => step),
      ['memory-pressure', 'oom-kill', 'container-terminated'],
    )
    assert.deepEqual(verdict.evidence[1]!.event, {
      victimCommands: ['node'],
      causes: [{ event: { kind: 'memory-pressure' } }],
      effects: [{ event: { kind: 'container-terminated' }, joinKey: 'container' }],
    })
    assert.deepEqual(affected.map(({ role }) => role).sort(), ['container', 'owner', 'pod', 'service', 'workload'])
  })

  test('an incident is known by how its id begins, in its cluster', async () => {
    const { data } = await ask('{ incidents { items { id } } }')
    const { id } = (data as { incidents: { items: { id: string }[] } }).incidents.items[0]!
    const own = id.slice(cluster.length + 1)
    for (const given of [id, own, own.slice(0, 8), id.slice(0, cluster.length + 9)])
      assert.deepEqual(await ask(`{ incident(id: "${given}") { id } }`), { data: { incident: { id } } }, given)
    const other = createApi({ store, cluster: 'elsewhere', log: (error) => logged.push(error) })
    const asked = async (args: string) => {
      const response = await other.fetch('http://127.0.0.1/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: `{ incident(${args}) { id } }` }),
      })
      return ((await response.json()) as { data: { incident: object | null } }).data.incident
    }
    assert.deepEqual(await asked(`id: "${id}"`), { id })
    assert.deepEqual(await asked(`id: "${own.slice(0, 8)}", cluster: "${cluster}"`), { id })
    assert.equal(await asked(`id: "${own.slice(0, 8)}"`), null)
    const twins = ['1', '2'].map((end) => `${cluster}/twin-${end}`)
    const write = (cypher: string) => store.write((transaction) => transaction.run(cypher, { cluster, twins }))
    await write('CYPHER 5 UNWIND $twins AS id CREATE (:Incident {id: id, cluster: $cluster})')
    const several = await complaint('{ incident(id: "twin") { id } }')
    await write('CYPHER 5 UNWIND $twins AS id MATCH (incident:Incident {id: id}) DELETE incident')
    assert.equal(
      several,
      `more than one incident begins with ${cluster}/twin: ${twins.join(', ')}. Give more of the one that is meant`,
    )
    for (const nothing of ['', `${cluster}/`])
      assert.match(await complaint(`{ incident(id: "${nothing}") { id } }`), /expected the id of an incident, or how/)
  })

  test('what will be known is refused: the same question must get the same answer', async () => {
    const later = toRfc3339(now() + MINUTE)
    for (const query of [
      `{ why(kind: "deployment", name: "checkout", namespace: "shop", known: "${later}") { result } }`,
      `{ object(kind: "deployment", name: "checkout", namespace: "shop", known: "${later}") { name } }`,
      `{ object(kind: "deployment", name: "checkout", namespace: "shop") { state(known: "${later}") { at } } }`,
      `{ object(kind: "deployment", name: "checkout", namespace: "shop") { owners(known: "${later}") { name } } }`,
      `{ incidents { items { occurrences { items { verdict(known: "${later}") { number } } } } } }`,
    ])
      assert.match(await complaint(query), /known: got .+, expected at most .+: a lane may still take in/)
  })

  test('is closed by default: JSON by POST from this machine, no introspection, no GraphiQL', async () => {
    const get = await api.fetch('http://127.0.0.1/graphql?query={clusters{cluster}}')
    assert.equal(get.status, 405)
    const page = await api.fetch('http://127.0.0.1/graphql', { headers: { accept: 'text/html' } })
    assert.equal(page.status, 405)
    const form = await post({ query: '{ clusters { cluster } }' }, { 'content-type': 'text/plain' })
    assert.equal(form.status, 415)
    const json = { 'content-type': 'application/json' }
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }
    const query = 'query={clusters{cluster}}'
    // Yoga takes all of these for its own.
    for (const path of ['/graphql', '/graphql/', '/health?x=/graphql', '/other?x=/graphql/']) {
      const url = new URL(path, 'http://127.0.0.1')
      const asked = async (init: RequestInit) => (await api.fetch(String(url), init)).status
      assert.equal(await asked({ method: 'POST', headers: urlencoded, body: query }), 415, path)
      assert.equal(
        await asked({ method: 'POST', headers: json, body: '{"query":"{ clusters { cluster } }"}' }),
        200,
        path,
      )
      const got = await api.fetch(`${url.origin}${url.pathname}?${query}&${url.search.slice(1)}`)
      assert.equal(got.status, 405, path)
    }
    const rebound = await api.fetch('http://evil.example/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ clusters { cluster } }"}',
    })
    assert.equal(rebound.status, 403)
    const foreign = await post({ query: '{ clusters { cluster } }' }, { origin: 'http://evil.example' })
    assert.equal(foreign.headers.get('access-control-allow-origin'), null)
    const { errors } = await ask('{ __schema { types { name fields { name } } } __type(name: "Pod") { name } }')
    assert.deepEqual(
      errors?.map(({ message }) => message),
      ['introspection (__schema) is off. `aitia api --explore` serves it; api/graphql has the schema'],
    )
  })

  test('--explore opens GraphiQL and introspection, and nothing else', async () => {
    const open = createApi({ store, cluster, explore: true })
    const page = await open.fetch('http://127.0.0.1/graphql', { headers: { accept: 'text/html' } })
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type') ?? '', /text\/html/)
    const introspection = await open.fetch('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __type(name: "OomKill") { interfaces { name } } }' }),
    })
    assert.deepEqual(await introspection.json(), { data: { __type: { interfaces: [{ name: 'Event' }] } } })
    assert.equal((await open.fetch('http://127.0.0.1/graphql?query={clusters{cluster}}')).status, 405)
  })

  test('bounds what it is asked', async () => {
    const deep = `{ event(id: "x") { ${'causes { event { '.repeat(15)} id ${'} } '.repeat(15)} } }`
    assert.match(await complaint(deep), /^the depth of the request is \d+, expected at most 24: ask for less at once$/)
    const wide = `{ ${Array.from({ length: 2_000 }, (_, index) => `a${index}: event(id: "x") { causes { event { causes { event { id } } } } }`).join(' ')} }`
    assert.ok(wide.length > 100_000)
    assert.equal((await post({ query: wide })).status, 413)
    const costly = `{ ${Array.from({ length: 400 }, (_, index) => `a${index}: event(id: "x") { ...f }`).join(' ')} }
      fragment f on Event { ${'causes { event { '.repeat(8)} id at kind source ${'} } '.repeat(8)} }`
    assert.match(await complaint(costly), /^the cost of the request .* is \d+, expected at most 50000: ask for less/)
    const pages = (first: string, most: string) =>
      `incidents(first: ${first}) { items { occurrences(first: ${most}) { items { id pattern at } } } }`
    const literal = await complaint(`{ ${pages('200', '50')} }`)
    assert.match(literal, /^the cost of the request .* is \d+, expected at most 50000: ask for less/)
    const byVariable = async (query: string, variables: object) => (await ask(query, variables)).errors?.[0]?.message
    const open = `query ($first: Int, $most: Int = 50) { ${pages('$first', '$most')} }`
    assert.equal(await byVariable(open, { first: 2, most: 2 }), undefined)
    assert.equal(await byVariable(open, { first: 200, most: 50 }), literal)
    assert.equal(await byVariable(open, { first: 200 }), literal)
    assert.match((await byVariable(open, { first: 'all' })) ?? '', /^Variable "\$first" got invalid value "all"/)
    for (const asked of [
      'incidents(cluster: "nonesuch") { endCursor }',
      'incident(cluster: "nonesuch", id: "x") { id }',
      'whoHad(cluster: "nonesuch", ip: "10.0.0.1") { result }',
      'topology(cluster: "nonesuch", namespace: "shop") { cut }',
    ])
      assert.match(await complaint(`{ ${asked} }`), /^nothing was heard of a cluster "nonesuch" \(known: /)
    assert.match(await complaint('{ incidents(workloadKind: "foo") { endCursor } }'), /^no kind "foo" is known in/)
    const unheard = createApi({ store, cluster: 'nonesuch' })
    const answer = await unheard.fetch('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ incidents { endCursor } }' }),
    })
    assert.match(await answer.text(), /nothing was heard of a cluster \\"nonesuch\\" \(known: /)
    assert.match(
      await complaint('{ incidents(first: 1000) { endCursor } }'),
      /a page of 1000 was asked for, expected 1 to 200/,
    )
    assert.match(await complaint('{ incidents(after: "???") { endCursor } }'), /is no cursor/)
    const chain = `{ incident(id: "x") { occurrences { items { verdict { evidence { event {
      ${'effects { event { '.repeat(5)} object { state { body { ... on PodBody { phase } } } } ${'} } '.repeat(5)} } } } } } } }`
    assert.equal(await complaint(chain), 'no error')
  })

  test("masks what is not the asker's fault, and logs it", async () => {
    const broken = createApi({
      store: {
        read: () => Promise.reject(new Error('bolt://secret:7687 is down')),
        verify: () => Promise.reject(new Error('down')),
      },
      cluster,
      log: (error) => logged.push(error),
    })
    const response = await broken.fetch('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ clusters { cluster } }' }),
    })
    const text = await response.text()
    assert.match(text, /the server failed; its log says why/)
    assert.doesNotMatch(text, /secret/)
    assert.match(String(logged.at(-1)), /secret/)
    assert.equal((await broken.fetch('http://127.0.0.1/health')).status, 200)
    assert.equal((await broken.fetch('http://127.0.0.1/ready')).status, 503)
    assert.equal((await api.fetch('http://127.0.0.1/ready')).status, 200)
  })
})
