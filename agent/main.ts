/** The agent: runs the collectors beside what they watch and passes on what they see. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openProducer, spoolBytes } from '../graph/queue/main.ts'
import { openAttribution } from './attribution/main.ts'
import type { Collector, CollectorContext, DoctorLine, Log } from './collectors/collector.ts'
import { environment, hostId } from './config.ts'
import { COLLECTORS, discover, type Found } from './discover.ts'
import { identify } from './host.ts'
import { keepSmall } from './memory.ts'
import { Pipeline } from './pipeline/pipeline.ts'

export type { DoctorLine } from './collectors/collector.ts'

export interface AgentOptions {
  readonly redisUrl: string
  /** Prefix of the queue's keys. */
  readonly prefix: string
  readonly cluster: string
  /** Belongs to one agent at a time: the spool, and a folder for each collector. */
  readonly dataDir: string
  /** Names of the collectors to run; without it, all that can run here. */
  readonly collectors?: readonly string[]
  readonly log: Log
  /** Folder of the collectors, for tests. */
  readonly folder?: string
}

export interface RunningAgent {
  /** Collectors that run now. */
  running(): readonly string[]
  /** Stops the collectors, tells how far they came, and leaves what can't be queued on disk for the next start. */
  stop(): Promise<void>
}

/** Pause in ms before a collector that failed is started again, doubled up to the second. */
const RESTART = [1_000, 60_000] as const

/** Why a collector can't run here, or null. */
const reasonAgainst = async ({ collector, problem }: Found, settings = environment): Promise<string | null> => {
  if (collector === null) return problem
  try {
    return await collector.available(settings)
  } catch (error) {
    return (error as Error).message
  }
}

/** Keeps starting a collector until it runs or the agent ends; resolves after the first attempt. */
const keepStarting = async (collector: Collector, context: CollectorContext, pipeline: Pipeline): Promise<void> => {
  const attempt = async (): Promise<boolean> => {
    try {
      const running = await collector.start(context)
      if (context.signal.aborted) await running.stop()
      else await pipeline.add(collector.name, running)
      return true
    } catch (error) {
      context.log.error({ error: (error as Error).message }, 'did not start; it is tried again')
      return false
    }
  }
  if (await attempt()) return
  void (async () => {
    for (let pause: number = RESTART[0]; !context.signal.aborted; pause = Math.min(pause * 2, RESTART[1])) {
      await sleep(pause, undefined, { signal: context.signal, ref: false }).catch(() => {})
      if (!context.signal.aborted && (await attempt())) return
    }
  })()
}

/** A log whose lines name the collector. */
const namedLog = (log: Log, collector: string): Log => {
  const named =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (first: unknown, ...rest: unknown[]): void =>
      typeof first === 'object'
        ? (log[level] as (...all: unknown[]) => void)({ collector, ...first }, ...rest)
        : (log[level] as (...all: unknown[]) => void)({ collector }, first, ...rest)
  return { debug: named('debug'), info: named('info'), warn: named('warn'), error: named('error') } as Log
}

/** Runs an agent until it is stopped. Redis may be away. Throws where its data folder is in use, and where a collector that was named can't run here. */
export const runAgent = async (options: AgentOptions): Promise<RunningAgent> => {
  const { redisUrl, prefix, cluster, dataDir, collectors, log, folder = COLLECTORS } = options
  keepSmall()
  const found = await discover(folder, collectors)
  const reasons = new Map<Found, string | null>()
  for (const each of found) reasons.set(each, await reasonAgainst(each))
  const against = [...reasons].filter(([, reason]) => reason !== null).map(([{ name }, reason]) => `${name}: ${reason}`)
  if (collectors !== undefined && against.length > 0) throw new Error(`can't run here: ${against.join('; ')}`)
  // Opened first: it holds the lock of the data folder.
  const producer = openProducer({ redisUrl, prefix, cluster, spoolDir: join(dataDir, 'spool'), log })
  const pipeline = new Pipeline(producer, log)
  const stopping = new AbortController()
  const host = identify(hostId, dataDir, log)
  for (const reason of against) log.warn(`not watched: ${reason}`)
  const able = found.filter((each) => reasons.get(each) === null)
  if (able.length === 0) log.error(`nothing is watched: ${against.join('; ') || `${folder} holds no collector`}`)
  const needed = able.some(({ collector }) => collector?.attributed)
  const attribution = needed ? await openAttribution({ bootId: host.bootId, log }) : null
  const start = async ({ name, collector }: Found): Promise<void> => {
    const own = ownDir(dataDir, name)
    mkdirSync(own, { recursive: true, mode: 0o700 })
    const context = {
      cluster,
      host,
      emit: collector?.attributed && attribution ? attribution.before(pipeline.emit) : pipeline.emit,
      drained: (signal: AbortSignal) => producer.drained(signal),
      dropped: () => producer.stats().dropped,
      dataDir: own,
      log: namedLog(log, name),
      signal: stopping.signal,
    }
    await keepStarting(collector!, context, pipeline)
  }
  await Promise.all(able.map(start))
  log.info({ host: host.key, cluster, collectors: pipeline.running }, 'the agent watches')
  return {
    running: () => pipeline.running,
    stop: async () => {
      stopping.abort()
      await pipeline.close()
      await attribution?.stop()
    },
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where a collector of the agent with this `dataDir` keeps what is its own. */
const ownDir = (dataDir: string, name: string): string => join(dataDir, name)

/** One collector that can't even tell what it lacks leaves the lines of the others as they are. */
const linesOf = async (found: Found, settings: Environment, dataDir?: string): Promise<readonly DoctorLine[]> => {
  const subject = `collector ${found.name}`
  const reason = await reasonAgainst(found, settings)
  if (reason !== null) return [{ subject, state: 'missing', detail: reason }]
  try {
    const own = dataDir === undefined ? null : ownDir(dataDir, found.name)
    const lines = (await found.collector?.doctor?.(settings, own)) ?? []
    const blind = lines.length > 0 && lines.every(({ state }) => state === 'missing')
    const head: DoctorLine = blind
      ? { subject, state: 'missing', detail: 'can run here, but would see nothing' }
      : { subject, state: 'ok', detail: 'can run here' }
    return [head, ...lines]
  } catch (error) {
    return [{ subject, state: 'missing', detail: (error as Error).message }]
  }
}

const spoolLine = (dataDir: string): DoctorLine => {
  const bytes = spoolBytes(join(dataDir, 'spool'))
  return { subject: 'spool', state: 'ok', detail: `${bytes} bytes on disk` }
}

/** What each collector can see here, and what the spool of the agent with this `dataDir` holds. */
export const doctor = async (settings = environment, dataDir?: string): Promise<readonly DoctorLine[]> => {
  const found = await discover(COLLECTORS)
  const lines = await Promise.all(found.map((each) => linesOf(each, settings, dataDir)))
  return [...lines.flat(), ...(dataDir === undefined ? [] : [spoolLine(dataDir)])]
}

/** Lets go of what agents with this `dataDir` (all agents of this machine, where it is null) left at work in the kernel; says what that was. */
export const unpin = async (dataDir: string | null): Promise<readonly string[]> => {
  const found = await discover(COLLECTORS)
  const left = await Promise.all(
    found.map(({ name, collector }) => collector?.unpin?.(dataDir === null ? null : ownDir(dataDir, name)) ?? []),
  )
  return left.flat()
}
