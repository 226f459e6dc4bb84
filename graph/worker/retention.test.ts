import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SHORT_LIVED, startNeo4j } from '../../deploy/local/neo4j.ts'
import { redisForTest, testCluster } from '../../test/support/servers.ts'
import { now, SECOND } from '../model/time.ts'
import { openProducer } from '../queue/main.ts'
import { eventOf, heartbeatOf } from '../queue/testing/observations.ts'
import { openStore } from '../store/main.ts'
import { runWorker } from './main.ts'

// A Neo4j of its own: a worker sees to all clusters that there are.
test('what is older than it is kept goes while a worker runs, by the clock of the cluster itself', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'aitia-worker-'))
  const neo4j = await startNeo4j({ dataDir: join(root, 'neo4j'), heapMb: 512, ...SHORT_LIVED })
  const store = openStore(neo4j)
  t.after(async () => {
    await store.close()
    await neo4j.stop()
    rmSync(root, { recursive: true, force: true })
  })
  const cluster = testCluster()
  const where = { redisUrl: await redisForTest(), prefix: cluster, cluster, spoolDir: join(root, 'spool') }
  const start = now() - 60 * SECOND
  const producer = openProducer(where)
  const events = Array.from({ length: 20 }, (_, index) => eventOf(index, start + index))
  await producer.send([...events, { ...heartbeatOf(start + 100), since: start }])
  await producer.drained()
  await producer.close()

  const left = async (): Promise<number> => {
    const [row] = await store.read<{ count: number }>('CYPHER 5 MATCH (e:Event) RETURN count(e) AS count')
    return row!.count
  }
  const until = async (count: number) => {
    while ((await left()) !== count) await sleep(50)
  }
  const running = (kept: number) =>
    runWorker({
      ...{ ...where, neo4j },
      retention: { ages: { events: kept, incidents: 1_000 }, times: { first: 100, every: 100 } },
    })
  const first = await running(200)
  await until(20)
  await sleep(1_000)
  assert.equal(await left(), 20)
  await first.stop()
  // The heartbeat has come to 100: what is kept for 90 begins at 10.
  const second = await running(90)
  await until(10)
  await second.stop()
})
