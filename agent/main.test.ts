import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch } from '../graph/model/batch.ts'
import { LANES } from '../graph/model/batch.ts'
import * as model from '../graph/model/generated/registry.ts'
import { now, SECOND } from '../graph/model/time.ts'
import { openConsumer } from '../graph/queue/main.ts'
import { redisForTest, testCluster } from '../test/support/servers.ts'
import type { Log } from './collectors/collector.ts'
import { COLLECTORS, discover } from './discover.ts'
import { identify } from './host.ts'
import { runAgent } from './main.ts'

const root = mkdtempSync(join(tmpdir(), 'aitia-agent-'))
const opened: (() => Promise<void>)[] = []
after(async () => {
  for (const close of opened) await close()
  rmSync(root, { recursive: true, force: true })
})

const recordingLog = () => {
  const lines: string[] = []
  const write = (...parts: unknown[]) => void lines.push(parts.map((part) => JSON.stringify(part)).join(' '))
  return { lines, log: { debug: write, info: write, warn: write, error: write } as Log }
}

/** A folder of collectors, each given by the text of its main.ts. */
const folderOf = (collectors: Record<string, string>): string => {
  const folder = mkdtempSync(join(root, 'collectors-'))
  for (const [name, text] of Object.entries(collectors)) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'main.ts'), text)
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return folder
}

/** Emits an event every 50 ms and claims all before the latest. */
const TICKING = `
export default {
  name: 'ticking',
  available: async () => null,
  start: async ({ emit, host }) => {
    const since = Date.now() * 1000
    let watermark = since
    let count = 0
    const source = 'ticking@' + host.key
    const tick = () => {
      const at = watermark + 1
      watermark = Date.now() * 1000
      const object = { kind: 'Pod', key: 'pod-' + (count % 11) }
      void emit([{ type: 'event', kind: 'pod-created', id: String(count++), at, uncertainty: 0, observedAt: at, source, object, fields: { createdAt: at } }])
    }
    const timer = setInterval(tick, 50)
    return {
      stop: async () => {
        clearInterval(timer)
        tick()
      },
      progress: () => [{ source, session: 's', since, watermark, counters: { count }, blind: ['pod-failed'] }],
    }
  },
}`
const UNAVAILABLE = `export default { name: 'unable', available: async () => 'it has no arms', start: async () => {} }`
const BROKEN = `throw new Error('half a collector')`
const LATE = `
let attempts = 0
export default {
  name: 'late',
  available: async () => null,
  start: async () => {
    if (++attempts < 2) throw new Error('not yet')
    return { stop: async () => {} }
  },
}`

const options = async (folder: string, cluster = testCluster()) => ({
  redisUrl: await redisForTest(),
  prefix: cluster,
  cluster,
  dataDir: join(root, cluster),
  folder,
  ...recordingLog(),
})

const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(20)
}

