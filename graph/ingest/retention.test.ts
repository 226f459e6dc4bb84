/**
 * Retention against a real Neo4j and the brute-force oracle: after the graph was cut at H, as known from K on, it answers
 * every question about H and later as before; what was told meanwhile and after, late and again, included.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { OPEN } from '../model/time.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { claimsOf } from './derive.ts'
import { FIXED_LAW, prepare, type StateRow } from './prepare.ts'
import { type Horizon, sweep } from './retention.ts'
import { deliver } from './testing/deliver.ts'
import { type Delivery, history, type Told } from './testing/history.ts'
import { heldAsKnown, instantsOf, type Known } from './testing/oracle.ts'
import { sayRow, storedRecords } from './testing/records.ts'

const RUNS = 30

interface StoredNode {
  readonly id: string
  readonly key: string | null
  readonly at: number
  readonly version: number | null
  readonly recordedAt: number
  readonly stale: boolean | null
  readonly deleted: boolean | null
}
type Stored = ReadonlyMap<string, StoredNode>

const NODES = `CYPHER 5 MATCH (n:State|Event {cluster: $cluster})
RETURN n.id AS id, n.key AS key, n.at AS at, n.version AS version, n.recordedAt AS recordedAt, n.stale AS stale, n.deleted AS deleted`

/** What the graph held when it was cut, and what it lost then. */
interface Cut extends Horizon {
  readonly before: Stored
  /** Objects that were gone: nothing of them is left. */
  readonly forgotten: ReadonlySet<string>
  /** Pairs of a fixed relation to what was gone. */
  readonly unclaimed: ReadonlySet<string>
  /** States and events. */
  readonly removed: number
}

/** A history that is cut, and where. */
interface Given {
  readonly share: number
  readonly knownShare: number
  readonly told: readonly Told[]
  readonly first: readonly Delivery[]
  readonly rest: readonly Delivery[]
}

const pairOf = ({ fromKey, toKey }: { fromKey: string; toKey: string }): string => `${fromKey} ${toKey}`

