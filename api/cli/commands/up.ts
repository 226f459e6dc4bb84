/** `aitia up`: everything on this machine in one command; Ctrl-C takes all of it down again. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataDir, queuePrefix, type Servers, serversFile } from '../config.ts'
import { logFile, upLog } from '../log.ts'
import { patternDirs, refuseMisnamed, untilAsked } from '../open.ts'
import { Failure, plain, say, UsageError } from '../output.ts'
import { apiPlace, startAgent, startApi, startCorrelator, startWorker } from '../roles.ts'
import { printOutcome, type Replayed, recordingIn, send, waitForConclusions, whyCommands } from './replay.ts'

export interface UpOptions {
  readonly cluster: string
  readonly replay?: string
  readonly exit?: true
  /** Starts nothing: the set-up asks before it begins. */
  readonly refuseOnly?: true
  readonly collectors?: readonly string[]
  /** Further folders of patterns. */
  readonly patterns: readonly string[]
  readonly json?: true
}

/** Seconds that the patterns may take for a replay. */
const REPLAY = 120

/** ms after which it is said what is waited for: of an end, and of a start. */
const SLOW = 3_000
const LONG = 10_000

class Asked extends Error {}

/** Has the data folder from now on until this process ends, in whatever way: of two that share servers, one would stop them under the other. */
const refuseSecond = async (): Promise<void> => {
  const { FolderTaken, lockFolder } = await import('../../../graph/queue/main.ts')
  try {
    lockFolder(dataDir)
  } catch (error) {
    if (!(error instanceof FolderTaken)) throw error
    throw new Failure(
      `aitia up runs already (pid ${error.holder}, ${dataDir}). End that one first, or set AITIA_DATA to another folder`,
    )
  }
}

const leaveAddresses = (servers: Servers): void => {
  const text = JSON.stringify({ ...servers, pid: process.pid })
  // Whole or not at all: another command may read it now.
  writeFileSync(`${serversFile}.new`, text, { mode: 0o600 })
  renameSync(`${serversFile}.new`, serversFile)
}

/** Takes away what this process left: where its folder was removed meanwhile, another may have left its own in a new one. */
const takeAddressesBack = (): void => {
  if (!existsSync(serversFile)) return
  const { pid } = JSON.parse(readFileSync(serversFile, 'utf8')) as { readonly pid: number }
  if (pid === process.pid) rmSync(serversFile)
}

interface Part {
  readonly name: string
  readonly stop: () => Promise<void> | void
}

const end = async ({ name, stop }: Part): Promise<void> => {
  const slow = setTimeout(() => say(`${name} ends what it has begun; Ctrl-C again ends everything at once`), SLOW)
  try {
    await stop()
  } catch (error) {
    say(`${name} did not stop in order: ${(error as Error).message}`)
    process.exitCode = 1
  }
  clearTimeout(slow)
}

/** Starts parts in order and stops them in the reverse one, however far it came; those that need nothing of each other at once. */
class Stack {
  readonly #parts: Part[][] = []
  isEnding = false

  /**
   * Says what is started and how long it took. `beside`: it needs nothing of the part that was started before it. `whole`: an end
   * that comes meanwhile waits for it and stops it, as what it has done by half would stay.
   */
  async start<T extends { stop(): Promise<void> | void }>(
    name: string,
    start: () => Promise<T>,
    { beside = false, whole = false } = {},
  ): Promise<T> {
    const began = performance.now()
    const slow = setTimeout(() => say(`${name.padEnd(12)} takes a while`), LONG)
    const starting = start().finally(() => clearTimeout(slow))
    if (whole) {
      const running = starting.catch(() => null)
      this.#parts.push([{ name, stop: async () => (await running)?.stop() }])
    }
    const running = await starting
    const part = { name, stop: () => running.stop() }
    if (beside) this.#parts.at(-1)!.push(part)
    else if (!whole) this.#parts.push([part])
    if (!this.isEnding) say(`${name.padEnd(12)} ${((performance.now() - began) / 1_000).toFixed(1)} s`)
    return running
  }

