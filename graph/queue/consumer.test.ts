import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis } from '../../deploy/local/redis.ts'
import { testCluster } from '../../test/support/servers.ts'
import { type Batch, LANES } from '../model/batch.ts'
import { digestOf } from '../model/digest.ts'
import { SECOND } from '../model/time.ts'
import { JOB_VERSION, packContent, VERSIONS, type Versions } from './job.ts'
import { Lanes, QUEUE_LIMITS } from './lanes.ts'
import { openConsumer, openProducer, Rejected, readDeadLetters, readQueueStats, redriveDeadLetters } from './main.ts'
import { laneQueue, parkedKey, unreadKey } from './names.ts'
import { Parked } from './parked.ts'
import { batchOf, eventOf, eventsOf, heartbeatOf, Seen, SOURCE } from './testing/observations.ts'

const root = mkdtempSync(join(tmpdir(), 'aitia-consumer-'))
let redis: Awaited<ReturnType<typeof startRedis>>
const opened: { close(): Promise<void> }[] = []
const use = <T extends { close(): Promise<void> }>(each: T): T => {
  opened.push(each)
  return each
}
before(async () => {
  redis = await startRedis({ dataDir: join(root, 'redis') })
})
after(async () => {
  for (const each of opened) await each.close()
  await redis.stop()
  rmSync(root, { recursive: true, force: true })
})

/** Short enough for a test to see a dead worker's job given again. */
const TIMINGS = { lock: 1_000, stalledCheck: 500, retry: [10, 100] } as const
const place = () => ({ redisUrl: redis.url, prefix: testCluster(), timings: TIMINGS })
type Place = ReturnType<typeof place>

const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await sleep(20)
}

const produce = async (where: Place, ...sends: Parameters<ReturnType<typeof openProducer>['send']>[0][]) => {
  const producer = openProducer({ ...where, cluster: 'test', spoolDir: join(root, testCluster()) })
  for (const observations of sends) {
    await producer.send(observations)
    producer.flush()
  }
  await producer.drained()
  await producer.close()
}

const consume = (
  where: Place & { versions?: Versions },
  handle: (batch: Batch, attempt: number) => void | Promise<void>,
) => use(openConsumer(where, async (batch, attempt) => handle(batch, attempt)))

const sumOf = async (where: Place, what: 'waiting' | 'waitingNewer') =>
  (await readQueueStats(where)).lanes.reduce((sum, lane) => sum + lane[what], 0)

test('the store is away: the lane waits with the same batch, and keeps its order', async () => {
  const where = place()
  await produce(where, eventsOf(0, 50), [heartbeatOf(50)], eventsOf(50, 100), [heartbeatOf(100)])
  const seen = new Seen()
  let refusals = 0
  const attempts: number[] = []
  const consumer = consume(where, (batch, attempt) => {
    attempts.push(attempt)
    if (refusals++ < 40) throw new Error('the store is away')
    seen.add(batch)
  })
  await until(() => Object.keys(consumer.stats().failing).length > 0)
  assert.match(Object.values(consumer.stats().failing)[0]!, /the store is away/)
  await until(() => seen.ids.size === 100 && seen.watermark === 100)
  assert.deepEqual(seen.overtaken, [])
  assert.deepEqual(new Set(seen.ids.values()), new Set([1]))
  assert.ok(Math.max(...attempts) > 2)
  assert.deepEqual(consumer.stats().failing, {})
})

test('closed while the store is away, a batch goes back to the head of its lane for the next worker', async () => {
  const where = place()
  await produce(where, [eventOf(0)], [eventOf(11)], [eventOf(22)])
  let asked = 0
  const first = consume(where, () => {
    asked++
    throw new Error('the store is away')
  })
  await until(() => asked > 1)
  await first.close()
  assert.equal(await sumOf(where, 'waiting'), 3)
  const order: string[] = []
  consume(where, (batch) => {
    for (const each of batch.observations) if (each.type === 'event') order.push(each.id)
  })
  await until(() => order.length === 3)
  assert.deepEqual(order, ['0', '11', '22'])
})

