/** `npm test [-- PATH... | --test-...]`: checks, then all tests (or those below the given paths) on real servers. */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { check } from './check.ts'
import { run } from './child.ts'
import { dim, green, red, yellow } from './colour.ts'
import { ci, isRoot, root } from './config.ts'
import type { Outcome } from './test-report.ts'
import { withServers } from './with-servers.ts'

const folders = ['agent', 'graph', 'queries', 'api', 'deploy', 'test']
/** Of this run alone while it goes: another may be under way on the same clone. The last to end leaves its own under the common name. */
const results = join(root, '.aitia', `test-results.${process.pid}.jsonl`)
const left = join(root, '.aitia', 'test-results.jsonl')
// A test that hangs must not hold a machine for hours; building Kubernetes inside one takes about eight minutes.
const hangLimit = 20 * 60_000

/** Resolves with 0 only if tests ran and none failed. Checks run only with the whole set. */
export async function test(args: string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith('-'))
  const paths = args.filter((arg) => !arg.startsWith('-'))
  const files = filesBelow(paths)
  if (files.length === 0) {
    console.error(`No test file (*.test.ts) is below ${paths.join(', ') || folders.join(', ')}.`)
    return 2
  }
  const checked = paths.length > 0 || (await check([])) === 0
  rmSync(results, { force: true })
  const code = await withServers((environment) => {
    const runner = ['--test', '--test-concurrency=2', `--test-timeout=${hangLimit}`, ...flags]
    const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout']
    const ours = [
      `--test-reporter=${join(import.meta.dirname, 'test-report.ts')}`,
      `--test-reporter-destination=${results}`,
    ]
    return run([...runner, ...spec, ...ours, ...files], environment)
  })
  return sumUp(code, checked)
}

function filesBelow(paths: string[]): string[] {
  const all = folders.flatMap((folder) =>
    globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: ['**/node_modules'] }),
  )
  const wanted = paths.map((path) => relative(root, resolve(path)))
  const below = (file: string) => wanted.some((path) => path === '' || file === path || file.startsWith(`${path}/`))
  return all.filter((file) => wanted.length === 0 || below(file)).sort()
}

function sumUp(code: number, checked: boolean): number {
  const lines = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : []
  if (existsSync(results)) renameSync(results, left)
  const outcomes = lines.filter(Boolean).map((line) => JSON.parse(line) as Outcome)
  const of = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result)
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')]
  const show = (outcome: Outcome) => `  ${outcome.file}: ${outcome.name}: ${firstLine(outcome.reason)}`
  console.log('')
  for (const outcome of failed) console.log(`${red('failed')}${show(outcome)}`)
  for (const outcome of skipped) console.log(`${yellow('skipped')}${show(outcome)}`)
  const problems = [
    ...(checked ? [] : ['the checks failed (above)']),
    ...(code !== 0 && failed.length === 0 ? [`the test runner ended with exit code ${code}`] : []),
    ...(passed.length + failed.length === 0 ? ['no test ran'] : []),
    ...(ci && skipped.length > 0 && completeMachine()
      ? ['this machine has root, Go and BTF, so nothing may be skipped']
      : []),
  ]
  for (const problem of problems) console.log(red(problem))
  console.log(dim(`Each outcome: ${relative(root, left)}`))
  const bad = failed.length > 0 || problems.length > 0
  console.log((bad ? red : green)(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`))
  return bad ? code || 1 : 0
}

const firstLine = (text = 'no reason given') => text.trim().split('\n')[0]

/** A machine that can run everything: there a skip hides something. */
function completeMachine(): boolean {
  const go = spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0
  return isRoot && go && existsSync('/sys/kernel/btf/vmlinux')
}
