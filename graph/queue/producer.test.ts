import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis } from '../../deploy/local/redis.ts'
import { testCluster } from '../../test/support/servers.ts'
import { BATCH_LIMIT } from '../model/batch.ts'
import type { LossObservation } from '../model/observation.ts'
import { openConsumer, openProducer, readQueueStats, spoolBytes } from './main.ts'
import { eventOf, eventsOf, heartbeatOf, Seen, SOURCE } from './testing/observations.ts'

const root = mkdtempSync(join(tmpdir(), 'aitia-queue-'))
let redis: Awaited<ReturnType<typeof startRedis>>
const restart = async () => {
  redis = await startRedis({ dataDir: join(root, 'redis') })
}
before(restart)
after(async () => {
  for (const each of opened) await each.close()
  await redis.stop()
  rmSync(root, { recursive: true, force: true })
})

/** A queue and a spool that no other test uses. */
const place = () => {
  const prefix = testCluster()
  return { redisUrl: redis.url, prefix, cluster: 'test', spoolDir: join(root, prefix) }
}

/** Closed at the end, also when a test fails. */
const opened: { close(): Promise<void> }[] = []
const use = <T extends { close(): Promise<void> }>(each: T): T => {
  opened.push(each)
  return each
}

const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await sleep(20)
}

/** Reads the queue until the events up to `count` are there. */
const readAll = async (where: ReturnType<typeof place>, count: number, seen = new Seen()) => {
  const consumer = use(openConsumer(where, async (batch) => seen.add(batch)))
  await until(() => seen.ids.size >= count)
  await consumer.close()
  return seen
}

test('what is sent comes out once, in order, with heartbeats behind what they speak for', async () => {
  const where = place()
  const producer = use(openProducer(where))
  for (let n = 0; n < 20; n++) {
    producer.send(eventsOf(n * 100, n * 100 + 100))
    producer.send([heartbeatOf(n * 100 + 100)])
  }
  await producer.drained()
  assert.deepEqual(
    await readQueueStats(where).then(({ lanes }) => lanes.map((lane) => lane.waiting > 0)),
    Array(8).fill(true),
  )
  const seen = await readAll(where, 2_000)
  assert.deepEqual(new Set(seen.ids.values()), new Set([1]))
  assert.deepEqual(seen.overtaken, [])
  assert.equal(seen.watermark, 2_000)
  assert.equal(producer.stats().taken, 2_020)
})

test('Redis away from the start: send is safe at once, and all of it is queued in order when it comes', async () => {
  const where = place()
  await redis.kill()
  const producer = use(openProducer(where))
  await producer.send(eventsOf(0, 500))
  await producer.send([heartbeatOf(500)])
  assert.ok(producer.stats().spoolBytes > 0)
  await until(() => producer.stats().held !== null)
  await restart()
  await producer.send(eventsOf(500, 1_000))
  await producer.drained()
  assert.equal(producer.stats().spoolBytes, 0)
  const seen = await readAll(where, 1_000)
  assert.deepEqual(seen.overtaken, [])
  assert.deepEqual(new Set(seen.ids.values()), new Set([1]))
})

test('Redis killed again and again while it is being filled: nothing is lost or out of order', async () => {
  const where = place()
  const producer = use(openProducer(where))
  const seen = new Seen()
  use(
    openConsumer({ ...where, timings: { lock: 1_000, stalledCheck: 500, retry: [10, 100] } }, async (batch) =>
      seen.add(batch),
    ),
  )
  let sent = 0
  const sending = (async () => {
    for (; sent < 12_000; sent += 300) {
      await producer.send(eventsOf(sent, sent + 300))
      producer.send([heartbeatOf(sent + 300)])
    }
  })()
  for (let kills = 0; kills < 4; kills++) {
    await sleep(300)
    await redis.kill()
    await sleep(200)
    await restart()
  }
  await sending
  await producer.drained()
  await until(() => seen.ids.size === 12_000 && seen.watermark === 12_000)
  assert.deepEqual(seen.overtaken, [])
  assert.equal(producer.stats().dropped, 0)
})

