import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { startRedis } from '../../../deploy/local/redis.ts'
import { SECOND } from '../../../graph/model/time.ts'
import { readQueueStats } from '../../../graph/queue/main.ts'
import { testCluster } from '../../../test/support/servers.ts'
import { healthy, recordingOf } from '../../../test/support/shop.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-replay-'))
after(() => rmSync(folder, { recursive: true, force: true }))

// Read when the command line is loaded.
process.env.AITIA_DATA = folder
const { send } = await import('./replay.ts')

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
