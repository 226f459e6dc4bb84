/** What a request may take of the graph and of time, on a real graph; some rows are held back until the test lets them go. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { loadRecording } from '../../graph/ingest/main.ts'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { Observation } from '../../graph/model/observation.ts'
import { SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { topologyOfNamespace, workload } from '../../queries/reads/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { AT_ONCE, TIME } from './bounds.ts'
import { createApi } from './main.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 30 * SECOND
const PODS = 60
const KINDS = Object.keys(EVENTS).length

const WORKLOAD = `workload(kind: "deployment", name: "checkout", namespace: "shop") {
  pods { object { name owners { name } } } services { object { name } }
}`
const QUESTION = `{ ${WORKLOAD} }`
const aliased = (times: number, field: (number: number) => string): string =>
  Array.from({ length: times }, (_, number) => `a${number}: ${field(number)}`).join('\n')
const TIMES = 2 * AT_ONCE
const MANY = `{ ${aliased(TIMES, () => WORKLOAD)} }`

/** Further pods of the namespace, with nothing about them. */
const crowd = (at: number): Observation[] => {
  const one = healthy(at).find((it) => it.type === 'state' && it.object.kind === 'Pod')
  assert.ok(one?.type === 'state')
  return Array.from({ length: PODS }, (_, number) => {
    const pod = { ...one.object, key: `crowd-${number}`, name: `crowd-${number}` }
    return { ...one, object: pod, pod, relations: [] }
  })
}

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string }[]
}

