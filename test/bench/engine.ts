/**
 * Evaluation of 100 anchors with 10^4, 10^5 and 10^6 events stored: cost follows what is asked, not what is there. The
 * events are made by the server itself, four for each of many containers; the hundred anchors stay the same.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOrStartNeo4j } from '../../deploy/local/neo4j.ts'
import { removeCluster } from '../../graph/ingest/main.ts'
import { OPEN, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { evaluate } from '../../queries/engine/evaluate.ts'
import { loadPatterns, type Pattern } from '../../queries/engine/pattern.ts'
import { applyEngineSchema, statement } from '../../queries/engine/statements.ts'
import type { Row } from './row.ts'

const CLUSTER = 'bench-engine'
const ANCHORS = 100
const SIZES = [10_000, 100_000, 1_000_000] as const
/** Events that one container has: pressure, kill, exit, end. */
const PER_CONTAINER = 4
/** Rounds before the first measurement: the server's compiler has settled by then. */
const WARM_UP = 100
const ROUNDS = 60
const START = 1_700_000_000 * SECOND

/** One killed container each: its pod, ReplicaSet, Deployment and Service, shared by ten, and its four events. */
const CHAINS = `CYPHER 5
UNWIND range(0, $count - 1) AS n
MERGE (deployment:Object {key: $cluster + '/d' + (n / 10)})
  ON CREATE SET deployment:Workload:Deployment, deployment += {cluster: $cluster, kind: 'Workload', workloadKind: 'Deployment'}
MERGE (replicas:Object {key: $cluster + '/r' + (n / 10)})
  ON CREATE SET replicas:Workload:ReplicaSet, replicas += {cluster: $cluster, kind: 'Workload', workloadKind: 'ReplicaSet'}
MERGE (service:Object {key: $cluster + '/s' + (n / 10)})
  ON CREATE SET service:Service, service += {cluster: $cluster, kind: 'Service'}
MERGE (deployment)-[:OWNS {from: 0, uncertainty: 0, to: $open, recordedFrom: 0, recordedTo: $open}]->(replicas)
CREATE (pod:Object:Pod {key: $cluster + '/p' + n, cluster: $cluster, kind: 'Pod'})
CREATE (container:Object:Container {key: $cluster + '/c' + n, cluster: $cluster, kind: 'Container'})
CREATE (pod)-[:RUNS {from: 0, to: $open, recordedFrom: 0, recordedTo: $open, role: 'main'}]->(container)
CREATE (replicas)-[:OWNS {from: 0, uncertainty: 0, to: $open, recordedFrom: 0, recordedTo: $open}]->(pod)
CREATE (service)-[:SELECTS {from: 0, to: $open, recordedFrom: 0, recordedTo: $open}]->(pod)`

/** The four events of each container; only the first hundred are about something that is there. */
const EVENTS = `CYPHER 5
UNWIND range($from, $to - 1) AS n
CALL (n) {
  WITH $cluster + '/c' + n AS objectKey, $start + n * 1000000 AS at
  CREATE (:Event:OomKill {id: $cluster + '/kill' + n, cluster: $cluster, kind: 'oom-kill', objectKey: objectKey, at: at,
    uncertainty: 0, recordedAt: $start, source: 'ebpf@h', firstProcessKilled: true, global: false})
  CREATE (:Event:MemoryPressure {id: $cluster + '/pressure' + n, cluster: $cluster, kind: 'memory-pressure', objectKey: objectKey,
    at: at - 10000000, uncertainty: 0, recordedAt: $start, source: 'ebpf@h'})
  CREATE (:Event:ProcessExit {id: $cluster + '/exit' + n, cluster: $cluster, kind: 'process-exit', objectKey: objectKey,
    at: at + 9000, uncertainty: 0, recordedAt: $start, source: 'ebpf@h', nsPid: 1, firstProcess: true, signal: 9, exitCode: 0})
  CREATE (:Event:ContainerTerminated {id: $cluster + '/end' + n, cluster: $cluster, kind: 'container-terminated', objectKey: objectKey,
    at: at, uncertainty: 1000000, recordedAt: $start, source: 'kubernetes@cluster', reason: 'OOMKilled', exitCode: 137, restartCount: 0})
} IN TRANSACTIONS OF 5000 ROWS`

const ABOUT = `CYPHER 5
UNWIND range(0, $count - 1) AS n
MATCH (kill:Event {id: $cluster + '/kill' + n}) MATCH (container:Object {key: $cluster + '/c' + n})
CREATE (kill)-[:ABOUT]->(container)`

/** Incidents with so many occurrences, as a loop of crashes makes them. */
const LONG = 10_000
const SHORT = 100

