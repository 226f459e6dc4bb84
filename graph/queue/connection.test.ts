import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import pino from 'pino'
import { startRedis } from '../../deploy/local/redis.ts'
import { redisForTest } from '../../test/support/servers.ts'
import { connectAndWait, shown } from './connection.ts'

test('an address is shown without its password, whatever that is made of', () => {
  for (const secret of [
    'redis://:pa/ss@host:6379/0',
    'redis://me:p@/s?s@host:6379/0',
    'redis://host:6379/0?password=pass',
  ])
    assert.equal(shown(secret), 'redis://host:6379/0')
  assert.equal(shown('redis://127.0.0.1:6379'), 'redis://127.0.0.1:6379')
})

test('a connection to what is no master any more is made anew, until it leads to one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-failover-'))
  const server = await startRedis({ dataDir: folder })
  t.after(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const redis = connectAndWait(server.url, pino({ level: 'silent' }))
  await redis.set('a', 1)
  await redis.replicaof('127.0.0.1', 1)
  const closed = once(redis, 'close')
  await assert.rejects(redis.set('a', 2), /READONLY/)
  await closed
  await redis.replicaof('NO', 'ONE')
  await redis.set('a', 3)
  assert.equal(await redis.get('a'), '3')
  await redis.endWith([])
})

test('a connection that was ended, and what a worker made of it, is not connected again by a worker that comes to it late', async () => {
  const redis = connectAndWait(await redisForTest(), pino({ level: 'silent' }))
  const copy = redis.duplicate()
  await Promise.all([redis.ping(), copy.ping()])
  await redis.endWith([])
  for (const each of [redis, copy]) {
    // What BullMQ does where it finds an end, such as that of a blocked connection which it ended itself to reset it.
    await assert.rejects(each.connect(), /^Error: Connection is closed\.$/)
    if (each.status !== 'end') await once(each, 'end')
  }
})
