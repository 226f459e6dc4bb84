import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { claim } from './server.ts'

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

test('a claim ends with its process, killed or not, and is kept from other parts of the same one', async () => {
  const file = join(folder, 'killed')
  const child = claimer(file, Number.MAX_SAFE_INTEGER)
  const release = await claim(file)
  let second = false
  const other = claim(file).then((give) => {
    second = true
    give()
  })
  assert.equal(second, false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(second, false)
  release()
  await other
  ;(await claim(file))()
})
