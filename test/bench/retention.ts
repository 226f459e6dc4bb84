/**
 * Whether the graph stops growing: a steady load over many days of a cluster's own time, played in minutes, with a sweep
 * after each day. Workloads come and go, pods are replaced, containers are killed and judged; one crash-loops throughout.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNeo4j } from '../../deploy/local/neo4j.ts'
import { DAY, loadRecording, sweep, warmUpWriter } from '../../graph/ingest/main.ts'
import type { EventObservation, ObjectRef, Observation, StateObservation } from '../../graph/model/observation.ts'
import { RECORDING_VERSION } from '../../graph/model/recording.ts'
import { MINUTE, now, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { createCorrelator } from '../../queries/engine/main.ts'
import type { Row } from './row.ts'

const CLUSTER = 'bench-retention'
const START = 1_700_000_000 * SECOND
const DAYS = 24
/**
 * The server ends in order after so many, which writes its files whole, as it does by itself every 15 minutes: of which a day has
 * many, and these minutes none. What an index needs no more of its file it uses again only after that.
 */
const DAYS_A_RUN = 6
/** Days that events and states are kept, and incidents. */
const KEPT = 3
const INCIDENTS_KEPT = 6
const WORKLOADS = 40
const PODS = 5
const KILLS_A_DAY = 20
const KUBERNETES = 'kubernetes@cluster'
const EBPF = 'ebpf@host-1'

const node: ObjectRef = { kind: 'Node', key: 'n1', name: 'node-1' }
const addressOf = (number: number): ObjectRef => ({ kind: 'Address', key: `10.0.${number >> 8}.${number & 255}` })

const state = (object: ObjectRef, at: number, more: Partial<StateObservation> = {}): StateObservation => ({
  ...{ type: 'state', object, at, version: 0, uncertainty: 0, source: KUBERNETES, body: {}, relations: [], ...more },
})
const podBody = { labels: ['app=x'], phase: 'Running', ready: true }

/** A kill and its end, in a run of its own. */
const kill = (
  pod: ObjectRef,
  id: string,
  at: number,
): [EventObservation<'oom-kill'>, EventObservation<'container-terminated'>] => {
  const about = { object: { kind: 'Container', key: id }, pod, containerName: 'app', at } as const
  return [
    {
      ...{ type: 'event', kind: 'oom-kill', id: `kill/${id}`, uncertainty: 0, observedAt: at, source: EBPF, ...about },
      ...{ host: 'host-1', contextKey: `context/${id}` },
      fields: {
        ...{ global: false, oomGroup: false, firstProcessKilled: true, triggerPid: 1, triggerCommand: 'app' },
        ...{ limitBytes: 1, usageBytes: 1, victimPids: [1], victimNsPids: [1], victimCommands: ['app'] },
        ...{ victimBytes: [1], victimStartBootClocks: [1] },
      },
    },
    {
      ...{ type: 'event', kind: 'container-terminated', id: `end/${id}`, uncertainty: SECOND, source: KUBERNETES },
      ...{ ...about, observedAt: at + SECOND },
      fields: { reason: 'OOMKilled', exitCode: 137, finishedAt: at, restartCount: 1, role: 'main' },
    },
  ]
}

/** All that happens on one day: the workloads of the day before go, today's come. */
const dayOf = (day: number): Observation[] => {
  const begin = START + day * DAY
  const podOf = (ofDay: number, number: number): ObjectRef => ({
    ...{ kind: 'Pod', key: `p${ofDay}.${number}`, name: `p${ofDay}-${number}`, namespace: 'shop' },
  })
  const workloadOf = (ofDay: number, number: number): ObjectRef => ({
    ...{ kind: 'Workload', workloadKind: 'Job', key: `w${ofDay}.${number}`, name: `w${ofDay}-${number}` },
    namespace: 'shop',
  })
  const numbers = Array.from({ length: WORKLOADS * PODS }, (_, index) => index)
  const gone = (object: ObjectRef) => state(object, begin + MINUTE, { deleted: true })
  const come = (number: number): Observation[] => {
    const pod = podOf(day, number)
    const to: ObjectRef = { kind: 'Container', key: `c${day}.${number}` }
    const relations: StateObservation['relations'] = [
      { kind: 'OWNS', from: workloadOf(day, Math.floor(number / PODS)) },
      { kind: 'RUNS_ON', to: node },
      { kind: 'HOLDS', to: addressOf(number) },
    ]
    const at = begin + 2 * MINUTE
    return [
      state(pod, at, { body: { ...podBody, ready: false }, relations }),
      state(pod, at + SECOND, { body: podBody, relations: [...relations, { kind: 'RUNS', to }] }),
      state(to, at, { source: EBPF, pod, relations: [{ kind: 'RUNS', from: pod }] }),
    ]
  }
  const looping: ObjectRef = { kind: 'Pod', key: 'looping', name: 'looping', namespace: 'shop' }
  const kills = Array.from({ length: KILLS_A_DAY }, (_, index) => {
    const at = begin + (index + 1) * 60 * MINUTE
    return [...kill(looping, `loop${day}.${index}`, at), ...kill(podOf(day, index), `c${day}.${index}`, at)]
  })
  const hours = Array.from({ length: 24 }, (_, hour) => begin + (hour + 1) * 60 * MINUTE)
  const beats = hours.flatMap((at) =>
    [KUBERNETES, EBPF].map((source) => ({
      ...({ type: 'heartbeat', source, session: `${source}/${day}`, since: begin, watermark: at, at } as const),
    })),
  )
  return [
    state(node, begin, { body: { labels: [], ready: 'True' } }),
    state(looping, begin, { body: podBody, relations: [{ kind: 'RUNS_ON', to: node }] }),
    ...(day === 0 ? [] : numbers.map((number) => gone(podOf(day - 1, number)))),
    ...(day === 0 ? [] : numbers.slice(0, WORKLOADS).map((number) => gone(workloadOf(day - 1, number)))),
    ...numbers
      .slice(0, WORKLOADS)
      .map((number) => state(workloadOf(day, number), begin + MINUTE, { body: { labels: [], workloadKind: 'Job' } })),
    ...numbers.flatMap(come),
    ...kills.flat(),
    { type: 'gap', source: EBPF, from: begin, to: begin + SECOND, reason: 'disconnected' },
    ...beats,
  ]
}

