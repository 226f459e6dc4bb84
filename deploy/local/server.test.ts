import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { claim, makePassword, passwordOf } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-claim-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const claimer = (file: string, times: number): ChildProcess =>
  fork(join(import.meta.dirname, 'testing', 'claimer.ts'), [file, String(times)])

test('of several processes one at a time has a claim, also where a file was left by one that is gone', async () => {
  const file = join(folder, 'claim')
  writeFileSync(file, '')
  const said = await Promise.all(Array.from({ length: 4 }, () => once(claimer(file, 25), 'message')))
  assert.deepEqual(said, Array(4).fill([{ clashes: 0 }, undefined]))
})

test('a claim is waited for as long as it is held, also where nothing is written in it', async () => {
  const file = join(folder, 'empty')
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; read line'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  let taken = false
  const other = claim(file).then((release) => {
    taken = true
    return release
  })
  await sleep(200)
  assert.equal(taken, false)
  holder.stdin.end()
  ;(await other)()
})

test('a claim ends with its process, killed or not, and is kept from other parts of the same one', async () => {
  const file = join(folder, 'killed')
  const holding = `import { claim } from ${JSON.stringify(join(import.meta.dirname, 'server.ts'))}
    await claim(${JSON.stringify(file)})
    console.log('held')
    setInterval(() => {}, 60_000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', holding], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  const taken: string[] = []
  const take = (name: string) =>
    claim(file).then((release) => {
      taken.push(name)
      return release
    })
  const first = take('first')
  await sleep(200)
  assert.deepEqual(taken, [], 'held by another process')
  holder.kill('SIGKILL')
  const release = await first
  const second = take('second')
  await sleep(200)
  assert.deepEqual(taken, ['first'], 'held by another part of this one')
  release()
  ;(await second)()
})

test('a password is made once, for its owner alone, and is never an empty one', () => {
  const dir = join(folder, 'secret')
  mkdirSync(dir)
  makePassword(dir)
  const password = passwordOf(dir)
  assert.ok(password.length >= 32)
  makePassword(dir)
  assert.equal(passwordOf(dir), password)
  assert.equal(statSync(join(dir, 'password')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(dir), ['password'], 'nothing else is left')
  writeFileSync(join(dir, 'password'), '\n')
  assert.throws(() => passwordOf(dir), /password.* is empty$/)
})
