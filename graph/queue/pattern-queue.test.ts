import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis } from '../../deploy/local/redis.ts'
import { redisForTest, testCluster } from '../../test/support/servers.ts'
import { openNudger, openPatternQueue } from './main.ts'
import { patternQueue, patternsKey } from './names.ts'

const used: { close(): Promise<void> }[] = []
after(async () => {
  for (const each of used) await each.close()
})
const use = <T extends { close(): Promise<void> }>(each: T): T => {
  used.push(each)
  return each
}
const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(10)
}
const root = mkdtempSync(join(tmpdir(), 'aitia-patterns-'))
after(() => rmSync(root, { recursive: true, force: true }))
const place = async () => ({ redisUrl: await redisForTest(), prefix: testCluster() })

test('nudges before a run are one, and one during a run is run after it', async () => {
  const where = await place()
  let runs = 0
  let release = () => {}
  const queue = use(
    // It nudges itself as it opens, and not again.
    await openPatternQueue({ ...where, pattern: 'container-oom', every: 3_600_000 }, async () => {
      runs++
      await new Promise<void>((resolve) => {
        release = resolve
      })
    }),
  )
  await until(() => runs === 1)
  for (let n = 0; n < 5; n++) await queue.nudge()
  release()
  await until(() => runs === 2)
  await queue.nudge()
  release()
  await until(() => runs === 3)
  release()
  await sleep(200)
  assert.equal(runs, 3)
})

test('two correlators never run a pattern at the same time; a run that fails is followed by others', async () => {
  const where = await place()
  let running = 0
  let most = 0
  let runs = 0
  const run = async () => {
    most = Math.max(most, ++running)
    await sleep(5)
    running--
    if (++runs % 3 === 0) throw new Error('this run fails')
  }
  const first = use(await openPatternQueue({ ...where, pattern: 'p' }, run))
  const second = use(await openPatternQueue({ ...where, pattern: 'p' }, run))
  while (runs < 20) {
    await first.nudge()
    await second.nudge()
    await sleep(1)
  }
  assert.equal(most, 1)
})

test('without a nudge it runs from time to time', async () => {
  const where = await place()
  const opened = Date.now()
  const times: number[] = []
  use(await openPatternQueue({ ...where, pattern: 'p' }, async () => void times.push(Date.now())))
  await until(() => times.length === 2)
  assert.ok(times[1]! - opened > 3_000)
})

test('a Redis that comes back empty is asked again, and told again that one run at a time is enough', async (t) => {
  const redis = await startRedis({ dataDir: root })
  t.after(() => redis.stop())
  const admin = new Redis(redis.url)
  t.after(() => admin.disconnect())
  const where = { redisUrl: redis.url, prefix: 'emptied' }
  let runs = 0
  const queue = await openPatternQueue({ ...where, pattern: 'p', every: 100 }, async () => void runs++)
  t.after(() => queue.close())
  await until(() => runs > 0)
  await admin.flushall()
  const before = runs
  await until(() => runs > before + 1)
  assert.equal(await admin.hget(`emptied:${patternQueue('p')}:meta`, 'concurrency'), '1')
  const nudger = openNudger(where)
  t.after(() => nudger.close())
  assert.deepEqual(await admin.zrange(patternsKey('emptied'), '0', '-1'), ['p'])
})

test('the nudger wakes all patterns that are run, without knowing them', async () => {
  const where = await place()
  const runs = { a: 0, b: 0 }
  for (const pattern of ['a', 'b'] as const)
    use(await openPatternQueue({ ...where, pattern }, async () => void runs[pattern]++))
  await until(() => runs.a > 0 && runs.b > 0)
  const before = { ...runs }
  const nudger = use(openNudger(where))
  await sleep(100)
  nudger.nudge()
  await until(() => runs.a > before.a && runs.b > before.b)
})