/** A producer of its own process, which sends until it is killed and says how far it is safe. */
const sender = (where: ReturnType<typeof place>, from: number) => {
  const script = `
    const { openProducer } = await import(${JSON.stringify(join(import.meta.dirname, 'main.ts'))})
    const { eventsOf, heartbeatOf } = await import(${JSON.stringify(join(import.meta.dirname, 'testing/observations.ts'))})
    const producer = openProducer(${JSON.stringify(where)})
    for (let sent = ${from}; ; sent += 50) {
      await producer.send(eventsOf(sent, sent + 50))
      process.stdout.write(sent + 50 + '\\n')
      producer.send([heartbeatOf(sent + 50)])
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const state = { safe: from, child, exited: once(child, 'exit') }
  child.stdout.on('data', (text) => {
    state.safe = Number(String(text).trim().split('\n').at(-1))
  })
  return state
}

test('the agent killed while Redis is away, and again while it drains: all that was safe arrives, in order', async () => {
  const where = place()
  let from = 0
  for (const redisAway of [false, true, false]) {
    if (redisAway) await redis.kill()
    const sending = sender(where, from)
    await until(() => sending.safe >= from + 500)
    sending.child.kill('SIGKILL')
    await sending.exited
    from = sending.safe
  }
  assert.ok(spoolBytes(where.spoolDir) > 0)
  await restart()
  const producer = use(openProducer(where))
  await producer.drained()
  await producer.close()
  const seen = await readAll(where, from)
  for (let id = 0; id < from; id++) assert.ok(seen.ids.has(String(id)), `event ${id} of ${from}`)
  assert.deepEqual(seen.overtaken, [])
})

test('a job that is sent again while it is queued is one job', async () => {
  const where = place()
  for (let times = 0; times < 2; times++) {
    const producer = openProducer({ ...where, spoolDir: `${where.spoolDir}-${times}` })
    await producer.send([eventOf(1)])
    await producer.drained()
    await producer.close()
  }
  const { lanes } = await readQueueStats(where)
  assert.equal(
    lanes.reduce((sum, lane) => sum + lane.waiting, 0),
    1,
  )
})

test('a full spool counts what it drops, and tells the loss before anything that comes after it', async () => {
  const where = { ...place(), spoolLimits: { maxBytes: 40_000, segmentBytes: 4_000 } }
  await redis.kill()
  const producer = use(openProducer(where))
  let sent = 0
  for (; producer.stats().dropped === 0; sent += 200) await producer.send(eventsOf(sent, sent + 200))
  await producer.send(eventsOf(sent, sent + 200))
  await producer.send([heartbeatOf(sent + 200)])
  const { dropped } = producer.stats()
  assert.ok(producer.stats().spoolBytes <= 40_000)
  await restart()
  await producer.drained()
  await producer.send([heartbeatOf(sent + 200)])
  await producer.drained()
  const seen = new Seen()
  const order: string[] = []
  const consumer = use(
    openConsumer(where, async (batch) => {
      seen.add(batch)
      for (const { type } of batch.observations) if (batch.lane === 0 && type !== 'event') order.push(type)
    }),
  )
  await until(() => seen.losses.length === 8)
  await until(() => order.includes('heartbeat'))
  await consumer.close()
  const loss = seen.losses[0] as LossObservation
  assert.equal(loss.source, SOURCE)
  assert.equal(loss.count, dropped)
  assert.equal(seen.ids.size, sent + 200 - dropped)
  for (let id = 0; id < sent + 200; id++) assert.ok(seen.ids.has(String(id)) || (id >= loss.from && id <= loss.to))
  assert.equal(order[0], 'loss')
})

test('a loss that could not be told yet is told by the next run', async () => {
  const where = { ...place(), spoolLimits: { maxBytes: 20_000, segmentBytes: 4_000 } }
  await redis.kill()
  const first = use(openProducer(where))
  for (let sent = 0; first.stats().dropped === 0; sent += 500) await first.send(eventsOf(sent, sent + 500))
  const { dropped } = first.stats()
  await first.close()
  await restart()
  const second = use(openProducer(where))
  await second.drained()
  await second.send([heartbeatOf(1)])
  await second.drained()
  const seen = new Seen()
  use(openConsumer(where, async (batch) => seen.add(batch)))
  await until(() => seen.losses.length === 8)
  assert.equal((seen.losses[0] as LossObservation).count, dropped)
})

test('producers stop at their share of maxmemory, and go on when there is room', async () => {
  const where = { ...place(), queueLimits: { memoryShare: 0.7, backlog: 1_000_000 } }
  const admin = new Redis(redis.url)
  const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1])
  await admin.config('SET', 'maxmemory', String(used + 3_000_000))
  const producer = use(openProducer(where))
  const filler = 'x'.repeat(100_000)
  for (let n = 0; n < 40; n++) await admin.set(`${where.prefix}:filler:${n}`, filler, 'EX', 600).catch(() => {})
  await producer.send(eventsOf(0, 100))
  await until(() => /bytes/.test(String(producer.stats().held)))
  assert.match(producer.stats().held!, /Redis uses \d+ of \d+ bytes, more than 70 %/)
  assert.ok(producer.stats().spoolBytes > 0)
  await admin.config('SET', 'maxmemory', '0')
  await producer.drained()
  const seen = await readAll(where, 100)
  assert.equal(seen.ids.size, 100)
  await admin.quit()
})

test('producers stop at the backlog limit of a lane', async () => {
  const where = { ...place(), queueLimits: { memoryShare: 0.7, backlog: 3 } }
  const producer = use(openProducer(where))
  for (let n = 0; n < 10; n++) {
    await producer.send(Array.from({ length: BATCH_LIMIT }, (_, index) => eventOf((n * BATCH_LIMIT + index) * 11)))
    if (n < 3) await producer.drained()
  }
  await until(() => /lane/.test(String(producer.stats().held)))
  assert.match(producer.stats().held!, /jobs wait in lane \d \(limit 3\): is a worker running\?/)
  const seen = await readAll(where, 5_000)
  assert.deepEqual(seen.overtaken, [])
})
