/** What several commands need opened, and closed again however they end. */
import type { Store } from '../../graph/store/main.ts'
import type { Incident } from '../../queries/reads/main.ts'
import { colours, defaultCluster, neo4jAddress } from './config.ts'
import { Failure, plain, UsageError } from './output.ts'
import { wrap } from './render/columns.ts'
import { timesAbsent } from './render/taken.ts'
import { clockOf, parseTime } from './render/time.ts'
import { clusterOption, type Ink } from './render/why.ts'

/** Runs `work` on the store that the environment or `aitia up` names; says at once where it is away. */
export const withStore = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
  const { openStore } = await import('../../graph/store/main.ts')
  const store = openStore(neo4jAddress())
  const clock = clockOf(Date.now() * 1_000)
  try {
    await store.verify()
    return await work(store)
  } catch (error) {
    const reads = await import('../../queries/reads/main.ts')
    if (error instanceof reads.NotFound) {
      const answer = plain(error.answer)
      const text = wrap(reads.notThereText(answer, clock.zoned))
      throw new Failure([text, ...timesAbsent(answer, { reads, clock })].join('\n'))
    }
    throw error instanceof reads.InvalidRequest ? new UsageError(error.message) : error
  } finally {
    await store.close()
  }
}

/** Words, clock and colours of text output. */
export const ink = async (): Promise<Ink> => {
  const [reads, { default: pico }] = await Promise.all([import('../../queries/reads/main.ts'), import('picocolors')])
  return { reads, clock: clockOf(reads.now()), colour: pico.createColors(colours), ownCluster: defaultCluster }
}

/** A time given on the command line, µs; `now` is what spans like -5m count from. */
export const timeOption = (option: string, text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  const time = parseTime(text, now)
  if (time !== null) return time
  throw new UsageError(
    `${option}: got "${text}", expected a time such as 14:02, 2026-11-24T14:02:10Z, 2026-11-24 or -90m before now`,
  )
}

/** Refuses a window without length: the options that begin and end it, each with the time (µs) that was taken. */
export const refuseTurned = async (
  [begin, from]: readonly [string, number],
  [end, to]: readonly [string, number],
): Promise<void> => {
  if (from < to) return
  const { toRfc3339 } = await import('../../queries/reads/main.ts')
  throw new UsageError(
    `${begin}: got ${toRfc3339(from)}, expected a time before ${end}, ${toRfc3339(to)}: give an earlier one`,
  )
}

/** What a command says of a cluster of which nothing was ever heard: it has no answer, not an empty one. */
export const refuseUnheard = async (store: Store, cluster: string): Promise<readonly string[]> => {
  const { clusters, unheardText } = await import('../../queries/reads/main.ts')
  const heard = (await clusters(store)).map((it) => it.cluster)
  if (!heard.includes(cluster)) throw new Failure(unheardText(cluster, heard))
  return heard
}

/** Refuses a name that no cluster may have which an agent watches: `-c` and AITIA_CLUSTER say it. */
export const refuseMisnamed = async (cluster: string): Promise<void> => {
  const { faultOfWatchedName } = await import('../../agent/main.ts')
  const fault = faultOfWatchedName(cluster)
  if (fault !== null) throw new UsageError(`${fault} (-c, or AITIA_CLUSTER)`)
}

/** The incident with this id, or with an id that begins so. A name that means none is a failure. */
export const incidentNamed = async (store: Store, cluster: string, id: string): Promise<Incident> => {
  const reads = await import('../../queries/reads/main.ts')
  const incident = await reads.incidentNamed(store, cluster, id)
  if (incident !== null) return incident
  throw new Failure(
    `no incident ${id} in cluster ${cluster}. List them: aitia incidents${clusterOption(cluster, defaultCluster)}`,
  )
}

/** Folders of patterns: aitia's own, that of AITIA_PATTERNS, and those of --patterns. */
export const patternDirs = async (more: readonly string[]): Promise<string[]> => {
  const { engineConfig } = await import('../../queries/engine/main.ts')
  return [...engineConfig().patternDirs, ...more]
}

/**
 * Resolves when the process is asked to end (Ctrl-C, SIGTERM); at a Ctrl-C after that it ends at once. One end may be asked for by several: a terminal that
 * is closed and a service that is stopped signal a whole group of processes, and `npm start` hands on what it gets.
 */
export const untilAsked = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    let asked = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (asked && signal === 'SIGINT') process.exit(130)
        asked = true
        resolve(signal)
      })
  })