/** A handler for several workers, and the lanes of which two had a job at a time. */
const watchingLanes = () => {
  const busy = new Set<number>()
  const seen = new Seen()
  const clashes: number[] = []
  const handle = async (batch: Batch) => {
    if (busy.has(batch.lane)) clashes.push(batch.lane)
    busy.add(batch.lane)
    await sleep(5)
    seen.add(batch)
    busy.delete(batch.lane)
  }
  return { seen, clashes, handle }
}

test('two workers share the lanes: never two jobs of a lane at a time', async () => {
  const where = place()
  for (let n = 0; n < 20; n++) await produce(where, eventsOf(n * 20, n * 20 + 20))
  const { seen, clashes, handle } = watchingLanes()
  consume(where, handle)
  consume(where, handle)
  await until(() => seen.ids.size === 400)
  assert.deepEqual(clashes, [])
  assert.deepEqual(seen.overtaken, [])
})

test('nor two jobs of a lane at a time once Redis has come back empty', async () => {
  const where = place()
  const { seen, clashes, handle } = watchingLanes()
  const two = [consume(where, handle), consume(where, handle)]
  await Promise.all(two.map(({ ready }) => ready))
  const admin = new Redis(redis.url)
  await admin.flushall()
  // Its clients come back too, as after a restart.
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal')
  const known = async () => {
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      admin.hget(`${where.prefix}:${laneQueue(lane)}:meta`, 'concurrency'),
    )
    return (await Promise.all(lanes)).every((concurrency) => concurrency === '1')
  }
  await until(known)
  admin.disconnect()
  for (let n = 0; n < 20; n++) await produce(where, eventsOf(n * 20, n * 20 + 20))
  await until(() => seen.ids.size === 400)
  assert.deepEqual(clashes, [])
  assert.deepEqual(seen.overtaken, [])
})

test('what one worker could not read is told by another, also by one that began before', async () => {
  const where = place()
  const seen = new Seen()
  const first = consume(where, (batch) => seen.add(batch))
  await first.ready
  await produce(where, [heartbeatOf(1)])
  await until(() => seen.watermark === 1)
  const admin = new Redis(redis.url)
  await admin.lpush(unreadKey(where.prefix, 1), 5 * SECOND)
  admin.disconnect()
  await produce(where, [heartbeatOf(2)])
  await until(() => seen.watermark === 2)
  assert.equal(seen.losses.length, 1)
})

test('a parked job that somebody else took out takes no other with it', async () => {
  const admin = new Redis(redis.url)
  const { prefix } = place()
  const parked = new Parked(admin, prefix, 1)
  for (const n of [1, 2, 3]) await parked.park(9, { n }, n)
  const handled: unknown[] = []
  await parked.take(9, 0, async (data) => {
    // As where the answer to taking it out was lost and it is done again.
    if (handled.length === 0) await admin.lpop(parkedKey(prefix, 1, 9))
    handled.push(data)
  })
  assert.deepEqual(handled, [{ n: 1 }, { n: 2 }, { n: 3 }])
  admin.disconnect()
})

test('what can never be written is put aside with the reason, and can be driven again', async () => {
  const where = place()
  await produce(where, eventsOf(0, 22))
  let bad = true
  const seen = new Seen()
  consume(where, (batch) => {
    const parts = batch.observations.filter((each) => bad && each.type === 'event' && each.id === '5')
    seen.add({ ...batch, observations: batch.observations.filter((each) => !parts.includes(each)) })
    if (parts.length > 0) throw new Rejected([{ batch: { ...batch, observations: parts }, reason: 'five is no event' }])
  })
  await until(() => seen.ids.size === 21)
  await until(async () => (await readQueueStats(where)).deadLetters === 1)
  const [letter] = await readDeadLetters(where)
  assert.equal(letter!.reason, 'five is no event')
  bad = false
  assert.equal(await redriveDeadLetters(where, ['0-1']), 0)
  assert.equal(await redriveDeadLetters(where), 1)
  await until(() => seen.ids.has('5'))
  assert.deepEqual(await readDeadLetters(where), [])
})