test('runs what can run, and says why the rest does not', async () => {
  const given = await options(
    folderOf({ ticking: TICKING, unable: UNAVAILABLE, broken: BROKEN, late: LATE, 'no-main': '' }),
  )
  rmSync(join(given.folder, 'no-main', 'main.ts'))
  const agent = await runAgent(given)
  opened.push(agent.stop)
  assert.deepEqual(
    agent.running().filter((name) => name !== 'late'),
    ['ticking'],
  )
  const said = given.lines.join('\n')
  assert.match(said, /not watched: unable: it has no arms/)
  assert.match(said, /not watched: broken: it can't be loaded: half a collector/)
  assert.match(said, /"collector":"late","error":"not yet"/)
  await until(() => agent.running().includes('late'))
})

test('a collector that is asked for by name must be there and able', async () => {
  const given = await options(folderOf({ unable: UNAVAILABLE }))
  await assert.rejects(runAgent({ ...given, collectors: ['other'] }), /no collector other; there are: unable/)
  await assert.rejects(runAgent({ ...given, collectors: ['unable'] }), /can't run here: unable: it has no arms/)
})

test('a cluster name under which nothing would be written is refused', async () => {
  const given = await options(folderOf({ ticking: TICKING }))
  for (const cluster of ['prod/eu', 'two words', ''])
    await assert.rejects(runAgent({ ...given, cluster }), {
      message: `cluster: got "${cluster}", expected a name without / or space`,
    })
  for (const cluster of ['case-prod', 'replay-prod'])
    await assert.rejects(runAgent({ ...given, cluster }), /expected a name that does not begin with (case|replay)-/)
})

test('heartbeats go into every lane, each second, behind all that they claim; the last one after the end', async () => {
  const given = await options(folderOf({ ticking: TICKING }))
  const events: number[] = []
  const overtaken: string[] = []
  const watermarks = new Map<number, number[]>()
  const counters: (Readonly<Record<string, number>> | undefined)[] = []
  const blind = new Set<string>()
  const read = (batch: Batch) => {
    for (const each of batch.observations) {
      if (each.type === 'event') {
        events.push(Number(each.id))
        const claimed = watermarks.get(batch.lane)?.at(-1) ?? 0
        if (each.at < claimed) overtaken.push(each.id)
      } else if (each.type === 'heartbeat') {
        watermarks.set(batch.lane, [...(watermarks.get(batch.lane) ?? []), each.watermark])
        counters.push(each.counters)
        blind.add(each.blind?.join() ?? 'nothing')
      }
    }
  }
  const consumer = openConsumer(given, async (batch) => read(batch))
  opened.push(() => consumer.close())
  const agent = await runAgent(given)
  const beatsInEach = (count: number) =>
    watermarks.size === LANES && [...watermarks.values()].every((marks) => marks.length >= count)
  await until(() => beatsInEach(3) && events.length > 30)
  const before = watermarks.get(0)!.length
  await agent.stop()
  await until(() => watermarks.get(0)!.length > before && beatsInEach(4))
  const marks = watermarks.get(0)!
  const apart = marks.slice(1).map((mark, index) => mark - marks[index]!)
  assert.ok(Math.min(...apart) < 3 * SECOND, `${apart} µs between two: in a quiet time it would be 5 s`)
  assert.deepEqual(overtaken, [])
  assert.deepEqual(
    events.toSorted((a, b) => a - b),
    events.map((_, index) => index),
  )
  assert.equal(counters.at(-1)!.count, events.length)
  assert.equal(counters.at(-1)!['spool.dropped'], 0)
  assert.deepEqual([...blind], ['pod-failed'])
  assert.ok(watermarks.get(0)!.at(-1)! <= now())
})

test('two agents never share a data folder', async () => {
  const given = await options(folderOf({ ticking: TICKING }))
  const agent = await runAgent(given)
  await assert.rejects(runAgent(given), /spool is in use by process \d+\. End it/)
  await agent.stop()
  await (await runAgent(given)).stop()
})

test('a host without a machine id gets one that it keeps', () => {
  const { lines, log } = recordingLog()
  const own = mkdtempSync(join(root, 'host-'))
  assert.equal(identify('given', own, log).key, 'given')
  const { key, bootId } = identify(undefined, own, log)
  assert.match(key, /^[0-9a-f]{32}$/)
  assert.equal(identify(undefined, own, log).key, key)
  assert.equal(bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  assert.ok(lines.length <= 1)
})

test('the collectors of this project are found by their folders alone', async () => {
  for (const { name, collector, problem } of await discover(COLLECTORS)) {
    assert.ok(collector !== null, `${name}: ${problem}`)
    assert.ok(name in model.COLLECTORS, `${name}: expected graph/model/collectors/${name}.ts`)
  }
  const copy = join(root, 'empty')
  mkdirSync(copy)
  cpSync(join(COLLECTORS, 'collector.ts'), join(copy, 'collector.ts'))
  assert.deepEqual(await discover(copy), [])
})
