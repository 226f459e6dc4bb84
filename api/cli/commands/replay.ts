/** `aitia replay FILE`: puts a recording through the real queue under a cluster name of its own, which comes from its content. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Recording } from '../../../graph/model/recording.ts'
import type { Store } from '../../../graph/store/main.ts'
import { dataDir, queuePrefix, redisUrl } from '../config.ts'
import { ink, patternDirs, withStore } from '../open.ts'
import { Failure, plain, print, say } from '../output.ts'
import { renderWhy } from '../render/why.ts'
import { answerAsJson } from './why.ts'

/** ms between two looks at what the engine has concluded. */
const LOOK = 250

const fileText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Failure(
      `can't read ${file} (${(error as Error).message}), expected a recording as \`aitia record\` writes it`,
    )
  }
}

export interface Replayed {
  readonly recording: Recording
  readonly cluster: string
}

/** A recording, with the cluster that a replay of it goes to. */
export const recordingIn = async (file: string): Promise<Replayed> => {
  const { readRecording } = await import('../../../graph/queue/main.ts')
  return readRecording(fileText(file), file)
}

/** What programs are told of a recording that was sent. */
const sentOf = ({ recording, cluster }: Replayed) => ({
  cluster,
  title: recording.title,
  observations: recording.observations.length,
})

/** ms for which a replay waits for the queue to take all of it. */
const QUEUED_WITHIN = 60_000