describe('what a request may take', () => {
  const cluster = testCluster()
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const beat = heartbeat(KUBERNETES, START, START + 60 * SECOND, true)
    const observations = [...healthy(START), ...crowd(START), ...outOfMemory(KILL), beat]
    await loadRecording(store, recordingOf(observations), cluster)
    // To plan them takes longer than a request has, on a server that is cold and busy.
    await workload(store, { cluster, kind: 'deployment', name: 'checkout', namespace: 'shop' })
    await topologyOfNamespace(store, { cluster, namespace: 'shop' }, { most: 500 })
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  /** An API that gives rows only once `held` is, and what was read through it. */
  const apiOf = (held: Promise<void> = Promise.resolve()) => {
    const reads: { readonly params: Record<string, unknown>; readonly timeout: number | undefined }[] = []
    const first = Promise.withResolvers<void>()
    let running = 0
    const read: Store['read'] = async (cypher, params = {}, timeout = undefined) => {
      reads.push({ params, timeout })
      running += 1
      first.resolve()
      try {
        const rows = await store.read(cypher, params, timeout)
        await held
        return rows as never
      } finally {
        running -= 1
      }
    }
    const api = createApi({ store: { read, verify: () => store.verify() }, cluster })
    /** All that was begun has ended, and nothing is begun after it. */
    const quiet = async (): Promise<void> => {
      for (let turns = 0; turns < 100; turns = running === 0 ? turns + 1 : 0) await turn()
    }
    return { api, reads, begun: first.promise, quiet }
  }
  const asked = (query: string) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const ask = async ({ api }: Pick<ReturnType<typeof apiOf>, 'api'>, query: string): Promise<Answer> =>
    (await (await api.fetch('http://127.0.0.1/graphql', asked(query))).json()) as Answer
  const messages = ({ errors = [] }: Answer): string[] => [...new Set(errors.map(({ message }) => message))]

  test('few of its statements run at one time, others are answered meanwhile, and once its time is over none starts', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const slow = apiOf(held)
    const refused = ask(slow, MANY)
    await slow.begun
    const whole = apiOf()
    assert.deepEqual(messages(await ask(whole, QUESTION)), [])
    assert.equal(slow.reads.length, AT_ONCE)
    assert.deepEqual(messages(await refused), [`took longer than ${TIME / 1_000} s: ask for less`])
    release()
    await slow.quiet()
    assert.equal(slow.reads.length, AT_ONCE)
    assert.ok(slow.reads.every(({ timeout }) => timeout !== undefined && timeout > 0 && timeout <= TIME))
    assert.ok(whole.reads.length > 1, 'there was more to read')
  })

  test('once an error has ended its answer no statement starts', async () => {
    const those = apiOf()
    const ended = await ask(those, `{ incidents(first: 1000) { endCursor } ${MANY.slice(1)}`)
    const before = those.reads.length
    assert.equal(ended.data, null)
    assert.match(messages(ended).join(), /^a page of 1000 was asked for/)
    await those.quiet()
    assert.equal(those.reads.length, before)
    const one = apiOf()
    assert.deepEqual(messages(await ask(one, QUESTION)), [])
    assert.ok(before < TIMES * one.reads.length, 'there was more to read')
  })

  test('once the asker has gone no statement starts', async (t) => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const slow = apiOf(held)
    const server = createServer(slow.api as never)
    t.after(() => server.close())
    const gone = Promise.withResolvers<void>()
    server.on('connection', (socket) => socket.once('close', () => gone.resolve()))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const leave = new AbortController()
    const { port } = server.address() as AddressInfo
    const left = fetch(`http://127.0.0.1:${port}/graphql`, { ...asked(MANY), signal: leave.signal })
    await slow.begun
    leave.abort()
    await assert.rejects(left, { name: 'AbortError' })
    await gone.promise
    await turn()
    const before = slow.reads.length
    release()
    await slow.quiet()
    assert.equal(slow.reads.length, before)
  })

  test('events of many objects are read together, as many as one statement may ask rows for', async () => {
    const reads = async (fields: string) => {
      const those = apiOf()
      const answer = await ask(those, `{ topology(namespace: "shop") { nodes { ${fields} } } }`)
      assert.deepEqual(messages(answer), [])
      return { ...those, nodes: (answer.data as { topology: { nodes: { events?: object[] }[] } }).topology.nodes }
    }
    const from = toRfc3339(START)
    const plain = await reads('key')
    const small = await reads(`events(from: "${from}") { id }`)
    assert.ok(small.nodes.length > PODS)
    assert.equal(small.nodes.flatMap(({ events }) => events).length, 3)
    assert.equal(small.reads.length - plain.reads.length, KINDS)
    const large = await reads(`events(from: "${from}", first: 200) { id }`)
    assert.deepEqual(large.nodes, small.nodes)
    assert.ok(large.reads.length - plain.reads.length > KINDS)
    const sizes = large.reads.map(
      ({ params: { keys, limit } }) => ((keys as unknown[]) ?? []).length * Number(limit ?? 0),
    )
    assert.ok(Math.max(...sizes) <= 5_000, `${Math.max(...sizes)}`)
  })

  test('"now" is one time for all of it, so that look-ups of now are read together', async () => {
    const those = apiOf()
    const ids = [`pressure-${KILL}`, `oom-${KILL}`, `end-${KILL}`].map((id) => `${cluster}/${id}`)
    const answer = await ask(
      those,
      `{ ${aliased(ids.length, (number) => `event(id: "${ids[number]}") { pod { state { at } events(from: "${toRfc3339(START)}") { id } } }`)} }`,
    )
    assert.deepEqual(messages(answer), [])
    // The events, their pod, its state and its events.
    assert.equal(those.reads.length, 3 + KINDS)
  })

  test('its statements are counted, and refused when they are too many', async () => {
    // The graph tells each statement's rows once: so many would take longer than a request has.
    const told = new Map<string, Promise<unknown[]>>()
    let reads = 0
    const read: Store['read'] = (cypher, params) => {
      reads += 1
      const rows = told.get(cypher) ?? store.read(cypher, params)
      told.set(cypher, rows)
      return rows as Promise<never>
    }
    const api = createApi({ store: { read, verify: () => store.verify() }, cluster })
    const each = (number: number) =>
      `event(id: "${cluster}/oom-${KILL}") { object { events(from: "${toRfc3339(START + number)}") { id } } }`
    const many = (statements: number) => `{ ${aliased(Math.floor(statements / KINDS), each)} }`
    assert.deepEqual(messages(await ask({ api }, many(2_100))), [
      'the request needs more than 2000 reads of the graph: ask for less at once',
    ])
    assert.equal(reads, 2_000)
    assert.deepEqual(messages(await ask({ api }, many(1_900))), [])
  })
})
