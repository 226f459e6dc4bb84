/** The agent at work: collectors, attribution and pipeline, wired together. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openProducer } from '../graph/queue/main.ts'
import { openAttribution } from './attribution/main.ts'
import type { Collector, CollectorContext, Log, RunningCollector } from './collectors/collector.ts'
import { hostId } from './config.ts'
import { COLLECTORS, discover, type Found, ownDir, reasonAgainst } from './discover.ts'
import { identify } from './host.ts'
import type { AgentOptions, RunningAgent } from './main.ts'
import { Pipeline } from './pipeline/pipeline.ts'

/** Pause in ms before a collector that failed is started again, doubled up to the second. */
const RESTART = [1_000, 60_000] as const

/** Keeps starting a collector until it runs or the agent ends; resolves after the first attempt. */
const keepStarting = async (
  collector: Collector,
  context: CollectorContext,
  add: (running: RunningCollector) => Promise<void>,
): Promise<void> => {
  const attempt = async (): Promise<boolean> => {
    try {
      const running = await collector.start(context)
      if (context.signal.aborted) await running.stop()
      else await add(running)
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

/** See `runAgent`. */
export const run = async (options: AgentOptions): Promise<RunningAgent> => {
  const { redisUrl, prefix, cluster, dataDir, collectors, log, folder = COLLECTORS } = options
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
    const attributing = collector?.attributed ? attribution : null
    const context = {
      cluster,
      host,
      emit: attributing?.before(pipeline.emit) ?? pipeline.emit,
      drained: (signal: AbortSignal) => producer.drained(signal),
      dropped: () => producer.stats().dropped,
      dataDir: own,
      log: namedLog(log, name),
      signal: stopping.signal,
    }
    await keepStarting(collector!, context, (running) => pipeline.add(name, attributing?.counting(running) ?? running))
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
