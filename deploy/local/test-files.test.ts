import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { environment } from './config.ts'
import { flagsOf, parseTestArguments, refusedTestArguments } from './test-flags.ts'
import type { Outcome } from './test-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-files-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const fileOf = (name: string, tests: string): string => {
  const file = join(folder, `${name}.test.mjs`)
  writeFileSync(file, `import { test } from 'node:test'\n${tests}`)
  return file
}
const slow = fileOf('z', "test('slow', async () => new Promise((resolve) => setTimeout(resolve, 300)))")
const good = fileOf('a', "test('good', () => {})\ntest('other', () => {})")
const bad = fileOf('b', "test('bad', () => { throw new Error('got 1, expected 2') })")

let runs = 0
const run = (...args: string[]) => runInto(join(folder, `results-${++runs}.jsonl`), ...args)
const runInto = (results: string, ...args: string[]): { status: number | null; outcomes: string[] } => {
  const script = join(import.meta.dirname, 'test-files.ts')
  const env = { ...environment, NODE_TEST_CONTEXT: undefined }
  const { status } = spawnSync(process.execPath, [script, results, ...args], { env })
  const lines = readFileSync(results, 'utf8').trim().split('\n')
  return { status, outcomes: lines.map((line) => JSON.parse(line) as Outcome).map((it) => `${it.name} ${it.result}`) }
}

test('files are told of in the order in which they are given, whatever their names', () => {
  assert.deepEqual(run('--', slow, good), { status: 0, outcomes: ['slow passed', 'good passed', 'other passed'] })
})

test('one that fails is told of, and shows in the exit code', () => {
  assert.deepEqual(run('--', bad, good), { status: 1, outcomes: ['bad failed', 'good passed', 'other passed'] })
})

test('what two runs have to say is kept side by side', () => {
  const results = join(folder, 'shared.jsonl')
  runInto(results, '--', bad)
  assert.deepEqual(runInto(results, '--', slow).outcomes, ['bad failed', 'slow passed'])
})

test('flags choose among tests', () => {
  assert.deepEqual(run('--test-name-pattern=other', '--', good), { status: 0, outcomes: ['other passed'] })
})

test('flags are handed on as they were given, apart from paths, and one that is not known is refused', () => {
  const parsed = parseTestArguments(['graph', '--test-name-pattern', 'graph', '--test-only', '--test-name-pattern=b'])
  assert.deepEqual(parsed.positionals, ['graph'])
  assert.deepEqual(flagsOf(parsed), ['--test-name-pattern=graph', '--test-name-pattern=b', '--test-only'])
  assert.equal(refusedTestArguments(['graph']), null)
  assert.match(refusedTestArguments(['--watch']) ?? '', /Unknown option '--watch'\. Expected paths .*--test-only/)
})
