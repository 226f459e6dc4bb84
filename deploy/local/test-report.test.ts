import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { environment } from './config.ts'
import { runTool } from './run-tool.ts'
import type { Outcome } from './test-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-report-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('each test is one outcome; a skipped suite is one skip with its reason; a file that throws is a failure', async () => {
  const imports = "import { describe, test } from 'node:test'\n"
  writeFileSync(
    join(folder, 'a.test.mjs'),
    `${imports}
    test('good', () => {})
    test('bad', () => { throw new Error('got 1, expected 2') })
    test('later', { skip: 'no BTF here' }, () => {})
    describe('suite', () => { test('inner', () => {}) })
    describe('left out', { skip: 'no Go here' }, () => { test('never', () => {}) })`,
  )
  writeFileSync(join(folder, 'b.test.mjs'), "throw new Error('broken file')")
  const results = join(folder, 'results.jsonl')
  const reporter = [`--test-reporter=${join(import.meta.dirname, 'test-report.ts')}`]
  const files = ['a', 'b'].map((name) => join(folder, `${name}.test.mjs`))
  const env = { ...environment, NODE_TEST_CONTEXT: undefined }
  await assert.rejects(
    runTool(process.execPath, ['--test', ...reporter, `--test-reporter-destination=${results}`, ...files], { env }),
  )
  const outcomes = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome)
  const seen = outcomes.map(({ name, result, reason }) => [name.split('/').pop(), result, reason])
  assert.deepEqual(seen.filter(([name]) => name !== 'b.test.mjs').sort(), [
    ['bad', 'failed', 'got 1, expected 2'],
    ['good', 'passed', undefined],
    ['inner', 'passed', undefined],
    ['later', 'skipped', 'no BTF here'],
    ['left out', 'skipped', 'no Go here'],
  ])
  assert.equal(seen.find(([name]) => name === 'b.test.mjs')?.[1], 'failed')
})
