/** A Redis Cluster refuses commands that touch two slots: a server of one node, in cluster mode, shows that none does. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import {
  openConsumer,
  openNudger,
  openPatternQueue,
  openProducer,
  Rejected,
  readDeadLetters,
  readQueueStats,
  redriveDeadLetters,
} from './main.ts'
import { eventsOf, Seen } from './testing/observations.ts'

const root = mkdtempSync(join(tmpdir(), 'aitia-redis-cluster-'))
const closes: (() => Promise<unknown>)[] = []
after(async () => {
  for (const close of closes.reverse()) await close()
  rmSync(root, { recursive: true, force: true })
})

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const startClusterNode = async (): Promise<string> => {
  const port = await freePort()
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: root,
    save: '',
    'cluster-enabled': 'yes',
    'cluster-port': await freePort(),
  }
  const child = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
  )
  closes.push(async () => {
    child.kill()
    await once(child, 'exit')
  })
  const redis = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  await redis.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
  while (!String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20)
  await assert.rejects(redis.mset('a', 1, 'b', 2), /CROSSSLOT/)
  redis.disconnect()
  return `redis://127.0.0.1:${port}`
}

const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await sleep(20)
}

test('lanes, patterns, parked jobs and dead letters each keep to one slot', async () => {
  const where = { redisUrl: await startClusterNode(), prefix: 'aitia', cluster: 'test', spoolDir: join(root, 'spool') }
  const producer = openProducer(where)
  closes.push(() => producer.close())
  await producer.send(eventsOf(0, 100))
  await producer.drained()
  const old = openConsumer({ ...where, versions: { current: 0, upcasts: {} } }, async () => {})
  await until(async () => (await readQueueStats(where)).lanes.every(({ waiting, active }) => waiting + active === 0))
  await old.close()
  await producer.send(eventsOf(100, 200))
  const seen = new Seen()
  let refused = false
  const consumer = openConsumer(where, async (batch) => {
    if (!refused && batch.lane === 1) {
      refused = true
      throw new Rejected([{ batch, reason: 'once' }])
    }
    seen.add(batch)
  })
  closes.push(() => consumer.close())
  let runs = 0
  const pattern = await openPatternQueue({ ...where, pattern: 'p' }, async () => void runs++)
  closes.push(() => pattern.close())
  const nudger = openNudger(where)
  closes.push(() => nudger.close())
  await until(() => runs > 0)
  nudger.nudge()
  await until(async () => (await readDeadLetters(where)).length === 1)
  assert.equal(await redriveDeadLetters(where), 1)
  await until(() => seen.ids.size === 200 && runs > 1)
})
