import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { environment } from './config.ts'

const start = (...args: string[]) => {
  const main = join(import.meta.dirname, 'main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'start', ...args], {
    ...{ env: environment, encoding: 'utf8', timeout: 60_000 },
  })
  return { status, stdout, stderr }
}

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