describe('the graph after retention', () => {
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(() => store.close())

  const inCluster = async <T>(run: (cluster: string) => Promise<T>): Promise<T> => {
    const cluster = testCluster()
    try {
      return await run(cluster)
    } finally {
      await removeCluster(store, cluster)
    }
  }
  const nodes = async (cluster: string): Promise<Stored> =>
    new Map((await store.read<StoredNode>(NODES, { cluster })).map((node) => [node.id, node]))
  /** Pairs of fixed relations, each with its earliest claim. */
  const pairs = async (cluster: string): Promise<Map<string, number>> => {
    const current = (await storedRecords(store, cluster)).filter(
      ({ kind, r }) => FIXED_LAW.has(kind as never) && r.recordedTo === OPEN,
    )
    return new Map(current.map(({ r }) => [pairOf(r), r.from]))
  }

  /** Cuts at a part of what is stored by now: `share` of the times told, and of the times at which they were recorded. */
  const cutAt = async (
    cluster: string,
    { share, knownShare }: Given,
    run: (horizon: Horizon) => Promise<void>,
  ): Promise<Cut> => {
    const before = await nodes(cluster)
    const pick = (values: readonly number[], part: number): number =>
      values.toSorted((a, b) => a - b)[Math.floor(part * (values.length - 1))] ?? 0
    const horizon = {
      at: pick(
        [...before.values()].map((node) => node.at),
        share,
      ),
      known: pick(
        [...before.values()].map((node) => node.recordedAt),
        knownShare,
      ),
    }
    const claimed = await pairs(cluster)
    await run(horizon)
    const [left, still] = [await nodes(cluster), await pairs(cluster)]
    const byKey = Map.groupBy(before.values(), ({ key }) => key)
    const isForgotten = (key: string | null) => key !== null && !byKey.get(key)!.some(({ id }) => left.has(id))
    return {
      ...{ ...horizon, before },
      forgotten: new Set([...byKey.keys()].filter(isForgotten) as string[]),
      unclaimed: new Set([...claimed].flatMap(([pair, from]) => ((still.get(pair) ?? OPEN) > from ? [pair] : []))),
      removed: [...before.keys()].filter((id) => !left.has(id)).length,
    }
  }

  /** What the oracle may know: all but what came too late, and what was told of the forgotten before they were. */
  const knownOf = (cluster: string, told: readonly Told[], cut: Cut, stored: Stored): Known => {
    const { states, claims } = prepare({ cluster, lane: 0, observations: told, contexts: {} })
    const recordedAt = (id: string) => (cut.before.get(id) ?? stored.get(id))?.recordedAt
    const isCounted = (id: string, at: number) => cut.before.has(id) || (stored.has(id) && at > cut.at)
    const eventOf = told.filter((one) => one.type === 'event')
    const isForgotten = ({ key, view }: StateRow) => cut.forgotten.has(key) && cut.before.has(view.id)
    const counted = states.filter(({ view }) => isCounted(view.id, view.at))
    const isLost = (pair: { fromKey: string; toKey: string }, id: string) =>
      cut.unclaimed.has(pairOf(pair)) && cut.before.has(id)
    // What the forgotten claimed holds as long as the pair is not gone as well.
    const leftClaims = counted
      .filter(isForgotten)
      .flatMap(({ view }) =>
        claimsOf(view, FIXED_LAW).flatMap((claim) =>
          isLost(claim, view.id) ? [] : [{ claim, recordedAt: recordedAt(view.id)! }],
        ),
      )
    return {
      states: counted
        .filter((state) => !isForgotten(state))
        .map((state) => {
          const targets = state.view.targets.filter(
            (target) => !(FIXED_LAW.has(target.kind) && isLost(target, state.view.id)),
          )
          return { state: { ...state, view: { ...state.view, targets } }, recordedAt: recordedAt(state.view.id)! }
        }),
      claims: claims
        .flatMap((claim, index) => {
          const { id, at } = eventOf[index]!
          const isThere = isCounted(`${cluster}/${id}`, at) && !isLost(claim, `${cluster}/${id}`)
          return isThere ? [{ claim, recordedAt: recordedAt(`${cluster}/${id}`)! }] : []
        })
        .concat(leftClaims),
    }
  }

  /** What is forgotten was gone: deleted before the cut, or claimed by nothing since. */
  const checkForgotten = (cluster: string, told: readonly Told[], cut: Cut): void => {
    const { states, claims } = prepare({ cluster, lane: 0, observations: told, contexts: {} })
    for (const key of cut.forgotten) {
      const [newest] = [...cut.before.values()]
        .filter((node) => node.key === key && !node.stale)
        .sort((a, b) => b.at - a.at)
      const isContainer = states.some(
        (state) => state.key === key && state.view.targets.some(({ toKey }) => toKey === key),
      )
      assert.ok(newest && newest.at <= cut.at && (newest.deleted || isContainer), `${key} was forgotten, but is there`)
    }
    const eventOf = told.filter((one) => one.type === 'event')
    const counting = states.filter(({ view }) => cut.before.get(view.id)?.stale === null)
    const kept = [...Map.groupBy(counting, ({ key }) => key).values()].flatMap((ofObject) => {
      const [last] = ofObject.filter(({ view }) => view.at <= cut.at).sort((a, b) => b.view.at - a.view.at)
      return ofObject.filter((state) => state === last || state.view.at > cut.at)
    })
    for (const pair of cut.unclaimed) {
      const since = claims.filter(
        (claim, index) =>
          pairOf(claim) === pair && claim.from > cut.at && cut.before.has(`${cluster}/${eventOf[index]!.id}`),
      )
      const declaring = kept.filter(
        ({ key, view }) => pair.startsWith(`${key} `) && view.targets.some((target) => pairOf(target) === pair),
      )
      assert.deepEqual([since, declaring.map(({ view }) => view.id)], [[], []], `${pair} was taken, but is claimed`)
    }
  }

  const assertSame = (got: Iterable<string>, expected: Iterable<string>, where: string): void => {
    const [a, b] = [[...got].sort().join('\n  '), [...expected].sort().join('\n  ')]
    if (a !== b) assert.fail(`${where}: got\n  ${a}\nexpected\n  ${b}`)
  }

  /** The state in force, as all readers ask for it. */
  const inForce = (all: Iterable<StoredNode>, at: number, known: number): Set<string> => {
    const of = [...all].filter((node) => node.key !== null && !node.stale && node.at <= at && node.recordedAt <= known)
    return new Set(
      [...Map.groupBy(of, ({ key }) => key).values()].map(
        (states) => states.sort((a, b) => b.at - a.at || b.version! - a.version!)[0]!.id,
      ),
    )
  }

  const compare = async (cluster: string, told: readonly Told[], cut: Cut): Promise<number> => {
    const stored = await nodes(cluster)
    const known = knownOf(cluster, told, cut, stored)
    const records = await storedRecords(store, cluster)
    const stamps = [...stored.values()].map(({ recordedAt }) => recordedAt)
    const knownAts = [...new Set([cut.known, ...stamps, OPEN - 1])].filter((one) => one >= cut.known)
    const times = [...new Set([cut.at, ...instantsOf(known), OPEN - 1])].filter((time) => time >= cut.at)
    const isLate = ({ id, at }: StoredNode) => !cut.before.has(id) && at <= cut.at
    const all = new Map([...cut.before, ...stored])
    const wanted = [...all.values()].filter(
      (node) => !isLate(node) && !(cut.forgotten.has(node.key ?? '') && cut.before.has(node.id)),
    )
    for (const [id, node] of stored)
      if (isLate(node) && node.key !== null) assert.equal(node.stale, true, `${id} is late`)
    let questions = 0
    for (const knownAt of knownAts) {
      const heldAt = heldAsKnown(known, knownAt)
      for (const time of times) {
        const where = `cut at ${cut.at} as known at ${cut.known}, asked at ${time} as known at ${knownAt}`
        const held = records.filter(
          ({ r }) => r.from <= time && time < r.to && r.recordedFrom <= knownAt && knownAt < r.recordedTo,
        )
        assertSame(held.map(sayRow), heldAt(time), where)
        assertSame(inForce(stored.values(), time, knownAt), inForce(wanted, time, knownAt), `${where}: states`)
        questions++
      }
    }
    return questions
  }

  const share = fc.noBias(fc.integer({ min: 40, max: 100 })).map((percent) => percent / 100)
  const given: fc.Arbitrary<Given> = fc
    .record({ history: history(30), share, knownShare: share, until: share })
    .map(({ history: { told, deliveries }, until, ...shares }) => {
      const middle = Math.max(1, Math.floor(until * deliveries.length))
      return { ...shares, told, first: deliveries.slice(0, middle), rest: deliveries.slice(middle) }
    })
  const deliverAll = async (cluster: string, deliveries: readonly Delivery[]) => {
    for (const delivery of deliveries) await deliver(store, cluster, delivery)
  }
  /** Tells the first part, cuts, compares, tells the rest and compares again. */
  const play = async (one: Given, run: (cluster: string, horizon: Horizon) => Promise<void>) =>
    inCluster(async (cluster) => {
      await deliverAll(cluster, one.first)
      const cut = await cutAt(cluster, one, (horizon) => run(cluster, horizon))
      checkForgotten(cluster, one.told, cut)
      const before = await compare(cluster, one.told, cut)
      await deliverAll(cluster, one.rest)
      return { questions: before + (await compare(cluster, one.told, cut)), removed: cut.removed }
    })
  const check = async (
    t: TestContext,
    numRuns: number,
    run: (cluster: string, horizon: Horizon, one: Given) => Promise<void>,
  ) => {
    let [questions, removed] = [0, 0]
    const property = fc.asyncProperty(given, async (one) => {
      const done = await play(one, (cluster, horizon) => run(cluster, horizon, one))
      questions += done.questions
      removed += done.removed
    })
    await fc.assert(property, { numRuns, endOnFailure: true })
    assert.ok(removed > 0, 'nothing was removed')
    t.diagnostic(
      `${questions} questions asked of ${numRuns} histories, of which ${removed} states and events were removed`,
    )
  }

  it('answers as before from the horizon on, and goes on doing so', (t) =>
    check(t, RUNS, async (cluster, horizon) => {
      await sweep(store, cluster, horizon, 0)
    }))

  it('of a claim that was told again with more: what was believed before goes no sooner than it', async () => {
    const pod = { kind: 'Pod', key: 'pod0.0', name: 'pod0', namespace: 'shop' } as const
    const state = (at: number): Told => ({
      ...{ type: 'state', object: pod, at, version: at, uncertainty: 0, source: 'kubernetes@cluster' },
      ...{ body: { labels: [], phase: 'Running', ready: at > 1_000 }, relations: [] },
    })
    const exec = (at: number, more: { containerName?: string } = {}): Told => ({
      ...{ type: 'event', kind: 'process-exec', id: `exec/${at}`, at, uncertainty: 0, observedAt: at },
      ...{ source: 'ebpf@h1', host: 'h1', pod, object: { kind: 'Container', key: 'pod0.0.c0' }, ...more },
      fields: { pid: 7, nsPid: 1, startBootClock: at, command: 'app', file: '/app' },
    })
    const deliveries = [
      [state(1_000), exec(1_001)],
      [exec(1_012, { containerName: 'app' }), state(1_018)],
    ]
    const first = deliveries.map((observations): Delivery => ({ observations, fate: 'written' }))
    const one: Given = { share: 1, knownShare: 0.4, told: deliveries.flat(), first, rest: [] }
    const { removed } = await play(one, async (cluster, horizon) => {
      await sweep(store, cluster, horizon, 0)
    })
    assert.equal(removed, 2)
  })

  it('does so while it is written to', (t) =>
    check(t, RUNS / 2, async (cluster, horizon, { rest }) => {
      const timely = rest.map((delivery) => ({
        ...delivery,
        observations: delivery.observations.filter(({ at }) => at > horizon.at),
      }))
      await Promise.all([
        sweep(store, cluster, horizon, 0),
        sweep(store, cluster, horizon, 0),
        deliverAll(cluster, timely),
      ])
    }))

  it('does so when it is killed by SIGKILL half way, again and again', async (t) => {
    const [one] = fc.sample(given, { numRuns: 1, seed: 11 }) as [Given]
    const all = [...one.first, ...one.rest]
    const { questions, removed } = await play(
      { ...one, first: all, rest: all, share: 0.8, knownShare: 0.9 },
      async (cluster, horizon) => {
        for (const pause of [1, 40, 120, 300]) {
          const sweeper = spawn(process.execPath, [join(import.meta.dirname, 'testing/sweeper.ts')], {
            env: { ...process.env, AITIA_TEST_NEO4J: JSON.stringify(await neo4jForTest()) },
            stdio: ['pipe', 'pipe', 'inherit'],
          })
          // Asked for before it ends: on a fast machine a sweep may be over before it is killed.
          const exited = once(sweeper, 'close')
          let hasBegun = false
          sweeper.stdout.once('data', () => {
            hasBegun = true
          })
          sweeper.stdin.end(JSON.stringify({ cluster, horizon }))
          // Whichever comes first: one that could not begin ends without a word.
          await Promise.race([once(sweeper.stdout, 'data'), exited])
          assert.ok(hasBegun, 'the sweeper ended by itself')
          await sleep(pause)
          sweeper.kill('SIGKILL')
          await exited
        }
        await sweep(store, cluster, horizon, 0)
      },
    )
    assert.ok(removed > 0)
    t.diagnostic(`${questions} questions asked; ${removed} states and events removed`)
  })
})
