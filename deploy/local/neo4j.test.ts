import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listening, loopback } from './listening.ts'
import { jarsDir } from './neo4j/install.ts'
import { type RunningNeo4j, startNeo4j } from './neo4j.ts'
import { startOf } from './server.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'aitia-neo4j-test-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))
const skip = existsSync(jarsDir) ? false : `Neo4j is not in ${jarsDir}; npm test fetches it`

/** One statement over HTTP: only graph/store knows the driver. */
async function ask(server: RunningNeo4j, statement: string, password = server.password) {
  const authorization = `Basic ${Buffer.from(`neo4j:${password}`).toString('base64')}`
  const response = await fetch(new URL('/db/neo4j/tx/commit', server.browserUrl), {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ statements: [{ statement }] }),
  })
  const body = (await response.json()) as {
    results?: { data: { row: unknown[] }[] }[]
    errors: { code: string; message: string }[]
  }
  return { rows: body.results?.[0]?.data.map(({ row }) => row), error: body.errors[0]?.code }
}

/** The Browser, and with it HTTP, answers a moment after Bolt does. */
async function browserUp(server: RunningNeo4j): Promise<Response> {
  for (;;) {
    const response = await fetch(server.browserUrl).catch(() => undefined)
    if (response) return response
    assert.ok(startOf(server.pid), 'Neo4j ended before its Browser answered')
    await sleep(50)
  }
}

test('Neo4j answers to its password alone, on loopback alone, once per folder, and survives a kill', {
  skip,
}, async () => {
  const first = await startNeo4j({ dataDir, heapMb: 512 })
  let second: RunningNeo4j | undefined
  try {
    const page = await browserUp(first)
    assert.equal(page.status, 200)
    assert.match(await page.text(), /<title>.*Browser/)
    assert.deepEqual((await ask(first, 'CREATE (n:Kept {at: 1}) RETURN n.at')).rows, [[1]])
    assert.match((await ask(first, 'RETURN 1', 'neo4j')).error ?? '', /Unauthorized/)
    assert.equal(statSync(join(dataDir, 'password')).mode & 0o777, 0o600)

    const sockets = listening(first.pid)
    const ports = [first.uri, first.browserUrl].map((url) => Number(new URL(url).port))
    assert.deepEqual(sockets.map(({ port }) => port).sort(), ports.sort())
    for (const { address } of sockets) assert.ok(loopback.includes(address), `it listens on ${address}`)

    const again = await startNeo4j({ dataDir })
    assert.deepEqual([again.pid, again.uri, again.password], [first.pid, first.uri, first.password])

    const files = await ask(first, "LOAD CSV FROM 'file:///etc/hostname' AS line RETURN line")
    assert.ok(files.error, 'it read a file of this machine for a query')

    await first.kill()
    second = await startNeo4j({ dataDir, heapMb: 512 })
    assert.equal(second.uri, first.uri)
    assert.notEqual(second.pid, first.pid)
    await browserUp(second)
    assert.deepEqual((await ask(second, 'MATCH (n:Kept) RETURN n.at')).rows, [[1]])
  } finally {
    await (second ?? first).stop()
  }
  assert.equal(startOf((second ?? first).pid), undefined)
})

test('a start that cannot succeed says why', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-neo4j-test-'))
  try {
    await assert.rejects(
      startNeo4j({ dataDir: folder, jvmFlags: ['-XX:NoSuchFlag=1'] }),
      /server\.log.*\n.*NoSuchFlag/s,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
