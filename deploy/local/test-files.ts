/**
 * `test-files.ts RESULTS [FLAGS] -- FILES`: runs test files in their order, which `node --test` would sort, and adds their outcomes to
 * RESULTS; ends with 0 if none failed.
 */
import { createWriteStream } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseTestArguments } from './test-flags.ts'
import report from './test-report.ts'

// A test that hangs must not hold a machine for hours; waiting for Kubernetes to be built takes about ten minutes.
const hangLimit = 20 * 60_000

const { values, positionals } = parseTestArguments(process.argv.slice(2))
const [results, ...files] = positionals as [string, ...string[]]
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort())

const outcomes = run({
  files,
  concurrency: 2,
  timeout: hangLimit,
  signal: interrupted.signal,
  only: values['test-only'] ?? false,
  testNamePatterns: values['test-name-pattern'] ?? [],
  testSkipPatterns: values['test-skip-pattern'] ?? [],
})
outcomes.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1
})
outcomes.compose(report).pipe(createWriteStream(results, { flags: 'a' }))
outcomes.compose(new spec()).pipe(process.stdout)
