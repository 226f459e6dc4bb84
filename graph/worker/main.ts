/** The worker: from the queue into the graph. Any number may run; each lane has one writer at a time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ages, createWriter, warmUpWriter } from '../ingest/main.ts'
import type { Batch } from '../model/batch.ts'
import { type Consumer, type ConsumerStats, type Log, openConsumer, openNudger } from '../queue/main.ts'
import { applySchema, openStore, type Store, type StoreConfig } from '../store/main.ts'
import { retentionConfig } from './config.ts'
import { createHandle } from './handle.ts'
import { keepRetaining, type RetentionTimes } from './retention.ts'

export interface WorkerConfig {
  readonly redisUrl: string
  /** Prefix of the queue's keys. */
  readonly prefix: string
  readonly neo4j: StoreConfig
  readonly log?: Log
  /** How long things are kept, and when that is seen to; as the environment says unless given. */
  readonly retention?: { readonly ages: Ages; readonly times?: RetentionTimes }
}

export interface RunningWorker {
  /** Null until the graph has its schema and the lanes are read. */
  stats(): ConsumerStats | null
  /** Ends after the batches under way. */
  stop(): Promise<void>
}

/** Pause in ms between two attempts to reach a store that is away at the start. */
const RETRY = 1_000

/** Without the schema's constraints a write is not idempotent, so nothing is read before they are there. */
const untilSchema = async (store: Store, log: Log | undefined, signal: AbortSignal): Promise<boolean> => {
  for (let told = ''; !signal.aborted; ) {
    try {
      await applySchema(store)
      return true
    } catch (error) {
      const reason = (error as Error).message
      if (reason !== told) log?.warn({ reason }, 'the graph is not ready; the worker waits for it')
      told = reason
    }
    await sleep(RETRY, undefined, { signal }).catch(() => {})
  }
  return false
}

/** Runs a worker until it is stopped. Resolves when it reads the lanes, or at once where Neo4j or Redis is away: it waits for both. */
export const runWorker = async ({ neo4j, log, retention, ...place }: WorkerConfig): Promise<RunningWorker> => {
  const { ages, times } = retention ?? { ages: retentionConfig() }
  const store = openStore(neo4j)
  const nudger = openNudger({ ...place, log })
  const stopping = new AbortController()
  let consumer: Consumer | undefined
  let retaining: Promise<void> | undefined
  let warming: Promise<void> | undefined
  const committed = (batch: Batch) => {
    // Of heartbeats alone nothing new follows but the end of waiting, which the patterns' schedule sees.
    if (batch.observations.some(({ type }) => type !== 'heartbeat')) nudger.nudge()
  }
  const started = untilSchema(store, log, stopping.signal).then((ready) => {
    if (!ready) return
    consumer = openConsumer({ ...place, log }, createHandle(createWriter(store), committed))
    warming = warmUpWriter(store, stopping.signal)
    retaining = keepRetaining(store, ages, log, stopping.signal, times)
  })
  await Promise.race([started.then(() => consumer?.ready), sleep(RETRY, undefined, { ref: false })])
  return {
    stats: () => consumer?.stats() ?? null,
    stop: async () => {
      stopping.abort()
      await started
      await consumer?.close()
      await Promise.all([retaining, warming])
      await nudger.close()
      await store.close()
    },
  }
}