const contextsOf = (observations: readonly Observation[]) =>
  Object.fromEntries(
    observations.flatMap((each) => {
      if (each.type !== 'event' || each.contextKey === undefined || each.pod === undefined) return []
      const { key, name = '' } = each.pod
      const context = { namespace: 'shop', podName: name, podUid: key, labels: {}, annotations: {}, owners: [] }
      return [[each.contextKey, { ...context, containerId: each.object.key }]]
    }),
  )

interface Size {
  readonly nodes: number
  readonly relationships: number
}

/** Of all files below a folder. */
const bytesOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => statSync(join(folder, file)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)

const sizeOf = async (store: Store): Promise<Size> => {
  const [row] = await store.read<Size>(
    'CYPHER 5 CALL () { MATCH (n) RETURN count(n) AS nodes } CALL () { MATCH ()-[r]->() RETURN count(r) AS relationships } RETURN nodes, relationships',
  )
  return row!
}

interface Played {
  readonly sizes: Size[]
  /** When each day had been recorded, µs. */
  readonly recordedBy: number[]
  told: number
  /** ms */
  sweeping: number
}

/** Plays days from `first` up to `end`, with a sweep after each. */
const play = async (store: Store, played: Played, first: number, end: number): Promise<void> => {
  const correlator = createCorrelator({ store })
  for (let day = first; day < end; day++) {
    const observations = dayOf(day)
    played.told += observations.length
    const recording = { format: 'aitia-recording', version: RECORDING_VERSION, title: CLUSTER } as const
    await loadRecording(store, { ...recording, observations, contexts: contextsOf(observations) }, CLUSTER)
    await correlator.runOnce(CLUSTER)
    played.recordedBy.push(now())
    const over = START + (day + 1) * DAY
    const start = performance.now()
    const horizon = { at: over - KEPT * DAY, known: played.recordedBy[day - KEPT] ?? 0 }
    const removed = day < KEPT ? {} : await sweep(store, CLUSTER, horizon, over - INCIDENTS_KEPT * DAY)
    played.sweeping += performance.now() - start
    played.sizes.push(await sizeOf(store))
    const { nodes, relationships } = played.sizes.at(-1)!
    console.error(`day ${day + 1}: ${nodes} nodes, ${relationships} relationships; removed ${JSON.stringify(removed)}`)
  }
}

const megabytes = (size: number): string => `${(size / 1e6).toFixed(1)} MB`

export const bench = async (): Promise<Row[]> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const folderOf = (what: string) => join(dataDir, 'data', what, 'neo4j')
  const played: Played = { sizes: [], recordedBy: [], told: 0, sweeping: 0 }
  /** After each run: of the database without its log of transactions, and of that log, which its settings bound. */
  const bytes: number[] = []
  const logs: number[] = []
  try {
    for (let first = 0; first < DAYS; first += DAYS_A_RUN) {
      const server = await startNeo4j({ dataDir })
      const store = openStore(server)
      try {
        await applySchema(store)
        // As a worker does: lanes that wait for each other are tried again for so long as planning takes on a cold server.
        await warmUpWriter(store, AbortSignal.timeout(60_000))
        await play(store, played, first, first + DAYS_A_RUN)
      } finally {
        await store.close()
        await server.stop()
      }
      bytes.push(bytesOf(folderOf('databases')))
      logs.push(bytesOf(folderOf('transactions')))
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  const { sizes, told, sweeping } = played
  const [half, last] = [sizes[DAYS / 2 - 1]!, sizes.at(-1)!]
  const most = (what: keyof Size) => Math.max(...sizes.map((size) => size[what]))
  const how = `${DAYS} days of ${Math.round(told / DAYS)} observations each, events kept for ${KEPT} days and incidents for ${INCIDENTS_KEPT}`
  const row = (what: string, before: number, after: number, detail: string): Row => ({
    what: `${what} of the graph after ${DAYS} days of steady load against ${DAYS / 2}`,
    value: after / before,
    unit: 'x',
    budget: { atMost: 1.1 },
    detail,
  })
  const list = (sizes: readonly number[]) => sizes.map(megabytes).join(', ')
  return [
    row('nodes', half.nodes, last.nodes, `${last.nodes} against ${half.nodes}, at most ${most('nodes')}; ${how}`),
    row(
      'relationships',
      half.relationships,
      last.relationships,
      `${last.relationships} against ${half.relationships}, at most ${most('relationships')}`,
    ),
    row(
      'bytes on disk',
      bytes[bytes.length / 2 - 1]!,
      bytes.at(-1)!,
      `every ${DAYS_A_RUN} days ${list(bytes)}; and the log of transactions, which its settings bound, ${list(logs)}`,
    ),
    {
      ...{ what: 'a sweep of one day', value: sweeping / (DAYS - KEPT), unit: 'ms' },
      detail: `removes about what ${Math.round(told / DAYS)} observations had made, 1,000 at a time`,
    },
  ]
}
