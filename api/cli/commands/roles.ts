/** `aitia worker | correlate | api | agent`: one part alone; any number of each may run, on any machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { neo4jAddress, redisUrl } from '../config.ts'
import { roleLog } from '../log.ts'
import { patternDirs, refuseMisnamed, untilAsked } from '../open.ts'
import { say } from '../output.ts'
import { type Running, startAgent, startApi, startCorrelator, startWorker } from '../roles.ts'

/** Longest time in ms that a part which is asked to end as it starts may go on with that, such as waiting for Redis. */
const START_WITHIN = 5_000

/** Runs until asked to end. A part that can't start is a failure; one that has started ends in order. */
const runUntilAsked = async (name: string, start: () => Promise<Running>): Promise<void> => {
  const asked = untilAsked()
  const starting = start()
  const running = await Promise.race([starting, asked.then(() => null)])
  if (running === null) {
    const late = await Promise.race([starting, sleep(START_WITHIN, null)])
    await late?.stop()
    // What waits for a server would wait on.
    process.exit()
  }
  say(`aitia ${name} runs; Ctrl-C ends it`)
  await asked
  await running.stop()
}

const servers = () => ({ neo4j: neo4jAddress(), redisUrl: redisUrl() })

export const worker = (): Promise<void> => runUntilAsked('worker', () => startWorker(servers(), roleLog('worker')))

interface WithPatterns {
  /** Further folders of patterns. */
  readonly patterns: readonly string[]
}

export const correlate = ({ patterns }: WithPatterns): Promise<void> =>
  runUntilAsked('correlate', async () => startCorrelator(servers(), await patternDirs(patterns), roleLog('correlate')))

interface ApiOptions extends WithPatterns {
  readonly cluster: string
  readonly explore?: true
}

export const api = ({ cluster, explore, patterns }: ApiOptions): Promise<void> =>
  runUntilAsked('api', async () => {
    const { apiConfig } = await import('../../graphql/main.ts')
    const options = { place: apiConfig(), cluster, dirs: await patternDirs(patterns), explore: explore === true }
    const running = await startApi({ neo4j: neo4jAddress() }, options, roleLog('api'))
    say(`GraphQL: ${running.url}`)
    return running
  })

export const agent = (options: { readonly cluster: string; readonly collectors?: readonly string[] }): Promise<void> =>
  runUntilAsked('agent', async () => {
    await refuseMisnamed(options.cluster)
    return startAgent({ redisUrl: redisUrl() }, options.cluster, options.collectors, roleLog('agent'))
  })
