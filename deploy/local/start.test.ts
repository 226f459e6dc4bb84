import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { environment } from './config.ts'

const startWith = (more: NodeJS.ProcessEnv, ...args: string[]) => {
  const main = join(import.meta.dirname, 'main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'start', ...args], {
    ...{ env: { ...environment, ...more }, encoding: 'utf8' },
  })
  return { status, stdout, stderr }
}
const start = (...args: string[]) => startWith({}, ...args)

test('npm start refuses what it does not know, and answers what is only to be read, before the set-up', () => {
  const refused = start('--bogus')
  assert.deepEqual([refused.status, refused.stdout], [2, ''])
  assert.match(refused.stderr, /unknown option '--bogus'/)
  const absent = start('--patterns', join(import.meta.dirname, 'no-such-folder'))
  assert.deepEqual([absent.status, absent.stdout], [1, ''])
  assert.match(absent.stderr, /can't read patterns in .*no-such-folder/)
  const help = start('--help')
  assert.equal(help.status, 0)
  assert.match(help.stdout, /^Usage: aitia up/)
  assert.doesNotMatch(help.stdout, /Set-up|refuse-only/)
})

test('who names servers of their own waits for nothing that these would take', (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'aitia-start-test-'))
  t.after(() => rmSync(cache, { recursive: true }))
  const given = { AITIA_NEO4J_URI: 'bolt://127.0.0.1:9', AITIA_REDIS_URL: 'redis://127.0.0.1:9' }
  const { status, stdout, stderr } = startWith({ ...given, AITIA_DATA: cache, XDG_CACHE_HOME: cache }, '--exit')
  for (const [step, variable] of [
    ['Debian packages for Neo4j', 'AITIA_NEO4J_URI'],
    ['Neo4j and its Browser', 'AITIA_NEO4J_URI'],
    ['Debian packages for Redis', 'AITIA_REDIS_URL'],
  ])
    assert.match(stdout, new RegExp(`^ {2}${step} \\.+ left out: ${variable} is set$`, 'm'))
  assert.deepEqual(
    readdirSync(cache).filter((name) => name === 'aitia'),
    [],
    'nothing was fetched',
  )
  // They are none.
  assert.equal(status, 1)
  assert.match(stderr, /cannot reach Neo4j at bolt:\/\/127\.0\.0\.1:9/)
})