const OCCURRENCES = `CYPHER 5
CREATE (incident:Incident {id: $cluster + '/incident' + $count, cluster: $cluster})
WITH incident UNWIND range(1, $count) AS n
CREATE (incident)-[:OCCURRED]->(:Occurrence {id: incident.id + '/' + n, cluster: $cluster, incidentId: incident.id, at: n})`

/** Sums up a long and a short incident by turns. */
const sumUp = async (store: Store): Promise<Row> => {
  for (const count of [LONG, SHORT]) await store.run(OCCURRENCES, { cluster: CLUSTER, count })
  const sum = async (count: number): Promise<number> => {
    const start = performance.now()
    const ids = [`${CLUSTER}/incident${count}`]
    await store.write((transaction) => transaction.run(statement('sum-incidents'), { ids, now: START }))
    return performance.now() - start
  }
  const [long, short]: [number[], number[]] = [[], []]
  for (let round = 0; round < WARM_UP; round++) await sum(SHORT)
  for (let round = 0; round < ROUNDS; round++) {
    long.push(await sum(LONG))
    short.push(await sum(SHORT))
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] as number
  return {
    what: `summing up an incident after a verdict, ${LONG.toExponential(0)} occurrences against ${SHORT}`,
    value: median(long) / median(short),
    unit: 'x',
    budget: { atMost: 1.3 },
    detail: `${median(long).toFixed(1)} ms against ${median(short).toFixed(1)} ms; median of ${ROUNDS} rounds, by turns`,
  }
}

/** Work of the server that has nothing to do with what is stored: a measure of how busy the machine is. */
const CONTROL = 'CYPHER 5 UNWIND range(1, 100000) AS n RETURN sum(n % 7) AS sum'

interface Round {
  readonly ms: number
  /** Evaluation against the control right before it. */
  readonly ratio: number
}

/** The rounds by their ratio, the least first. */
const rounds = async (store: Store, pattern: Pattern, count: number): Promise<Round[]> => {
  const anchors = Array.from({ length: ANCHORS }, (_, index) => `${CLUSTER}/kill${index}`)
  const all: Round[] = []
  for (let round = 0; round < count; round++) {
    const start = performance.now()
    await store.read(CONTROL)
    const between = performance.now()
    const judged = await evaluate(store, pattern, CLUSTER, anchors)
    const end = performance.now()
    all.push({ ms: end - between, ratio: (end - between) / (between - start) })
    const found = [...judged.values()].filter((each) => each?.content.evidence.length === PER_CONTAINER).length
    if (found !== ANCHORS) throw new Error(`${found} anchors with all evidence, expected ${ANCHORS}`)
  }
  return all.sort((a, b) => a.ratio - b.ratio)
}

const measure = async (store: Store, pattern: Pattern): Promise<Round> =>
  (await rounds(store, pattern, ROUNDS))[ROUNDS / 2] as Round

export const bench = async (): Promise<Row[]> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const server = await findOrStartNeo4j({ dataDir, heapMb: 2048 })
  const store = openStore(server)
  const pattern = loadPatterns().find(({ id }) => id === 'container-oom') as Pattern
  const measured: (Round & { events: number })[] = []
  const others: Row[] = []
  try {
    await applySchema(store)
    await applyEngineSchema(store, [pattern])
    await removeCluster(store, CLUSTER)
    const shared = { cluster: CLUSTER, count: ANCHORS, start: START, open: OPEN }
    await store.run(CHAINS, shared)
    let from = 0
    for (const events of SIZES) {
      const containers = events / PER_CONTAINER
      for (; from < containers; from = Math.min(from + 25_000, containers))
        await store.run(EVENTS, { ...shared, from, to: Math.min(from + 25_000, containers) })
      if (measured.length === 0) {
        await store.run(ABOUT, shared)
        await rounds(store, pattern, WARM_UP)
      }
      measured.push({ events, ...(await measure(store, pattern)) })
    }
    others.push(await sumUp(store))
  } finally {
    await removeCluster(store, CLUSTER)
    await store.close()
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const base = measured[0]!
  const evaluations = measured.slice(1).map(({ events, ms, ratio }) => ({
    what: `evaluation of ${ANCHORS} anchors, ${events.toExponential(0)} events stored against ${base.events.toExponential(0)}`,
    value: ratio / base.ratio,
    unit: 'x',
    budget: { atMost: 1.3 },
    detail: `${ms.toFixed(1)} ms against ${base.ms.toFixed(1)} ms, same anchors; median of ${ROUNDS} rounds, each against fixed work of the server right before`,
  }))
  return [...evaluations, ...others]
}
