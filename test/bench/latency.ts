/**
 * From a real OOM kill to its first verdict: kernel, agent, queue, worker, graph and pattern, as `aitia up` runs them in one process.
 * Both ends are stamped by this machine's clock: the kernel's own stamp of the kill, and the verdict's when it is written.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runAgent } from '../../agent/main.ts'
import { unpin } from '../../agent/native/native.ts'
import { Cgroup } from '../../agent/native/testing/cgroup.ts'
import { findOrStartNeo4j } from '../../deploy/local/neo4j.ts'
import { startRedis } from '../../deploy/local/redis.ts'
import { removeCluster } from '../../graph/ingest/main.ts'
import { type Log, openPatternQueue } from '../../graph/queue/main.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { runWorker } from '../../graph/worker/main.ts'
import { createCorrelator } from '../../queries/engine/main.ts'
import type { Row } from './row.ts'

const KILLS = 20
/** Kills before those that count: the server compiles statements, those of a verdict whose window is over too, for seconds each. */
const WARM_UP_MS = 40_000
const LIMIT = 16 << 20
const cluster = `bench-latency-${process.pid}`
const PINS = '/sys/fs/bpf/aitia'

const log: Log = { debug() {}, info() {}, warn: console.error, error: console.error }

const FIRST_VERDICT = `CYPHER 5
MATCH (kill:OomKill {objectKey: $key})
MATCH (:Occurrence {anchorId: kill.id, cluster: $cluster})-[:CONCLUDED]->(verdict:Verdict)
RETURN kill.at AS at, kill.observedAt AS observedAt, kill.recordedAt AS committedAt, min(verdict.recordedAt) AS concludedAt`

type CleanUp = () => unknown

/** When a kill had come how far, ms after it. */
interface Way {
  readonly observed: number
  readonly committed: number
  readonly concluded: number
}

/** Has a container's process killed, and waits for the first verdict. */
const killOne = async (store: Store): Promise<Way> => {
  const cleanUps: CleanUp[] = []
  const after = (cleanUp: CleanUp) => cleanUps.unshift(cleanUp)
  try {
    const test = { after } as unknown as TestContext
    const id = randomBytes(32).toString('hex')
    const pod = new Cgroup(test, { parent: new Cgroup(test), name: `pod${randomUUID()}` })
    const cgroup = new Cgroup(test, { parent: pod, name: id })
    const child = cgroup.limit(LIMIT).spawn('exec tail /dev/zero', { unshare: true })
    await once(child, 'exit')
    if (cgroup.oomKills !== 1) throw new Error(`the kernel counts ${cgroup.oomKills} OOM kills, expected 1`)
    for (let tries = 0; tries < 100; tries++) {
      await sleep(200)
      const key = `${cluster}/${id}`
      const [found] = await store.read<Record<string, number>>(FIRST_VERDICT, { key, cluster })
      if (found === undefined) continue
      const since = (stamp: string) => (found[stamp]! - found.at!) / 1_000
      return { observed: since('observedAt'), committed: since('committedAt'), concluded: since('concludedAt') }
    }
    throw new Error('no verdict 20 s after an OOM kill')
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}

export const bench = async (): Promise<Row[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const cleanUps: CleanUp[] = [() => rmSync(folder, { recursive: true, force: true })]
  const after = (cleanUp: CleanUp) => cleanUps.unshift(cleanUp)
  try {
    const neo4j = await findOrStartNeo4j({ dataDir: join(folder, 'neo4j') })
    after(() => neo4j.stop())
    const redis = await startRedis({ dataDir: join(folder, 'redis') })
    after(() => redis.stop())
    const place = { redisUrl: redis.url, prefix: cluster, log }
    const store = openStore(neo4j)
    after(() => store.close())
    await applySchema(store)
    after(() => removeCluster(store, cluster))
    const worker = await runWorker({ ...place, neo4j })
    after(() => worker.stop())
    const correlator = createCorrelator({
      store,
      queue: (pattern, run) => openPatternQueue({ ...place, pattern }, run),
      onError: console.error,
    })
    await correlator.start()
    after(() => correlator.stop())
    after(() => {
      const own = existsSync(PINS) ? readdirSync(PINS).filter((name) => name.startsWith(`${cluster}-`)) : []
      for (const name of own) unpin(join(PINS, name))
    })
    const agent = await runAgent({ ...place, cluster, dataDir: join(folder, 'agent'), collectors: ['ebpf'] })
    after(() => agent.stop())
    const first = await killOne(store)
    for (const end = performance.now() + WARM_UP_MS; performance.now() < end; ) await killOne(store)
    const ways: Way[] = []
    for (let count = 0; count < KILLS; count++) ways.push(await killOne(store))
    ways.sort((a, b) => a.concluded - b.concluded)
    const slowest = ways[Math.ceil(KILLS * 0.99) - 1]!
    const ms = (value: number) => `${value.toFixed(0)} ms`
    const parts = ({ observed, committed, concluded }: Way) =>
      `${ms(concluded)} (seen by the agent after ${ms(observed)}, in the graph after ${ms(committed)})`
    return [
      {
        what: 'OOM kill in the kernel to its first verdict, p99',
        value: slowest.concluded,
        unit: 'ms',
        budget: { atMost: 1_000 },
        detail: `${KILLS} kills one after the other, so p99 is the slowest; slowest ${parts(slowest)}, median ${parts(ways[KILLS >> 1]!)}, fastest ${ms(ways[0]!.concluded)}; agent, worker and correlator in one process`,
      },
      {
        what: 'the same for the first kill of a new server, as soon as worker and correlator say that they run',
        value: first.concluded,
        unit: 'ms',
        detail: `${parts(first)}; what is planned ahead is still under way by then, and the server's code is not compiled`,
      },
    ]
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}
