import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { neo4jForTest, redisForTest, testCluster } from '../../test/support/servers.ts'
import { createWriter, removeCluster } from '../ingest/main.ts'
import type { Batch } from '../model/batch.ts'
import { laneOf, type Observation } from '../model/observation.ts'
import { now, SECOND } from '../model/time.ts'
import {
  openConsumer,
  openPatternQueue,
  openProducer,
  Rejected,
  readDeadLetters,
  readQueueStats,
} from '../queue/main.ts'
import { eventOf, heartbeatOf } from '../queue/testing/observations.ts'
import { openStore, type Store } from '../store/main.ts'
import { createHandle } from './handle.ts'
import { runWorker } from './main.ts'

describe('worker', () => {
  const root = mkdtempSync(join(tmpdir(), 'aitia-worker-'))
  const clusters: string[] = []
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
  })
  after(async () => {
    for (const cluster of clusters) await removeCluster(store, cluster)
    await store.close()
    rmSync(root, { recursive: true, force: true })
  })

  const place = async () => {
    const cluster = testCluster()
    clusters.push(cluster)
    return { redisUrl: await redisForTest(), prefix: cluster, cluster, spoolDir: join(root, cluster) }
  }
  type Place = Awaited<ReturnType<typeof place>>

  const START = now() - 60 * SECOND
  const eventsOf = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => eventOf(from + index, START + from + index))
  const heartbeat = (number: number): Observation => ({ ...heartbeatOf(START + number), since: START })

  const send = async (where: Place, observations: readonly Observation[]) => {
    const producer = openProducer(where)
    await producer.send(observations)
    await producer.drained()
    await producer.close()
  }

  const countEvents = async ({ cluster }: Place): Promise<number> => {
    const [row] = await store.read<{ count: number }>(
      'MATCH (event:Event) WHERE event.cluster = $cluster RETURN count(event) AS count',
      { cluster },
    )
    return row!.count
  }

  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await sleep(50)
  }

  test('what is queued is in the graph, heartbeats as coverage of every lane, and the patterns are nudged', async () => {
    const where = await place()
    let runs = 0
    const pattern = await openPatternQueue({ ...where, pattern: 'p' }, async () => void runs++)
    const worker = await runWorker({ ...where, neo4j: await neo4jForTest() })
    await until(() => runs > 0)
    const before = runs
    await send(where, [...eventsOf(0, 700), heartbeat(700)])
    await until(async () => (await countEvents(where)) === 700)
    await until(() => runs > before)
    const lanes = () =>
      store.read(
        'MATCH (coverage:Coverage) WHERE coverage.cluster = $cluster AND coverage.to = $to RETURN coverage.lane',
        {
          cluster: where.cluster,
          to: START + 700,
        },
      )
    await until(async () => (await lanes()).length === 8)
    assert.deepEqual(worker.stats()!.failing, {})
    await worker.stop()
    await pattern.close()
  })

  test('observations that can not be written go to the dead letters alone, and the graph knows of each loss', async () => {
    const where = await place()
    const bad = { ...eventOf(5, START + 5), fields: { createdAt: 'noon' } } as unknown as Observation
    // In another lane, and otherwise as alike as two can be.
    const alike = { ...bad, id: 'alike', object: { kind: 'Pod', key: 'pod-6' } } as Observation
    await send(where, [...eventsOf(0, 5), bad, alike, ...eventsOf(6, 300)])
    const worker = await runWorker({ ...where, neo4j: await neo4jForTest() })
    await until(async () => (await countEvents(where)) === 299)
    await until(async () => (await readDeadLetters(where)).length === 2)
    const letters = await readDeadLetters(where)
    for (const { reason } of letters) assert.match(reason, /createdAt/)
    assert.deepEqual(letters.map(({ lane }) => lane).sort(), [laneOf('pod-5', 8), laneOf('pod-6', 8)].sort())
    const losses = await store.read(
      'MATCH (loss:Loss) WHERE loss.cluster = $cluster RETURN loss.from AS from, loss.to AS to, loss.count AS count, loss.what AS what',
      { cluster: where.cluster },
    )
    assert.deepEqual(losses, Array(2).fill({ from: START + 5, to: START + 5, count: 1, what: 'dead-letter' }))
    await worker.stop()
  })

  test('killed between the commit and the acknowledgement, again and again: all is in the graph, once', async () => {
    const where = await place()
    await send(where, [...eventsOf(0, 200), heartbeat(200)])
    const timings = { lock: 1_000, stalledCheck: 500, retry: [10, 100] }
    const url = (file: string) => JSON.stringify(join(import.meta.dirname, file))
    const script = `
    const { openConsumer } = await import(${url('../queue/main.ts')})
    const { openStore } = await import(${url('../store/main.ts')})
    const { createWriter } = await import(${url('../ingest/main.ts')})
    const { createHandle } = await import(${url('handle.ts')})
    const writer = createWriter(openStore(${JSON.stringify(await neo4jForTest())}))
    const kill = () => process.kill(process.pid, 'SIGKILL')
    openConsumer(${JSON.stringify({ ...where, timings })}, createHandle(writer, kill))`
    for (let kills = 0; kills < 3; kills++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
      const [, signal] = await once(child, 'exit')
      assert.equal(signal, 'SIGKILL')
    }
    const early = await countEvents(where)
    assert.ok(early > 0 && early <= 200)
    const worker = await runWorker({ ...where, neo4j: await neo4jForTest() })
    await until(async () => (await countEvents(where)) === 200)
    await until(async () => (await readQueueStats(where)).lanes.every(({ waiting, active }) => waiting + active === 0))
    assert.equal(await countEvents(where), 200)
    await worker.stop()
  })

  test('what passes validation but the store refuses, while it takes others, is set aside in the end', async () => {
    const where = await place()
    const long = eventOf(5, START + 5)
    const bad = { ...long, object: { ...long.object, key: 'x'.repeat(50_000) }, pod: long.object }
    await send(where, [...eventsOf(0, 5), bad, ...eventsOf(6, 50)])
    const timings = { lock: 10_000, stalledCheck: 5_000, retry: [10, 500] } as const
    const consumer = openConsumer(
      { ...where, timings },
      createHandle(createWriter(store), () => {}),
    )
    await until(async () => (await countEvents(where)) === 49)
    await until(async () => (await readDeadLetters(where)).length === 1)
    assert.match((await readDeadLetters(where))[0]!.reason, /index/i)
    await consumer.close()
  })

  test('Neo4j is away, back for a moment and away again: no batch counts as refused, however often it was tried', async () => {
    const where = await place()
    const address = await neo4jForTest()
    const { hostname, port } = new URL(address.uri)
    // What lies between: it can be cut, and joined again at its old port.
    const sockets = new Set<Socket>()
    const between = createServer((client) => {
      const server = connect(Number(port), hostname)
      for (const [one, other] of [[client, server] as const, [server, client] as const]) {
        sockets.add(one)
        one.on('error', () => {}).on('close', () => other.destroy())
        one.pipe(other)
      }
    })
    const rejoin = async (at = 0) => once(between.listen(at, '127.0.0.1'), 'listening')
    const cutOff = async () => {
      between.close()
      for (const socket of sockets) socket.destroy()
      await once(between, 'close')
    }
    await rejoin()
    const own = (between.address() as AddressInfo).port
    const far = openStore({ ...address, uri: `bolt://127.0.0.1:${own}` })
    const handle = createHandle(createWriter(far), () => {})
    const lane = laneOf('pod-1', 8)
    const batchWith = (...observations: Observation[]): Batch => ({
      ...{ cluster: where.cluster, lane, observations, contexts: {} },
    })
    const waiting = batchWith(eventOf(1, START + 1), eventOf(12, START + 12))
    await cutOff()
    await assert.rejects(handle(waiting, 9), /cannot reach Neo4j/)
    await rejoin(own)
    await handle(batchWith(eventOf(23, START + 23)), 1)
    await cutOff()
    // What is set aside is rejected in the same words.
    await assert.rejects(
      handle(waiting, 10),
      (error: Error) => !(error instanceof Rejected) && /cannot reach Neo4j/.test(error.message),
    )
    await rejoin(own)
    await handle(waiting, 11)
    assert.equal(await countEvents(where), 3)
    const losses = await store.read('MATCH (loss:Loss) WHERE loss.cluster = $cluster RETURN loss', {
      cluster: where.cluster,
    })
    assert.deepEqual(losses, [])
    await far.close()
    await cutOff()
  })

  test('started while Neo4j is away it waits, and it can be stopped', async () => {
    const where = await place()
    const warnings: unknown[] = []
    const say = () => {}
    const log = { debug: say, info: say, warn: (...parts: unknown[]) => void warnings.push(parts), error: say } as never
    const worker = await runWorker({
      ...where,
      neo4j: { uri: 'bolt://127.0.0.1:1', user: 'neo4j', password: 'x' },
      log,
    })
    await until(() => warnings.length > 0)
    assert.match(JSON.stringify(warnings), /the graph is not ready; the worker waits for it/)
    assert.equal(worker.stats(), null)
    await worker.stop()
  })
})
