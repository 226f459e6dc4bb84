/** The queue: how fast observations go in and out, what that costs Redis against plain streams with the same jobs, and the wait on a quiet machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis } from '../../deploy/local/redis.ts'
import { BATCH_LIMIT, LANES } from '../../graph/model/batch.ts'
import type { Observation } from '../../graph/model/observation.ts'
import { now } from '../../graph/model/time.ts'
import { jobDataOf, packContent } from '../../graph/queue/job.ts'
import { openConsumer, openProducer } from '../../graph/queue/main.ts'
import type { Row } from './row.ts'

const EVENTS = 200_000
const SEND = 4_000
const QUIET = 40

/** Events of many containers, no two alike. */
const eventOf = (number: number): Observation => {
  const at = 1_700_000_000_000_000 + number * 937
  const pod = { kind: 'Pod', key: `8f1c-${number % 997}`, name: `checkout-${number % 997}`, namespace: 'shop' } as const
  const object = { kind: 'Container', key: `c0ffee${(number * 2_654_435_761) % 2 ** 32}` } as const
  const fields = {
    pid: number % 32_768,
    nsPid: 1,
    firstProcess: true,
    startBootClock: at - 5_000_000,
    command: 'app',
    exitCode: number % 3,
    signal: 0,
  }
  const seen = {
    uncertainty: 0,
    observedAt: at + 40,
    source: 'ebpf@host',
    host: 'host',
    bootClock: at % 1e9,
    sequence: number,
  }
  return { type: 'event', kind: 'process-exit', id: `host/boot/0/${number}`, at, ...seen, object, pod, fields }
}

const cpuOf = async (redis: Redis): Promise<number> => {
  const info = await redis.info('cpu')
  const figure = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
  return figure('used_cpu_user_main_thread') + figure('used_cpu_sys_main_thread')
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1_000
}

/** The same jobs through plain streams: added, read by a group, acknowledged and deleted, each lane in order. */
const throughStreams = async (redis: Redis, jobs: readonly { lane: number; data: string }[]): Promise<void> => {
  const lanes = Array.from({ length: LANES }, (_, lane) => lane)
  const key = (lane: number) => `streams:${lane}`
  for (const lane of lanes) await redis.xgroup('CREATE', key(lane), 'group', '0', 'MKSTREAM')
  const ofLane = (lane: number) => jobs.filter((job) => job.lane === lane)
  await Promise.all(
    lanes.map(async (lane) => {
      for (const { data } of ofLane(lane)) await redis.xadd(key(lane), '*', 'data', data)
    }),
  )
  await Promise.all(
    lanes.map(async (lane) => {
      for (let left = ofLane(lane).length; left > 0; left--) {
        const read = await redis.xreadgroup('GROUP', 'group', 'reader', 'COUNT', 1, 'STREAMS', key(lane), '>')
        const [[, [[id]]]] = read as unknown as [[string, [[string]]]]
        await redis.xack(key(lane), 'group', id)
        await redis.xdel(key(lane), id)
      }
    }),
  )
}

export const bench = async (): Promise<Row[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const server = await startRedis({ dataDir: join(folder, 'redis') })
  const redis = new Redis(server.url)
  const place = { redisUrl: server.url, prefix: 'bench', cluster: 'bench', spoolDir: join(folder, 'spool') }
  const queueLimits = { memoryShare: 0.9, backlog: Number.MAX_SAFE_INTEGER }
  const producer = openProducer({ ...place, queueLimits })
  try {
    const cpuBefore = await cpuOf(redis)
    const adding = await seconds(async () => {
      for (let sent = 0; sent < EVENTS; sent += SEND) {
        void producer.send(Array.from({ length: SEND }, (_, index) => eventOf(sent + index)))
        await sleep(0)
      }
      await producer.drained()
    })
    const bytes = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))![1])
    const jobs: { lane: number; data: string }[] = []
    let drained = 0
    const consumer = openConsumer(place, async (batch) => {
      drained += batch.observations.length
      if (drained <= EVENTS)
        jobs.push({ lane: batch.lane, data: JSON.stringify(jobDataOf(1, packContent(JSON.stringify(batch)))) })
    })
    const draining = await seconds(async () => {
      while (drained < EVENTS) await sleep(5)
    })
    const cpuQueue = (await cpuOf(redis)) - cpuBefore
    const waits: number[] = []
    for (let number = 0; number < QUIET; number++) {
      await sleep(300)
      const start = now()
      const before = drained
      await producer.send([eventOf(EVENTS + number)])
      while (drained === before) await sleep(1)
      waits.push((now() - start) / 1_000)
    }
    await consumer.close()
    const streamsBefore = await cpuOf(redis)
    await throughStreams(redis, jobs)
    const cpuStreams = (await cpuOf(redis)) - streamsBefore
    waits.sort((a, b) => a - b)
    const perJob = Math.round(EVENTS / jobs.length)
    return [
      {
        what: 'into the queue',
        value: EVENTS / adding,
        unit: 'events/s',
        detail: `${EVENTS} events, ${perJob} a job (limit ${BATCH_LIMIT}), packed, written to the spool and added; ${Math.round(bytes / EVENTS)} bytes of Redis an event`,
      },
      {
        what: 'out of the queue',
        value: EVENTS / draining,
        unit: 'events/s',
        detail: `one worker, ${LANES} lanes, unpacked and checked, not written`,
      },
      {
        what: "Redis' CPU, queue against plain streams",
        value: cpuQueue / cpuStreams,
        unit: 'x',
        detail: `the same ${jobs.length} jobs in and out: ${cpuQueue.toFixed(2)} s against ${cpuStreams.toFixed(2)} s`,
      },
      {
        what: 'event to worker on a quiet machine, p99',
        value: waits[Math.floor(waits.length * 0.99)]!,
        unit: 'ms',
        detail: `${QUIET} events, one each 0.3 s; median ${waits[QUIET >> 1]!.toFixed(1)} ms`,
      },
    ]
  } finally {
    await producer.close()
    redis.disconnect()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
