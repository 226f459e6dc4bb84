/** Deleting any one folder of agent/collectors leaves a project that type-checks and whose other tests pass. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const collectors = readdirSync(join(root, 'agent/collectors'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

const copyWithout = (collector: string): string => {
  const copy = mkdtempSync(join(tmpdir(), 'aitia-without-'))
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const file of files
    .split('\n')
    .filter((name) => name !== '' && !name.startsWith(`agent/collectors/${collector}/`)))
    if (existsSync(join(root, file))) cpSync(join(root, file), join(copy, file))
  // What the set-up has built is not in git.
  for (const built of ['node_modules', 'bpf/build', 'agent/native/build', 'agent/native/testing/build'])
    if (existsSync(join(root, built))) symlinkSync(join(root, built), join(copy, built))
  return copy
}

const run = (cwd: string, ...args: string[]): { status: number | null; output: string } => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

for (const collector of collectors) {
  describe(`without agent/collectors/${collector}`, () => {
    const copy = copyWithout(collector)
    after(() => rmSync(copy, { recursive: true, force: true }))

    test('the project type-checks', () => {
      const { status, output } = run(copy, 'node_modules/typescript-7/bin/tsc', '--noEmit', '-p', '.')
      assert.equal(status, 0, output)
    })

    test('no tool is set up by its name', () => {
      const settings = globSync(['*.json', '.*.cjs', 'deploy/**/*.{ts,mjs}', '.ci/*'], { cwd: root })
      assert.ok(settings.includes('knip.json') && settings.includes('.dependency-cruiser.cjs'), settings.join())
      const naming = settings.filter((file) =>
        readFileSync(join(root, file), 'utf8').includes(`agent/collectors/${collector}`),
      )
      assert.deepEqual(naming, [])
    })

    // Nothing else can see that it is gone: by the import rules no file outside names a collector's, and what a test names was checked
    // above. Pages name it, in words.
    test('the tests of what finds and runs collectors pass', () => {
      const { status, output } = run(
        copy,
        '--test',
        '--test-reporter=dot',
        'agent/*.test.ts',
        'agent/pipeline/**/*.test.ts',
        'graph/model/**/*.test.ts',
        'test/system/docs.test.ts',
      )
      assert.equal(status, 0, output)
    })
  })
}