test('what is no job of ours is put aside too, and the lane goes on', async () => {
  const where = place()
  const { Queue } = await import('bullmq')
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
  const queue = new Queue('{lane-1}', { connection, prefix: where.prefix })
  await queue.add('observations', { v: 1, zstd: 'AAAA' }, { removeOnComplete: true })
  await queue.add('observations', 'text', { removeOnComplete: true })
  await queue.close()
  await connection.quit()
  await produce(where, [heartbeatOf(1)])
  const seen = new Seen()
  consume(where, (batch) => seen.add(batch))
  await until(() => seen.watermark === 1)
  await until(async () => (await readQueueStats(where)).deadLetters === 2)
  const lost = seen.losses.map((each) => each.type === 'loss' && [each.source, each.what, each.to - each.from])
  assert.deepEqual(lost, [
    [SOURCE, 'dead-letter', 10_000_000],
    [SOURCE, 'dead-letter', 10_000_000],
  ])
  const reasons = (await readDeadLetters(where)).map(({ reason }) => reason)
  assert.match(reasons[0]!, /can't be unpacked/)
  assert.match(reasons[1]!, /not a job/)
  assert.equal(await redriveDeadLetters(where), 1)
})

test('a job that nobody could read is told to those who speak after a restart of the worker, too', async () => {
  const where = place()
  const { Queue } = await import('bullmq')
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
  const queue = new Queue('{lane-1}', { connection, prefix: where.prefix })
  await queue.add('observations', { v: 1, zstd: 'AAAA' }, { removeOnComplete: true })
  await queue.close()
  await connection.quit()
  const first = consume(where, () => {})
  await until(async () => (await readQueueStats(where)).deadLetters === 1)
  await first.close()
  await produce(where, [heartbeatOf(1)])
  const seen = new Seen()
  consume(where, (batch) => seen.add(batch))
  await until(() => seen.losses.length > 0)
  assert.deepEqual(
    seen.losses.map(({ source, type }) => [type, source]),
    [['loss', SOURCE]],
  )
})

test('a job that was parked and then could not be read is missed when it was sent, not when it was taken again', async () => {
  const where = place()
  const { Queue } = await import('bullmq')
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
  const queue = new Queue('{lane-1}', { connection, prefix: where.prefix })
  const sentAt = Date.now() - 3_600_000
  await queue.add('observations', { v: 2, zstd: 'AAAA' }, { removeOnComplete: true, timestamp: sentAt })
  await queue.close()
  await connection.quit()
  const old = consume(where, () => {})
  await until(async () => (await sumOf(where, 'waitingNewer')) === 1)
  await old.close()
  await produce(where, [heartbeatOf(1)])
  const seen = new Seen()
  consume({ ...where, versions: { current: 2, upcasts: { 1: (content) => content } } }, (batch) => seen.add(batch))
  await until(() => seen.losses.length > 0)
  assert.deepEqual(
    seen.losses.map((each) => each.type === 'loss' && each.to),
    [sentAt * 1_000],
  )
  assert.deepEqual((await readDeadLetters(where))[0]!.data, { v: 2, zstd: 'AAAA' })
})

test('a job that came in another lane is put aside, with a loss of what was in it', async () => {
  const where = place()
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
  const lanes = new Lanes(connection, where.prefix, QUEUE_LIMITS)
  const body = packContent(JSON.stringify(batchOf(2, [eventOf(5)])))
  await lanes.add({ lane: 1, version: JOB_VERSION, count: 1, at: 5, body })
  await lanes.close()
  connection.disconnect()
  const seen = new Seen()
  consume(where, (batch) => seen.add(batch))
  await until(() => seen.losses.length > 0)
  const loss = { type: 'loss', source: SOURCE, from: 5, to: 5, count: 1, what: 'dead-letter', kinds: ['pod-created'] }
  assert.deepEqual(seen.losses, [{ ...loss, of: digestOf(eventOf(5)) }])
  assert.match((await readDeadLetters(where))[0]!.reason, /meant for lane 2, came in 1/)
})

test('Redis takes no dead letter: the lane waits, and no job is given up', async () => {
  const where = place()
  const admin = new Redis(redis.url)
  const { Queue } = await import('bullmq')
  const queue = new Queue('{lane-1}', { connection: admin, prefix: where.prefix })
  await queue.add('observations', 'text', { removeOnComplete: true })
  await queue.close()
  await admin.call('ACL', 'SETUSER', 'default', 'resetkeys', '~*lane*', '~*parked*', '~*probe*')
  try {
    await produce(where, [heartbeatOf(1)])
    const seen = new Seen()
    const lanesHeard = new Set<number>()
    const consumer = consume(where, (batch) => {
      seen.add(batch)
      lanesHeard.add(batch.lane)
    })
    await until(() => /NOPERM/.test(consumer.stats().failing[1] ?? '') && lanesHeard.size === LANES - 1)
    assert.equal(lanesHeard.has(1), false)
    await admin.call('ACL', 'SETUSER', 'default', 'allkeys')
    await until(() => lanesHeard.size === LANES)
    assert.equal(seen.losses.length, 1)
    const { deadLetters, lanes } = await readQueueStats(where)
    assert.deepEqual([deadLetters, lanes[1]!.failed, consumer.stats().failed], [1, 0, 0])
    assert.deepEqual(consumer.stats().failing, {})
  } finally {
    await admin.call('ACL', 'SETUSER', 'default', 'allkeys')
    await admin.quit()
  }
})

test('Redis takes no writes when the worker starts: it says so and reads the lanes as soon as it does', async () => {
  const where = place()
  const admin = new Redis(redis.url)
  const [, limit] = (await admin.config('GET', 'maxmemory')) as [string, string]
  await produce(where, [heartbeatOf(1)])
  await admin.config('SET', 'maxmemory', '1')
  try {
    const seen = new Seen()
    const lanesHeard = new Set<number>()
    const consumer = consume(where, (batch) => {
      seen.add(batch)
      lanesHeard.add(batch.lane)
    })
    const told = () => Object.values(consumer.stats().failing)
    // One that gave up would be ready, or say why not.
    await Promise.race([until(() => told().length === LANES), consumer.ready])
    assert.equal(told().filter((reason) => /OOM/.test(reason)).length, LANES)
    await admin.config('SET', 'maxmemory', limit)
    await until(() => lanesHeard.size === LANES)
    await consumer.ready
    assert.deepEqual([seen.watermark, consumer.stats().failing], [1, {}])
  } finally {
    await admin.config('SET', 'maxmemory', limit)
    await admin.quit()
  }
})

test('jobs of a newer version wait, counted, and a newer worker takes them before what came after', async () => {
  const where = place()
  const older: Versions = { current: 0, upcasts: {} }
  await produce(where, eventsOf(0, 44), eventsOf(44, 88))
  const early = new Seen()
  const old = consume({ ...where, versions: older }, (batch) => early.add(batch))
  await until(async () => (await sumOf(where, 'waiting')) === 0 && (await sumOf(where, 'waitingNewer')) > 0)
  await old.close()
  assert.equal(early.ids.size, 0)
  assert.ok(old.stats().parked > 0)
  await produce(where, eventsOf(88, 99), [heartbeatOf(99)])
  const seen = new Seen()
  consume({ ...where, versions: VERSIONS }, (batch) => seen.add(batch))
  await until(() => seen.ids.size === 99 && seen.watermark === 99)
  assert.deepEqual(seen.overtaken, [])
  assert.equal(await sumOf(where, 'waitingNewer'), 0)
})

test('a worker killed between the write and the acknowledgement: the batch comes again, and nothing overtakes it', async () => {
  const where = place()
  const file = join(root, 'written')
  await produce(where, eventsOf(0, 11), eventsOf(11, 22), [heartbeatOf(22)])
  const script = `
    const { openConsumer } = await import(${JSON.stringify(join(import.meta.dirname, 'main.ts'))})
    const { appendFileSync } = await import('node:fs')
    openConsumer(${JSON.stringify(where)}, async (batch) => {
      appendFileSync(${JSON.stringify(file)}, JSON.stringify(batch) + '\\n')
      if (batch.observations.some((each) => each.type === 'event')) process.kill(process.pid, 'SIGKILL')
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
  const seen = new Seen()
  const written = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Batch)
  for (const batch of written) seen.add(batch)
  assert.ok(seen.ids.size > 0)
  consume(where, (batch) => seen.add(batch))
  await until(() => seen.ids.size === 22 && seen.watermark === 22)
  assert.deepEqual(seen.overtaken, [])
  const again = [...seen.ids].filter(([, times]) => times > 1).map(([id]) => id)
  const killedOver = written
    .at(-1)!
    .observations.filter((each) => each.type === 'event')
    .map(({ id }) => id)
  assert.deepEqual(again.toSorted(), killedOver.toSorted())
})

test('a worker whose event loop stands still loses its job to another, which runs it at its place', async () => {
  const where = place()
  await produce(where, [eventOf(0)], [eventOf(11)])
  const script = `
    const { openConsumer } = await import(${JSON.stringify(join(import.meta.dirname, 'main.ts'))})
    openConsumer(${JSON.stringify(where)}, async () => {
      process.stdout.write('standing')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const order: string[] = []
  consume(where, (batch) => {
    for (const each of batch.observations) if (each.type === 'event') order.push(each.id)
  })
  await until(() => order.length === 2)
  assert.deepEqual(order, ['0', '11'])
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('Redis killed while a batch is being written: it comes again or is done, and the next ones follow', async () => {
  const where = place()
  await produce(where, eventsOf(0, 11), eventsOf(11, 22), [heartbeatOf(22)])
  const seen = new Seen()
  let killed: Promise<void> | undefined
  consume(where, async (batch) => {
    killed ??= redis.kill().then(async () => {
      await sleep(TIMINGS.lock + 200)
      redis = await startRedis({ dataDir: join(root, 'redis') })
    })
    await killed
    seen.add(batch)
  })
  await until(() => seen.ids.size === 22 && seen.watermark === 22)
  assert.deepEqual(seen.overtaken, [])
  await until(async () => (await sumOf(where, 'waiting')) === 0)
})

test('closing while Redis is away comes to an end, after which nothing asks for it any more', async () => {
  // Those of other tests, which would ask for it too.
  for (const each of opened.splice(0)) await each.close()
  // BullMQ sees that it is away at some point in this time.
  for (const pause of [0, 100]) {
    const where = place()
    const consumer = consume(where, () => {})
    await consumer.ready
    await redis.kill()
    await sleep(pause)
    await consumer.close()
    // What was under way ends meanwhile.
    await sleep(200)
    let asked = 0
    const server = createServer((socket) => {
      asked++
      socket.destroy()
    }).listen(Number(new URL(where.redisUrl).port), '127.0.0.1')
    await once(server, 'listening')
    // Longer than between two attempts.
    await sleep(1_500)
    server.close()
    await once(server, 'close')
    redis = await startRedis({ dataDir: join(root, 'redis') })
    assert.equal(asked, 0, `closed ${pause} ms after Redis was gone`)
  }
})

test('doctor learns depth, age and whether this Redis is fit', async () => {
  const where = place()
  await produce(where, [eventOf(0)])
  const stats = await readQueueStats(where)
  assert.equal(stats.lanes.filter(({ oldestAge }) => oldestAge !== null).length, 1)
  assert.deepEqual(
    [stats.evictionPolicy, stats.appendOnly, stats.refusesWrites, stats.deadLetters],
    ['noeviction', true, null, 0],
  )
  await assert.rejects(readQueueStats({ redisUrl: 'redis://:secret@127.0.0.1:1', prefix: 'x' }), (error: Error) => {
    return /cannot reach Redis at redis:\/\/127.0.0.1:1 /.test(error.message)
  })
})
