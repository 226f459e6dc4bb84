/**
 * From the queue to the graph, against the driver alone. Both write the same nodes and relationships in the same batches, taking turns
 * in one run. The worker's turn begins with a packed job that is added to its lane and ends with the commit; the bare side has its
 * rows ready, knows what is there, checks and derives nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOrStartNeo4j } from '../../deploy/local/neo4j.ts'
import { findOrStartRedis } from '../../deploy/local/redis.ts'
import { removeCluster } from '../../graph/ingest/main.ts'
import { prepare } from '../../graph/ingest/prepare.ts'
import { BATCH_LIMIT, type Batch } from '../../graph/model/batch.ts'
import { pascalCase } from '../../graph/model/generate/names.ts'
import type { Observation } from '../../graph/model/observation.ts'
import { OPEN } from '../../graph/model/time.ts'
import { applySchema, openStore, type Params, type Store } from '../../graph/store/main.ts'
import { eventsOf, keysOf, LANE, NODES, stateOf } from './ingest/observations.ts'
import { startWorker, type WorkerBehindQueue } from './ingest/worker.ts'
import type { Row } from './row.ts'

const ROUNDS = 24
const WARM_UP = 6

const MERGE_OBJECTS = (label: string) =>
  `CYPHER 5 UNWIND $rows AS row MERGE (o:Object {key: row.key}) SET o:${label}, o += row.properties`
const MERGE_EVENTS = (
  label: string,
) => `CYPHER 5 UNWIND $rows AS row MERGE (e:Event {id: row.id}) ON CREATE SET e:${label}, e += row.properties
WITH e, row MATCH (o:Object {key: row.about}) CREATE (e)-[:ABOUT]->(o)`
const CREATE_STATES = 'CYPHER 5 UNWIND $rows AS row CREATE (s:State) SET s = row'
const CREATE_RELATIONS = (type: string) => `CYPHER 5 UNWIND $rows AS row
MATCH (a:Object {key: row.fromKey}) MATCH (b:Object {key: row.toKey}) CREATE (a)-[r:${type}]->(b) SET r = row`
const SUPERSEDE =
  'CYPHER 5 UNWIND $ids AS id MATCH ()-[r]->() WHERE elementId(r) = id SET r.recordedTo = $now, r.end = $now'

const CURRENT = `CYPHER 5 UNWIND $by AS by MATCH ()-[r:RUNS_ON]->() WHERE r.by = by AND r.recordedTo = $open AND r.to = $open
RETURN elementId(r) AS id`

type Prepared = ReturnType<typeof prepare>
/** Cluster names of the writer's side and of the bare one. */
type Sides = readonly [ours: string, theirs: string]

const batchOf = (cluster: string, observations: readonly Observation[]) => ({
  cluster,
  lane: LANE,
  observations,
  contexts: {},
})

const stateRows = (prepared: Prepared) =>
  prepared.states.map((state, index) => ({ ...state.properties, recordedAt: 1, arrival: index }))

const recordsOf = (prepared: Prepared, kind: string, from: number, to = OPEN) =>
  prepared.states.flatMap(({ key, view }) =>
    view.targets
      .filter((target) => target.kind === kind)
      .map(({ fromKey, toKey, properties }) => ({
        ...{ by: key, fromKey, toKey, from, to, end: to, recordedFrom: 1, recordedTo: OPEN, uncertainty: 0 },
        ...properties,
      })),
  )

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

type Statement = readonly [cypher: string, params: Params]

interface Times {
  readonly worker: number[]
  readonly bare: number[]
}

/** Milliseconds of each side's rounds but those to warm up, taking turns; a side goes first every other time. */
const sideBySide = async (
  store: Store,
  worker: WorkerBehindQueue,
  given: (round: number) => Batch,
  bare: (round: number) => Promise<Statement[]>,
): Promise<Times> => {
  const times: Times = { worker: [], bare: [] }
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const statements = await bare(round)
    const job = worker.pack(given(round))
    const sides = [
      async () => {
        const ms = await timed(() => worker.write(job))
        if (round >= WARM_UP) times.worker.push(ms)
      },
      async () => {
        const run = () => store.write((tx) => Promise.all(statements.map(([cypher, params]) => tx.run(cypher, params))))
        const ms = await timed(run)
        if (round >= WARM_UP) times.bare.push(ms)
      },
    ]
    for (const side of round % 2 === 0 ? sides : sides.reverse()) await side()
  }
  return times
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** By the median round: a pause of the machine in one is not the worker's. */
const rowOf = (what: string, atLeast: number, times: Times): Row => {
  const [worker, bare] = [median(times.worker), median(times.bare)]
  const perSecond = (ms: number) => Math.round((BATCH_LIMIT / ms) * 1_000)
  return {
    what,
    value: bare / worker,
    unit: 'x',
    budget: { atLeast },
    detail: `worker ${perSecond(worker)}/s, driver alone ${perSecond(bare)}/s: the median of ${ROUNDS} batches of ${BATCH_LIMIT} each`,
  }
}