  async stop(): Promise<void> {
    this.isEnding = true
    for (const parts of this.#parts.splice(0).reverse()) await Promise.all(parts.map(end))
  }
}

/** What can be refused is read first: nobody should wait for Neo4j to learn of a wrong name. */
const prepare = async (options: UpOptions) => {
  const dirs = await patternDirs(options.patterns)
  const { loadPatterns } = await import('../../../queries/engine/main.ts')
  loadPatterns(dirs)
  const replayed = options.replay === undefined ? null : await recordingIn(options.replay)
  return { dirs, replayed, place: await apiPlace() }
}

type Prepared = Awaited<ReturnType<typeof prepare>>

const startAll = async (stack: Stack, { dirs, place }: Prepared, cluster: string) => {
  const log = upLog()
  const [{ findOrStartNeo4j }, { findOrStartRedis }, { applySchema, openStore }] = await Promise.all([
    import('../../../deploy/local/neo4j.ts'),
    import('../../../deploy/local/redis.ts'),
    import('../../../graph/store/main.ts'),
  ])
  const neo4j = await stack.start('Neo4j', () => findOrStartNeo4j({ dataDir: join(dataDir, 'neo4j') }))
  const redis = await stack.start('Redis', () => findOrStartRedis({ dataDir: join(dataDir, 'redis') }))
  const { uri, user, password, browserUrl } = neo4j
  const servers: Servers = { neo4j: { uri, user, password }, redisUrl: redis.url }
  const store = openStore(servers.neo4j)
  await stack.start('schema', async () => {
    await store.verify()
    await applySchema(store)
    leaveAddresses(servers)
    return {
      stop: async () => {
        takeAddressesBack()
        await store.close()
      },
    }
  })
  await stack.start('worker', () => startWorker(servers, log))
  await stack.start('correlator', () => startCorrelator(servers, dirs, log), { beside: true })
  const api = await stack.start('API', () => startApi(servers, { place, cluster, dirs }, log), { beside: true })
  return { log, servers, store, api, browserUrl, user, dirs }
}

/** An agent alone leaves its programs at work for the next one, so that nothing is missed between; `up` ends everything. */
const letGo = async (): Promise<void> => {
  const { unpin } = await import('../../../agent/main.ts')
  await unpin(join(dataDir, 'agent'))
}

type Up = Awaited<ReturnType<typeof startAll>>

/** Puts the recording through the queue and prints what was found; returns how it differs from what was expected. */
const replay = async ({ servers, store, dirs }: Up, replayed: Replayed, json: boolean): Promise<string[]> => {
  const began = performance.now()
  const { recording, cluster } = replayed
  say(`replaying    ${recording.title}: ${recording.observations.length} observations as cluster ${cluster}`)
  await send(replayed, { redisUrl: servers.redisUrl, prefix: queuePrefix })
  const problems = await waitForConclusions(store, replayed, { seconds: REPLAY, dirs })
  say(`${'replay'.padEnd(12)} ${((performance.now() - began) / 1_000).toFixed(1)} s\n`)
  await printOutcome(json, store, replayed, problems)
  for (const command of await whyCommands(store, cluster)) say(`\nAsk again:      ${command}`)
  return problems
}

const tellAddresses = ({ api, browserUrl, user }: Up): void => {
  say(`\nGraphQL         ${api.url}   (POST; GraphiQL: AITIA_API_PORT=0 aitia api --explore)`)
  if (browserUrl !== undefined)
    say(`Neo4j Browser   ${browserUrl}   (user ${user}, password in ${join(dataDir, 'neo4j', 'password')})`)
  say(`log             ${logFile}`)
}

const work = async (stack: Stack, options: UpOptions): Promise<void> => {
  const prepared = await prepare(options)
  const running = await startAll(stack, prepared, options.cluster)
  const problems = prepared.replayed === null ? [] : await replay(running, prepared.replayed, options.json === true)
  // Addresses of what ends in a moment are of no use.
  if (options.exit) say(`\nlog             ${logFile}`)
  else tellAddresses(running)
  if (problems.length > 0) {
    const text = `the replay did not come out as expected:\n  ${plain(problems).join('\n  ')}`
    if (options.exit) throw new Failure(text)
    say(text)
  }
  if (options.exit) return
  const start = async () => {
    const agent = await startAgent(running.servers, options.cluster, options.collectors, running.log)
    return { stop: () => agent.stop().then(letGo) }
  }
  await stack.start('agent', start, { whole: true })
  if (!stack.isEnding) say('Ctrl-C ends everything.')
  await new Promise(() => {})
}

export const up = async (options: UpOptions): Promise<void> => {
  if (options.exit && options.replay === undefined)
    throw new UsageError('got --exit without --replay FILE, after which it ends: give both')
  await refuseMisnamed(options.cluster)
  await refuseSecond()
  if (options.refuseOnly) {
    await prepare(options)
    return
  }
  const stack = new Stack()
  const asked = untilAsked().then((signal) => {
    throw new Asked(signal)
  })
  try {
    await Promise.race([work(stack, options), asked])
  } catch (error) {
    say(error instanceof Asked ? `\n${error.message}: stopping` : (error as Error).message)
    process.exitCode = error instanceof Asked && !options.exit ? 0 : 1
  }
  await stack.stop()
  // What was still being started when it was asked to end must not keep the process.
  process.exit()
}