/** Sends a recording's observations; resolves when they are queued. Throws, with what holds them back, where that takes too long. */
export const send = async (
  { recording, cluster }: Replayed,
  place: { redisUrl: string; prefix: string },
  within = QUEUED_WITHIN,
): Promise<void> => {
  const { openProducer, sendRecording, verifyQueue } = await import('../../../graph/queue/main.ts')
  await verifyQueue(place)
  const producer = openProducer({ ...place, cluster, spoolDir: join(dataDir, 'spool', cluster) })
  const signal = AbortSignal.timeout(within)
  try {
    await sendRecording(producer, recording, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    const { held, spoolBytes } = producer.stats()
    const why = held ?? 'the queue takes it slowly'
    throw new Failure(
      `the recording is not queued after ${within / 1_000} s: ${why}. ${spoolBytes} bytes of it wait on disk: run the same command again`,
    )
  } finally {
    await producer.close()
  }
}

/**
 * Waits until all of the recording is written and the patterns that it expects something of (all of them, where it expects nothing) have nothing more to
 * conclude from it; returns what differs in the end from that, and from what it expects. Before that an incident that nobody expected may still come.
 * Needs a worker and a correlator.
 */
export const waitForConclusions = async (
  store: Store,
  { recording, cluster }: Replayed,
  { seconds, dirs }: { seconds: number; dirs: readonly string[] },
): Promise<string[]> => {
  const [{ compare, isCaughtUp, loadPatterns, outcomesOf }, { isWritten }] = await Promise.all([
    import('../../../queries/engine/main.ts'),
    import('../../../graph/ingest/main.ts'),
  ])
  const expected = recording.expect ?? []
  const patterns = loadPatterns(dirs).filter(
    (pattern) => expected.length === 0 || expected.some((each) => each.pattern === pattern.id),
  )
  const unknown = expected.filter((each) => !patterns.some((pattern) => pattern.id === each.pattern))
  if (unknown.length > 0)
    return unknown.map((each) => `it expects something of ${each.pattern}, which is no pattern here`)
  const unfinished = async (): Promise<string[]> => {
    if (!(await isWritten(store, recording, cluster)))
      return [`after ${seconds} s not all of it is written into the graph: is a worker running?`]
    const caughtUp = await Promise.all(patterns.map((pattern) => isCaughtUp(store, cluster, pattern)))
    const behind = patterns.filter((_, index) => !caughtUp[index]).map(({ id }) => id)
    if (behind.length === 0) return []
    return [`after ${seconds} s not all of it is judged by ${behind.join(', ')}: does a correlator run with that?`]
  }
  const end = performance.now() + seconds * 1_000
  let open = await unfinished()
  while (open.length > 0 && performance.now() < end) {
    await sleep(LOOK)
    open = await unfinished()
  }
  if (expected.length === 0) return open
  const differing = patterns.map(async (pattern) =>
    compare(
      expected.filter((each) => each.pattern === pattern.id),
      await outcomesOf(store, cluster, pattern),
    ),
  )
  return [...open, ...(await Promise.all(differing)).flat()]
}

/** Workloads that are explained of a replay: more answers than that nobody reads in one go. */
const EXPLAINED = 20
/** Incidents that are read at once. */
const PAGE = 100

interface Hit {
  readonly kind: string
  readonly name: string
  readonly namespace: string
}

/**
 * The workloads that an incident of the cluster fell on, the last one first: each once, as one answer tells all that is known of it. `cut`: there are more.
 */
export const workloadsHit = async (
  store: Store,
  cluster: string,
  most = EXPLAINED,
): Promise<{ hit: Hit[]; cut: boolean }> => {
  const { incidents } = await import('../../../queries/reads/main.ts')
  const hit = new Map<string, Hit>()
  let after: string | null | undefined
  // One workload may have more incidents than a page holds.
  while (after !== null && hit.size <= most) {
    const page = await incidents(store, cluster, {}, { first: PAGE, ...(after === undefined ? {} : { after }) })
    for (const { workloadKind: kind, workloadName, workloadKey, namespace = '' } of page.items)
      if (!hit.has(workloadKey))
        hit.set(workloadKey, { kind, name: workloadName ?? workloadKey.slice(cluster.length + 1), namespace })
    after = page.endCursor
  }
  return { hit: [...hit.values()].slice(0, most), cut: hit.size > most }
}

/** Prints what came of a replay: the answers for the workloads that an incident fell on, and for programs what differs from what was expected. */
export const printOutcome = async (
  json: boolean,
  store: Store,
  { recording, cluster }: Replayed,
  problems: readonly string[],
): Promise<void> => {
  const tools = await ink()
  const { hit, cut } = await workloadsHit(store, cluster)
  const answers = await Promise.all(hit.map((asked) => tools.reads.why(store, { cluster, ...asked })))
  const told = {
    ...{ ...sentOf({ recording, cluster }), problems, cut },
    answers: answers.map((it) => answerAsJson(it, tools)),
  }
  print(json, told, (it) =>
    it.answers.length === 0
      ? 'No incident has come of it.'
      : [
          ...it.answers.map((answer) => renderWhy(answer, tools)),
          ...(cut
            ? [
                `More workloads were hit than these ${hit.length}, which were the last. All incidents:\n  aitia incidents -c ${cluster} --first 200`,
              ]
            : []),
        ].join('\n\n'),
  )
}

/** The commands that explain the workloads of the replay which were explained. */
export const whyCommands = async (store: Store, cluster: string): Promise<string[]> => {
  const { hit } = await workloadsHit(store, cluster)
  return plain(hit).map(
    ({ kind, name, namespace }) =>
      `aitia why ${kind.toLowerCase()}/${name}${namespace === '' ? '' : ` -n ${namespace}`} -c ${cluster}`,
  )
}

export interface ReplayOptions {
  readonly wait?: number
  readonly remove?: true
  /** Further folders of patterns. */
  readonly patterns: readonly string[]
  readonly json?: true
}

export const replay = async (file: string, options: ReplayOptions): Promise<void> => {
  const replayed = await recordingIn(file)
  const { cluster } = replayed
  if (options.remove) {
    const { removeCluster } = await import('../../../queries/engine/main.ts')
    await withStore(async (store) => {
      const { clusters } = await import('../../../queries/reads/main.ts')
      if (!(await clusters(store)).some((it) => it.cluster === cluster))
        throw new Failure(
          `no replay of ${file} is in the graph (it would be cluster ${cluster}): nothing is to be removed`,
        )
      await removeCluster(store, cluster)
    })
    print(options.json === true, { removed: cluster }, () => `${cluster} is removed from the graph`)
    return
  }
  await send(replayed, { redisUrl: redisUrl(), prefix: queuePrefix })
  const sent = sentOf(replayed)
  if (options.wait === undefined) {
    print(
      options.json === true,
      sent,
      () => `${sent.observations} observations are queued as cluster ${cluster}. Then: aitia incidents -c ${cluster}`,
    )
    return
  }
  const dirs = await patternDirs(options.patterns)
  say(`${sent.observations} observations are queued as cluster ${cluster}; waiting for what the patterns make of them`)
  const problems = await withStore(async (store) => {
    const differing = await waitForConclusions(store, replayed, { seconds: options.wait!, dirs })
    await printOutcome(options.json === true, store, replayed, differing)
    return differing
  })
  if (problems.length > 0) throw new Failure(`${file} did not come out as expected:\n  ${plain(problems).join('\n  ')}`)
}