const objectStatements = ({ objects }: Prepared): Statement[] =>
  [...Map.groupBy(objects.values(), (row) => row.kind)].map(([kind, rows]) => [MERGE_OBJECTS(kind), { rows }])

const relationStatement = (kind: string, rows: object[]): Statement => [CREATE_RELATIONS(kind), { rows }]

const firstSync = (store: Store, worker: WorkerBehindQueue, [ours, theirs]: Sides) => {
  const given = (round: number, cluster: string) =>
    batchOf(
      cluster,
      keysOf(`r${round}p`, BATCH_LIMIT).map((key, index) => stateOf(key, 100, index % NODES.length)),
    )
  return sideBySide(
    store,
    worker,
    (round) => given(round, ours),
    async (round) => {
      const prepared = prepare(given(round, theirs))
      const relations = ['OWNS', 'RUNS_ON', 'HOLDS', 'RUNS'].map((kind) =>
        relationStatement(kind, recordsOf(prepared, kind, 100)),
      )
      return [...objectStatements(prepared), [CREATE_STATES, { rows: stateRows(prepared) }], ...relations]
    },
  )
}

const oneRelation = async (store: Store, worker: WorkerBehindQueue, [ours, theirs]: Sides, pods: readonly string[]) => {
  const given = (round: number, cluster: string) =>
    batchOf(
      cluster,
      pods.map((key, index) => stateOf(key, 200 + round, (index + round) % NODES.length)),
    )
  const first = prepare(given(0, theirs))
  await worker.write(worker.pack(given(0, ours)))
  const begin: Statement[] = [
    ...objectStatements(first),
    relationStatement('RUNS_ON', recordsOf(first, 'RUNS_ON', 200)),
  ]
  await store.write((tx) => Promise.all(begin.map(([cypher, params]) => tx.run(cypher, params))))
  const by = first.states.map((state) => state.key)
  return sideBySide(
    store,
    worker,
    (round) => given(round + 1, ours),
    async (round) => {
      const prepared = prepare(given(round + 1, theirs))
      const current = await store.read<{ id: string }>(CURRENT, { by, open: OPEN })
      return [
        [CREATE_STATES, { rows: stateRows(prepared) }],
        [SUPERSEDE, { ids: current.map((row) => row.id), now: 2 }],
        relationStatement('RUNS_ON', recordsOf(prepared, 'RUNS_ON', 200 + round, 201 + round)),
        relationStatement('RUNS_ON', recordsOf(prepared, 'RUNS_ON', 201 + round)),
      ]
    },
  )
}

const events = async (store: Store, worker: WorkerBehindQueue, [ours, theirs]: Sides, pods: readonly string[]) => {
  const few = pods.slice(0, BATCH_LIMIT / 5)
  await worker.write(
    worker.pack(
      batchOf(
        ours,
        few.map((key) => stateOf(key, 1_000, 0)),
      ),
    ),
  )
  const begin = objectStatements(
    prepare(
      batchOf(
        theirs,
        few.map((key) => stateOf(key, 1_000, 0)),
      ),
    ),
  )
  await store.write((tx) => Promise.all(begin.map(([cypher, params]) => tx.run(cypher, params))))
  return sideBySide(
    store,
    worker,
    (round) => batchOf(ours, eventsOf(round, few)),
    async (round) => {
      const prepared = prepare(batchOf(theirs, eventsOf(round, few)))
      return [...prepared.events].map(([kind, rows]) => {
        for (const [index, row] of rows.entries()) Object.assign(row.properties, { recordedAt: 1, arrival: index })
        return [MERGE_EVENTS(pascalCase(kind)), { rows }] as const
      })
    },
  )
}

const measure = async (store: Store, worker: WorkerBehindQueue, name: string): Promise<Row[]> => {
  const sides: Sides = [`${name}-worker`, `${name}-bare`]
  const pods = keysOf('pod', BATCH_LIMIT)
  return [
    rowOf('queue to graph: events', 0.7, await events(store, worker, sides, pods)),
    rowOf('queue to graph: first sync of states', 0.45, await firstSync(store, worker, sides)),
    rowOf('queue to graph: states that change one relation', 0.25, await oneRelation(store, worker, sides, pods)),
  ]
}

/** Ratios of speeds, 1 being as fast as the driver alone. */
export const bench = async (): Promise<Row[]> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const server = await findOrStartNeo4j({ dataDir: join(dataDir, 'neo4j'), heapMb: 1024 })
  const redis = await findOrStartRedis({ dataDir: join(dataDir, 'redis') })
  const store = openStore(server)
  const name = `bench-${process.pid}`
  try {
    await applySchema(store)
    const worker = startWorker(store, redis.url, name)
    const rows = await measure(store, worker, name)
    await worker.stop()
    return rows
  } finally {
    for (const side of ['worker', 'bare']) await removeCluster(store, `${name}-${side}`)
    await store.close()
    await server.stop()
    await redis.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
