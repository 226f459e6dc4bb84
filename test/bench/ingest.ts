/**
 * The writer against the driver alone. Both write the same nodes and relationships in the same batches, taking turns in
 * one run; the bare side has its rows ready, knows what is there, checks and derives nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOrStartNeo4j } from '../../deploy/local/neo4j.ts'
import { createWriter, removeCluster, type Writer } from '../../graph/ingest/main.ts'
import { prepare } from '../../graph/ingest/prepare.ts'
import { BATCH_LIMIT } from '../../graph/model/batch.ts'
import { pascalCase } from '../../graph/model/generate/names.ts'
import {
  type EventObservation,
  laneOf,
  type ObjectRef,
  type Observation,
  type StateObservation,
} from '../../graph/model/observation.ts'
import { OPEN } from '../../graph/model/time.ts'
import { applySchema, openStore, type Params, type Store } from '../../graph/store/main.ts'
import type { Row } from './row.ts'

const LANE = 3
const ROUNDS = 24
const WARM_UP = 6
const NODES: ObjectRef[] = Array.from({ length: 20 }, (_, n) => ({ kind: 'Node', key: `node${n}`, name: `node${n}` }))

/** Keys that fall into one lane, so that a batch is full. */
const keysOf = (prefix: string, count: number): string[] => {
  const keys: string[] = []
  for (let n = 0; keys.length < count; n++) if (laneOf(`${prefix}${n}`, 8) === LANE) keys.push(`${prefix}${n}`)
  return keys
}
const podOf = (key: string): ObjectRef => ({ kind: 'Pod', key, name: key, namespace: 'shop' })
const containerOf = (pod: ObjectRef): ObjectRef => ({ kind: 'Container', key: `${pod.key}-c`, name: 'app' })

/** Five events of each pod, as one that runs out of memory has them. */
const eventsOf = (round: number, pods: readonly string[]): EventObservation[] =>
  pods.flatMap((key, index) => {
    const at = 1_000_000_000 + round * 10_000_000 + index
    const pod = podOf(key)
    const seen = { type: 'event', uncertainty: 0, pod, workloadName: 'checkout', contextKey: 'digest' } as const
    const kernel = {
      ...seen,
      source: 'ebpf@h1',
      host: 'h1',
      bootId: 'b1',
      object: containerOf(pod),
      containerName: 'app',
    }
    const api = { ...seen, source: 'kubernetes@cluster' }
    const of = (nth: number) => ({
      id: `${round}/${index}/${nth}`,
      at: at + nth * 1_000_000,
      observedAt: at + nth * 1_000_000,
    })
    const process = { pid: index, nsPid: 1, startBootClock: at, command: 'app' }
    return [
      {
        ...kernel,
        ...of(0),
        kind: 'process-exec',
        bootClock: at,
        sequence: index,
        fields: { ...process, file: '/app' },
      },
      { ...kernel, ...of(1), kind: 'memory-pressure', fields: { reclaims: 20, stalled: 900, lastAt: at + 1_900_000 } },
      {
        ...kernel,
        ...of(2),
        kind: 'process-exit',
        bootClock: at,
        sequence: index,
        fields: { ...process, firstProcess: true, exitCode: 0, signal: 9 },
      },
      {
        ...{ ...api, ...of(3), kind: 'container-terminated', object: containerOf(pod), containerName: 'app' },
        fields: { reason: 'OOMKilled', exitCode: 137, startedAt: at, finishedAt: at, restartCount: 0, role: 'main' },
      },
      {
        ...api,
        ...of(4),
        kind: 'pod-ready-changed',
        object: pod,
        fields: { ready: false, reason: 'ContainersNotReady' },
      },
    ] as EventObservation[]
  })

const stateOf = (key: string, at: number, node: number): StateObservation => ({
  ...{ type: 'state', object: podOf(key), at, version: at, uncertainty: 0, source: 'kubernetes@cluster' },
  body: {
    labels: ['app=checkout', 'tier=web'],
    phase: 'Running',
    ready: true,
    nodeName: `node${node}`,
    podIps: ['10.0.0.1'],
  },
  relations: [
    {
      kind: 'OWNS',
      from: { kind: 'Workload', key: 'rs1', name: 'rs1', namespace: 'shop', workloadKind: 'ReplicaSet' },
    },
    { kind: 'RUNS_ON', to: NODES[node] as ObjectRef },
    { kind: 'HOLDS', to: { kind: 'Address', key: `ip-${key}`, name: `ip-${key}` } },
    { kind: 'RUNS', to: containerOf(podOf(key)), since: at, properties: { containerName: 'app', role: 'main' } },
  ],
})

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
  readonly writer: number[]
  readonly bare: number[]
}

