/** `aitia replay FILE`: puts a recording through the real queue under a cluster name of its own, which comes from its content. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Recording } from '../../../graph/model/recording.ts'
import type { Store } from '../../../graph/store/main.ts'
import { dataDir, queuePrefix, redisUrl } from '../config.ts'
import { ink, withStore } from '../open.ts'
import { Failure, print, say } from '../output.ts'
import { renderWhy } from '../render/why.ts'

/** ms between two looks at what the engine has concluded. */
const LOOK = 250
/** ms for which final verdicts must stay as they are before what differs from the expectation is believed. */
const SETTLED = 15_000

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

/** Sends a recording's observations; resolves when they are queued. */
export const replayFile = async (file: string, place: { redisUrl: string; prefix: string }): Promise<Replayed> => {
  const { openProducer, readRecording, sendRecording } = await import('../../../graph/queue/main.ts')
  const { recording, cluster } = readRecording(fileText(file), file)
  const producer = openProducer({ ...place, cluster, spoolDir: join(dataDir, 'spool', cluster) })
  try {
    await sendRecording(producer, recording, AbortSignal.timeout(60_000))
  } finally {
    await producer.close()
  }
  return { recording, cluster }
}

/** Waits until what the recording expects has been concluded; returns what differs in the end. Needs a worker and a correlator. */
export const waitForExpected = async (
  store: Store,
  { recording, cluster }: Replayed,
  seconds: number,
): Promise<string[]> => {
  const { compare, loadPatterns, outcomesOf } = await import('../../../queries/engine/main.ts')
  const expected = recording.expect ?? []
  const patterns = loadPatterns().filter((pattern) => expected.some((each) => each.pattern === pattern.id))
  const unknown = expected.filter((each) => !patterns.some((pattern) => pattern.id === each.pattern))
  if (unknown.length > 0)
    return unknown.map((each) => `it expects something of ${each.pattern}, which is no pattern here`)
  const end = performance.now() + seconds * 1_000
  let settled = { text: '', since: performance.now() }
  for (;;) {
    const found = await Promise.all(patterns.map((pattern) => outcomesOf(store, cluster, pattern)))
    const problems = patterns.flatMap((pattern, index) =>
      compare(
        expected.filter((each) => each.pattern === pattern.id),
        found[index]!,
      ),
    )
    const text = JSON.stringify(found)
    if (text !== settled.text) settled = { text, since: performance.now() }
    const all = found.flat()
    const final = all.length > 0 && all.every(({ verdict }) => verdict.status === 'final')
    const stands = final && performance.now() - settled.since > SETTLED
    if (problems.length === 0 || stands || performance.now() > end) return problems
    await sleep(LOOK)
  }
}

/** The answers for every workload that an incident of the cluster fell on. */
export const explainAll = async (store: Store, cluster: string): Promise<string[]> => {
  const tools = await ink()
  const { items } = await tools.reads.incidents(store, cluster)
  const answers = await Promise.all(
    items.map(({ workloadKind: kind, workloadName: name, namespace = '' }) =>
      tools.reads.why(store, { cluster, kind, name, namespace }),
    ),
  )
  return answers.map((answer) => renderWhy(answer, tools))
}

/** The command that explains a workload of the replay. */
export const whyCommands = async (store: Store, cluster: string): Promise<string[]> => {
  const reads = await import('../../../queries/reads/main.ts')
  const { items } = await reads.incidents(store, cluster)
  return items.map(
    ({ workloadKind, workloadName, namespace }) =>
      `aitia why ${workloadKind.toLowerCase()}/${workloadName}${namespace ? ` -n ${namespace}` : ''} -c ${cluster}`,
  )
}

export interface ReplayOptions {
  readonly wait?: number
  readonly remove?: true
  readonly json?: true
}

export const replay = async (file: string, options: ReplayOptions): Promise<void> => {
  if (options.remove) {
    const [{ readRecording }, { removeCluster }] = await Promise.all([
      import('../../../graph/queue/main.ts'),
      import('../../../queries/engine/main.ts'),
    ])
    const { cluster } = readRecording(fileText(file), file)
    await withStore((store) => removeCluster(store, cluster))
    say(`${cluster} is removed from the graph`)
    return
  }
  const replayed = await replayFile(file, { redisUrl: redisUrl(), prefix: queuePrefix })
  const { recording, cluster } = replayed
  const sent = { cluster, title: recording.title, observations: recording.observations.length }
  if (options.wait === undefined) {
    print(
      options.json === true,
      sent,
      () => `${sent.observations} observations are queued as cluster ${cluster}. Then: aitia incidents -c ${cluster}`,
    )
    return
  }
  const { answers, problems } = await withStore(async (store) => {
    const differing = await waitForExpected(store, replayed, options.wait!)
    return { problems: differing, answers: await explainAll(store, cluster) }
  })
  print(options.json === true, { ...sent, problems }, () => answers.join('\n\n'))
  if (problems.length > 0) throw new Failure(`${file} did not come out as expected:\n  ${problems.join('\n  ')}`)
}
