/**
 * Pods of a node now, with 10^5 past pods against 10^2: cost follows what holds, not what ever held. The records are made by
 * the server itself; the hundred pods that are there stay the same.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOrStartNeo4j } from '../../deploy/local/neo4j.ts'
import { removeCluster } from '../../graph/ingest/main.ts'
import { OPEN, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { instant, stepsFrom } from '../../queries/reads/links.ts'
import { KNOWN_NOW } from '../../queries/reads/read.ts'
import type { Row } from './row.ts'

const CLUSTER = 'bench-history'
const NODE = `${CLUSTER}/node`
const PODS = 100
const SIZES = [100, 100_000] as const
const START = 1_700_000_000 * SECOND
const NOW = START + 200_000 * SECOND
/** Rounds before the first measurement: the server's compiler has settled by then. */
const WARM_UP = 200
const ROUNDS = 100

const HERE = `CYPHER 5
CREATE (node:Object:Node {key: $node, cluster: $cluster, kind: 'Node'})
WITH node UNWIND range(0, $pods - 1) AS n
CREATE (pod:Object:Pod {key: $cluster + '/pod' + n, cluster: $cluster, kind: 'Pod'})
CREATE (pod)-[:RUNS_ON {by: pod.key, fromKey: pod.key, toKey: $node, from: $start, to: $open, recordedFrom: $start,
  recordedTo: $open, end: $open, uncertainty: 0}]->(node)`

/** Pods that ran one second each: the record as it was first told, and its successor that has an end. */
const PAST = `CYPHER 5
UNWIND range($from, $to - 1) AS n
CALL (n) {
  MATCH (node:Object {key: $node})
  WITH node, $cluster + '/past' + n AS key, $start + n * 1000000 AS began, $start + (n + 1) * 1000000 AS ended
  CREATE (pod:Object:Pod {key: key, cluster: $cluster, kind: 'Pod'})
  CREATE (pod)-[:RUNS_ON {by: key, fromKey: key, toKey: $node, from: began, to: $open, recordedFrom: began, recordedTo: ended,
    end: ended, uncertainty: 0}]->(node)
  CREATE (pod)-[:RUNS_ON {by: key, fromKey: key, toKey: $node, from: began, to: ended, recordedFrom: ended, recordedTo: $open,
    end: ended, uncertainty: 0}]->(node)
} IN TRANSACTIONS OF 5000 ROWS`

/** Work of the server that has nothing to do with what is stored: a measure of how busy the machine is. */
const CONTROL = 'CYPHER 5 UNWIND range(1, 20000) AS n RETURN sum(n % 7) AS sum'

interface Round {
  readonly ms: number
  /** The read against the control right before it. */
  readonly ratio: number
}

/** The median of the rounds by their ratio. */
const measure = async (store: Store, at: number, expected: number, count = ROUNDS): Promise<Round> => {
  const all: Round[] = []
  for (let round = 0; round < count; round++) {
    const start = performance.now()
    await store.read(CONTROL)
    const between = performance.now()
    const { steps } = await stepsFrom(
      store,
      'relied-on-by',
      [{ key: NODE, own: false }],
      instant({ at, known: KNOWN_NOW }),
    )
    const end = performance.now()
    all.push({ ms: end - between, ratio: (end - between) / (between - start) })
    if (steps.length !== expected) throw new Error(`${steps.length} pods at ${at}, expected ${expected}`)
  }
  return all.sort((a, b) => a.ratio - b.ratio)[Math.floor(count / 2)] as Round
}

export const bench = async (): Promise<Row[]> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const server = await findOrStartNeo4j({ dataDir, heapMb: 1024 })
  const store = openStore(server)
  const measured: Round[] = []
  const shared = { cluster: CLUSTER, node: NODE, pods: PODS, start: START, open: OPEN }
  let past: Round
  try {
    await applySchema(store)
    await removeCluster(store, CLUSTER)
    await store.run(HERE, shared)
    let from = 0
    for (const size of SIZES) {
      await store.run(PAST, { ...shared, from, to: size })
      from = size
      if (measured.length === 0) await measure(store, NOW, PODS, WARM_UP)
      measured.push(await measure(store, NOW, PODS))
    }
    past = await measure(store, START + 0.9 * SIZES[1] * SECOND, PODS + 1)
  } finally {
    await removeCluster(store, CLUSTER)
    await store.close()
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const [few, many] = measured as [Round, Round]
  return [
    {
      what: 'pods of a node now, with 10^5 past pods against 10^2',
      value: many.ratio / few.ratio,
      unit: 'x',
      budget: { atMost: 3 },
      detail: `${many.ms.toFixed(1)} ms against ${few.ms.toFixed(1)} ms for the same ${PODS} pods; median of ${ROUNDS} rounds, each against fixed work of the server right before`,
    },
    {
      what: 'pods of a node a tenth of its 10^5 pods back, against now',
      value: past.ratio / many.ratio,
      unit: 'x',
      detail: `${past.ms.toFixed(1)} ms against ${many.ms.toFixed(1)} ms: what ended since is passed over`,
    },
  ]
}
