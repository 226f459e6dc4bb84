import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { startRedis } from '../../../deploy/local/redis.ts'
import { loadRecording } from '../../../graph/ingest/main.ts'
import type { Observation } from '../../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../../graph/model/time.ts'
import { readQueueStats } from '../../../graph/queue/main.ts'
import { applySchema, openStore } from '../../../graph/store/main.ts'
import { createCorrelator, OWN_PATTERNS, removeCluster } from '../../../queries/engine/main.ts'
import { neo4jForTest, testCluster } from '../../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../../test/support/shop.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-replay-'))
after(() => rmSync(folder, { recursive: true, force: true }))

// Read when the command line is loaded.
process.env.AITIA_DATA = folder
const { printOutcome, send, waitForConclusions, workloadsHit } = await import('./replay.ts')

test('a queue that takes nothing is named as what a replay waits for, and the same command goes on later', async () => {
  const redis = await startRedis({ dataDir: join(folder, 'redis') })
  const admin = new Redis(redis.url)
  try {
    const place = { redisUrl: redis.url, prefix: testCluster() }
    const cluster = testCluster()
    const recording = recordingOf(healthy(1_790_000_000 * SECOND))
    await admin.config('SET', 'maxmemory', '1')
    await assert.rejects(
      send({ recording, cluster }, place, 5_000),
      /not queued after 5 s: Redis uses \d+ of 1 bytes.* \d+ bytes of it wait on disk: run the same command again$/,
    )
    await admin.config('SET', 'maxmemory', '512mb')
    await send({ recording, cluster }, place)
    assert.ok((await readQueueStats(place)).lanes.some(({ waiting }) => waiting > 0))
  } finally {
    await admin.quit()
    await redis.stop()
  }
})

test('what expects nothing, silence, or what is there early is waited for until all is concluded', async () => {
  const store = openStore(await neo4jForTest())
  await applySchema(store)
  const [start, end] = [1_790_000_000 * SECOND, 1_790_000_000 * SECOND + 20 * MINUTE]
  const told = recordingOf([
    ...[...healthy(start), ...outOfMemory(start + 10 * MINUTE)],
    ...[heartbeat(KUBERNETES, start, end, true), heartbeat(EBPF, start, end, true)],
  ])
  const expected = { pattern: 'container-oom', result: 'incident' } as const
  const silence = { pattern: 'container-oom', result: 'silence' } as const
  try {
    for (const [recording, before, after] of [
      [told, [], []],
      [{ ...told, expect: [silence] }, [], ['silence: got an incident, expected nothing']],
      [{ ...told, expect: [expected] }, ['incident: got nothing, expected one'], []],
    ] as const) {
      const cluster = testCluster()
      // One look.
      const problems = () => waitForConclusions(store, { recording, cluster }, { seconds: 0, dirs: [OWN_PATTERNS] })
      const unwritten = 'after 0 s not all of it is written into the graph: is a worker running?'
      assert.deepEqual(await problems(), [unwritten, ...before])
      await loadRecording(store, recording, cluster)
      const unjudged = 'after 0 s not all of it is judged by container-oom: does a correlator run with that?'
      assert.deepEqual(await problems(), [unjudged, ...before])
      await createCorrelator({ store }).runOnce(cluster)
      assert.deepEqual(await problems(), after)
      await removeCluster(store, cluster)
    }
  } finally {
    await store.close()
  }
})

/** The same of another workload on the same node: its objects and events have names of their own. */
const another = (observations: readonly Observation[], number: number): Observation[] =>
  JSON.parse(
    JSON.stringify(observations)
      .replace(/"key":"([cdprse]\d)"/g, `"key":"$1-${number}"`)
      .replace(/"id":"([^"]+)"/g, `"id":"$1-${number}"`)
      .replaceAll('checkout', `checkout-${number}`),
  )

test('of more workloads than are explained it is said that there are more, and how to see them', async (t) => {
  const store = openStore(await neo4jForTest())
  await applySchema(store)
  const cluster = testCluster()
  t.after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })
  const [start, end] = [1_790_000_000 * SECOND, 1_790_000_000 * SECOND + 20 * MINUTE]
  const hit = Array.from({ length: 22 }, (_, number) =>
    another([...healthy(start), ...outOfMemory(start + 10 * MINUTE)], number),
  )
  const beats = [heartbeat(KUBERNETES, start, end, true), heartbeat(EBPF, start, end, true)]
  const recording = recordingOf([...hit.flat(), ...beats])
  await loadRecording(store, recording, cluster)
  await createCorrelator({ store }).runOnce(cluster)
  const all = await workloadsHit(store, cluster, 22)
  assert.equal(new Set(all.hit.map((it) => it.name)).size, 22)
  assert.equal(all.cut, false)
  const { mock } = t.mock.method(console, 'log', () => {})
  for (const json of [false, true]) await printOutcome(json, store, { recording, cluster }, [])
  const [text, told] = mock.calls.map((call) => String((call.arguments as unknown[])[0]))
  assert.equal(text!.match(/^checkout-\d+ lost 1 of 3 replicas/gm)?.length, 20)
  assert.match(text!, new RegExp(`^More workloads were hit than these 20.*\n {2}aitia incidents -c ${cluster} `, 'm'))
  const { answers, cut } = JSON.parse(told!) as { answers: object[]; cut: boolean }
  assert.deepEqual([answers.length, cut], [20, true])
})