/** Milliseconds of each side's rounds but those to warm up, taking turns; a side goes first every other time. */
const sideBySide = async (
  store: Store,
  writer: (round: number) => Promise<unknown>,
  bare: (round: number) => Promise<Statement[]>,
): Promise<Times> => {
  const times: Times = { writer: [], bare: [] }
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const statements = await bare(round)
    const sides = [
      async () => {
        const ms = await timed(() => writer(round))
        if (round >= WARM_UP) times.writer.push(ms)
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

/** By the median round: a pause of the machine in one is not the writer's. */
const rowOf = (what: string, atLeast: number, times: Times): Row => {
  const [writer, bare] = [median(times.writer), median(times.bare)]
  const perSecond = (ms: number) => Math.round((BATCH_LIMIT / ms) * 1_000)
  return {
    what,
    value: bare / writer,
    unit: 'x',
    budget: { atLeast },
    detail: `writer ${perSecond(writer)}/s, driver alone ${perSecond(bare)}/s: the median of ${ROUNDS} batches of ${BATCH_LIMIT} each`,
  }
}

const objectStatements = ({ objects }: Prepared): Statement[] =>
  [...Map.groupBy(objects.values(), (row) => row.kind)].map(([kind, rows]) => [MERGE_OBJECTS(kind), { rows }])

const relationStatement = (kind: string, rows: object[]): Statement => [CREATE_RELATIONS(kind), { rows }]

const firstSync = (store: Store, write: Writer['write'], [ours, theirs]: Sides) => {
  const given = (round: number, cluster: string) =>
    batchOf(
      cluster,
      keysOf(`r${round}p`, BATCH_LIMIT).map((key, index) => stateOf(key, 100, index % NODES.length)),
    )
  return sideBySide(
    store,
    (round) => write(given(round, ours)),
    async (round) => {
      const prepared = prepare(given(round, theirs))
      const relations = ['OWNS', 'RUNS_ON', 'HOLDS', 'RUNS'].map((kind) =>
        relationStatement(kind, recordsOf(prepared, kind, 100)),
      )
      return [...objectStatements(prepared), [CREATE_STATES, { rows: stateRows(prepared) }], ...relations]
    },
  )
}

const oneRelation = async (store: Store, write: Writer['write'], [ours, theirs]: Sides, pods: readonly string[]) => {
  const given = (round: number, cluster: string) =>
    batchOf(
      cluster,
      pods.map((key, index) => stateOf(key, 200 + round, (index + round) % NODES.length)),
    )
  const first = prepare(given(0, theirs))
  await write(given(0, ours))
  const begin: Statement[] = [
    ...objectStatements(first),
    relationStatement('RUNS_ON', recordsOf(first, 'RUNS_ON', 200)),
  ]
  await store.write((tx) => Promise.all(begin.map(([cypher, params]) => tx.run(cypher, params))))
  const by = first.states.map((state) => state.key)
  return sideBySide(
    store,
    (round) => write(given(round + 1, ours)),
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

const events = async (store: Store, write: Writer['write'], [ours, theirs]: Sides, pods: readonly string[]) => {
  const few = pods.slice(0, BATCH_LIMIT / 5)
  await write(
    batchOf(
      ours,
      few.map((key) => stateOf(key, 1_000, 0)),
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
    (round) => write(batchOf(ours, eventsOf(round, few))),
    async (round) => {
      const prepared = prepare(batchOf(theirs, eventsOf(round, few)))
      return [...prepared.events].map(([kind, rows]) => {
        for (const [index, row] of rows.entries()) Object.assign(row.properties, { recordedAt: 1, arrival: index })
        return [MERGE_EVENTS(pascalCase(kind)), { rows }] as const
      })
    },
  )
}

const measure = async (store: Store, name: string): Promise<Row[]> => {
  const sides: Sides = [`${name}-writer`, `${name}-bare`]
  const { write } = createWriter(store)
  const pods = keysOf('pod', BATCH_LIMIT)
  return [
    rowOf('queue to graph: events', 0.7, await events(store, write, sides, pods)),
    rowOf('queue to graph: first sync of states', 0.45, await firstSync(store, write, sides)),
    rowOf('queue to graph: states that change one relation', 0.25, await oneRelation(store, write, sides, pods)),
  ]
}

/** Ratios of speeds, 1 being as fast as the driver alone. */
export const bench = async (): Promise<Row[]> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const server = await findOrStartNeo4j({ dataDir, heapMb: 1024 })
  const store = openStore(server)
  const name = `bench-${process.pid}`
  try {
    await applySchema(store)
    return await measure(store, name)
  } finally {
    for (const side of ['writer', 'bare']) await removeCluster(store, `${name}-${side}`)
    await store.close()
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
