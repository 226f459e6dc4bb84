import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { listening, loopback } from './listening.ts'
import { startRedis } from './redis.ts'
import { startOf } from './server.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'aitia-redis-test-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))

/** One inline command with the address's password (none if it has none), and the begin of its answer. */
async function ask(url: string, command: string): Promise<string> {
  const { port, password } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  const answer = async (line: string) => {
    socket.write(`${line}\r\n`)
    const [data] = await once(socket, 'data')
    return String(data).split('\r\n').slice(0, 2).join(' ')
  }
  if (password !== '') assert.equal(await answer(`AUTH ${password}`), '+OK ')
  const answered = await answer(command)
  socket.destroy()
  return answered
}

test('what Redis acknowledged survives a kill, at the same address', async () => {
  const first = await startRedis({ dataDir })
  for (let n = 0; n < 100; n++) assert.equal(await ask(first.url, `SET key${n} value${n}`), '+OK ')
  await first.kill()
  await first.exited
  const second = await startRedis({ dataDir })
  try {
    assert.equal(second.url, first.url)
    assert.notEqual(second.pid, first.pid)
    assert.equal(await ask(second.url, 'DBSIZE'), ':100 ')
    assert.equal(await ask(second.url, 'GET key99'), '$7 value99')
  } finally {
    await second.stop()
  }
})

test('Redis refuses what it cannot hold, and listens on loopback alone', async () => {
  const redis = await startRedis({ dataDir })
  try {
    assert.match(await ask(redis.url, 'CONFIG GET maxmemory-policy'), /^\*2/)
    const sockets = listening(redis.pid)
    assert.deepEqual(
      sockets.map(({ port }) => port),
      [Number(new URL(redis.url).port)],
    )
    for (const { address } of sockets) assert.ok(loopback.includes(address), `it listens on ${address}`)
  } finally {
    await redis.stop()
  }
})

test('Redis answers to its password alone, which is kept and shown to nobody; a folder of before gets one', async () => {
  const first = await startRedis({ dataDir })
  const { port, password } = new URL(first.url)
  const bare = `redis://127.0.0.1:${port}`
  try {
    assert.match(await ask(bare, 'PING'), /^-NOAUTH /)
    assert.match(await ask(bare, 'CONFIG SET dir /tmp'), /^-NOAUTH /)
    assert.match(await ask(bare, 'AUTH another'), /^-WRONGPASS /)
    for (const name of ['password', 'redis.conf']) {
      assert.ok(readFileSync(join(dataDir, name), 'utf8').includes(password), `${name} holds it`)
      assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name)
    }
    const shown = readFileSync(`/proc/${first.pid}/cmdline`, 'utf8')
    assert.ok(!shown.includes(password), shown)
  } finally {
    await first.stop()
  }
  const again = await startRedis({ dataDir })
  await again.stop()
  assert.equal(again.url, first.url)
  // As such a folder was left by a version that asked for no password.
  rmSync(join(dataDir, 'password'))
  const next = await startRedis({ dataDir })
  try {
    assert.notEqual(new URL(next.url).password, password)
    assert.equal(await ask(next.url, 'GET key99'), '$7 value99')
    assert.match(await ask(bare, 'PING'), /^-NOAUTH /)
  } finally {
    await next.stop()
  }
})

test('a second start on the folder gives the running server, also when both start at once', async () => {
  const [one, two] = await Promise.all([startRedis({ dataDir }), startRedis({ dataDir })])
  assert.equal(one.pid, two.pid)
  const third = await startRedis({ dataDir })
  assert.equal(third.pid, one.pid)
  assert.equal(third.url, one.url)
  await one.stop()
  await two.stop()
  await third.stop()
  assert.equal(startOf(one.pid), undefined)
})

test('a server does not outlive a killed parent, and the folder is free again', async () => {
  const parent = fork(join(import.meta.dirname, 'testing', 'redis-parent.ts'), [dataDir])
  const [{ pid }] = (await once(parent, 'message')) as [{ pid: number }]
  assert.ok(startOf(pid))
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  const next = await startRedis({ dataDir })
  try {
    assert.notEqual(next.pid, pid)
    assert.equal(startOf(pid), undefined)
    assert.equal(await ask(next.url, 'DBSIZE'), ':100 ')
  } finally {
    await next.stop()
  }
})

test('while its starter lives, a server is shared and not stopped by the one that found it', async () => {
  const parent = fork(join(import.meta.dirname, 'testing', 'redis-parent.ts'), [dataDir])
  const [{ pid }] = (await once(parent, 'message')) as [{ pid: number }]
  const found = await startRedis({ dataDir })
  assert.equal(found.pid, pid)
  await found.stop()
  assert.equal(await ask(found.url, 'PING'), '+PONG ')
  parent.kill('SIGKILL')
  await found.exited
})
