/** aitia's own processes as `./aitia` starts them, with a Neo4j and a Redis of their own: each can be killed and started again. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { auth, driver } from 'neo4j-driver'
import { type RunningNeo4j, SHORT_LIVED, startNeo4j } from '../../deploy/local/neo4j.ts'
import { type RunningRedis, startRedis } from '../../deploy/local/redis.ts'
import { openStore, type Params, type Store } from '../../graph/store/main.ts'
import { atEnd } from '../cluster/at-end.ts'

const command = join(import.meta.dirname, '../../aitia')

/** One role of aitia: a process that can die. */
export interface Role {
  /** @param more arguments of this run */
  start(...more: string[]): void
  /** Of the running process; undefined while none runs. */
  readonly pid: number | undefined
  /** SIGKILL, as a crash; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>
  /** Its output so far. */
  log(): string
}

export type RoleName = 'agent' | 'worker' | 'correlate'

export interface Stack {
  readonly roles: Readonly<Record<RoleName, Role>>
  readonly store: Store
  readonly redis: RunningRedis
  readonly neo4j: RunningNeo4j
  readonly folder: string
  /** Kills Redis or Neo4j and starts it again on its data and port. */
  crashRedis(meanwhile?: () => Promise<void>): Promise<void>
  crashNeo4j(meanwhile?: () => Promise<void>): Promise<void>
  /** Runs a statement and keeps its locks while `work` goes on, for five minutes at most; then takes it back. */
  holding(cypher: string, params: Params, work: () => Promise<void>): Promise<void>
  /** Runs `./aitia ARGS --json` and parses what it prints. */
  ask<T>(...args: string[]): Promise<T>
  /** Runs `./aitia ARGS` and gives what it prints. */
  run(...args: string[]): Promise<string>
  stop(): Promise<void>
}

const processOf = (name: RoleName, args: readonly string[], environment: NodeJS.ProcessEnv, folder: string): Role => {
  const file = join(folder, `${name}.log`)
  let child: ChildProcess | undefined
  let keep = () => {}
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    child = undefined
    keep()
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const exited = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await exited
  }
  return {
    get pid() {
      return child?.pid
    },
    start(...more) {
      if (child !== undefined) throw new Error(`${name} runs already`)
      child = spawn(command, [name, ...args, ...more], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
      const started = child
      keep = atEnd(() => started.kill('SIGKILL'))
      const log = createWriteStream(file, { flags: 'a' })
      child.stdout?.pipe(log, { end: false })
      child.stderr?.pipe(log, { end: false })
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    log: () => readFileSync(file, 'utf8'),
  }
}

/** Starts the servers (not the roles) for a cluster. `kubeconfig` is the cluster that the agent watches, with all collectors unless said. */
export const startStack = async (options: {
  cluster: string
  kubeconfig: string
  collectors?: string
  /** How its Neo4j runs: as one that is gone in minutes unless said. */
  server?: Pick<Parameters<typeof startNeo4j>[0], 'jvmFlags' | 'settings'>
}): Promise<Stack> => {
  const { collectors, server = SHORT_LIVED } = options
  const folder = mkdtempSync(join(tmpdir(), 'aitia-system-'))
  const data = join(folder, 'data')
  mkdirSync(data)
  let neo4j = await startNeo4j({ dataDir: join(folder, 'neo4j'), heapMb: 512, ...server })
  let redis = await startRedis({ dataDir: join(folder, 'redis') })
  const environment = {
    ...process.env,
    AITIA_CLUSTER: options.cluster,
    AITIA_NEO4J_URI: neo4j.uri,
    AITIA_NEO4J_USER: neo4j.user,
    AITIA_NEO4J_PASSWORD: neo4j.password,
    AITIA_REDIS_URL: redis.url,
    AITIA_DATA: data,
    KUBECONFIG: options.kubeconfig,
  }
  const run = (...args: string[]): Promise<string> =>
    new Promise((resolve, reject) =>
      execFile(command, args, { env: environment, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        error === null
          ? resolve(stdout)
          : reject(new Error(`aitia ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`)),
      ),
    )
  await run('schema', 'apply')
  const store = openStore({ uri: neo4j.uri, user: neo4j.user, password: neo4j.password })
  const role = (name: RoleName, ...args: string[]) => processOf(name, args, environment, folder)
  const chosen = collectors === undefined ? [] : ['--collectors', collectors]
  const roles = { agent: role('agent', ...chosen), worker: role('worker'), correlate: role('correlate') }
  return {
    roles,
    store,
    folder,
    get redis() {
      return redis
    },
    get neo4j() {
      return neo4j
    },
    async crashRedis(meanwhile = async () => {}) {
      await redis.kill()
      await meanwhile()
      redis = await startRedis({ dataDir: join(folder, 'redis'), port: Number(new URL(redis.url).port) })
    },
    async crashNeo4j(meanwhile = async () => {}) {
      const ports = { boltPort: Number(new URL(neo4j.uri).port), httpPort: Number(new URL(neo4j.browserUrl).port) }
      await neo4j.kill()
      await meanwhile()
      neo4j = await startNeo4j({ dataDir: join(folder, 'neo4j'), heapMb: 512, ...server, ...ports })
    },
    async holding(cypher, params, work) {
      const database = driver(neo4j.uri, auth.basic(neo4j.user, neo4j.password))
      const session = database.session()
      try {
        const holder = session.beginTransaction({ timeout: 300_000 })
        await holder.run(cypher, params)
        await work()
        await holder.rollback()
      } finally {
        await session.close()
        await database.close()
      }
    },
    run,
    ask: async <T>(...args: string[]) => JSON.parse(await run(...args, '--json')) as T,
    async stop() {
      await Promise.all(Object.values(roles).map((each) => each.stop()))
      await store.close()
      await redis.stop()
      await neo4j.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Asks until the answer is not null, ever more rarely, since a question may be a process of its own; one that throws is asked again.
 * Ends with the last error after `seconds`.
 */
export const eventually = async <T>(what: string, seconds: number, question: () => Promise<T | null>): Promise<T> => {
  const end = Date.now() + seconds * 1000
  let last: unknown = 'no answer'
  let pause = 250
  while (Date.now() < end) {
    try {
      const answer = await question()
      if (answer !== null) return answer
    } catch (error) {
      last = error
    }
    await delay(pause)
    pause = Math.min(pause * 1.5, 4_000)
  }
  throw new Error(`${what}: not within ${seconds} s (last: ${last instanceof Error ? last.message : last})`)
}
