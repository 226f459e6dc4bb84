/** `npm test [-- PATH... | --test-...]`: checks, then all tests (or those below the given paths) on real servers. */
import { closeSync, existsSync, globSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { check } from './check.ts'
import { INTERRUPTED, run } from './child.ts'
import { dim, green, red, yellow } from './colour.ts'
import { ci, root } from './config.ts'
import { SHORT_LIVED } from './neo4j.ts'
import { asStarted } from './steps/compiled-code.ts'
import { flagsOf, parseTestArguments } from './test-flags.ts'
import type { Outcome } from './test-report.ts'
import { isRight, thisMachine } from './test-skips.ts'
import { withServers } from './with-servers.ts'

/**
 * In this order, files of a folder by their names: what needs no Kubernetes comes first, while that is built on a machine that has
 * none yet, and the longest of the rest next, so that none of them is alone at the end.
 */
const folders = ['graph', 'queries', 'api', 'deploy', 'test', 'agent']
/** Ten minutes that it mostly waits: beside all others, once Kubernetes is there, instead of in the place of one. */
const aside = 'test/system/chain.test.ts'
/** Of this run alone while it goes: another may be under way on the same clone. The last to end leaves its own under the common name. */
const results = join(root, '.aitia', `test-results.${process.pid}.jsonl`)
const left = join(root, '.aitia', 'test-results.jsonl')

/** Resolves with 0 only if tests ran and none failed. Checks run only with the whole set. `around` gives the servers that all files share. */
export async function test(args: string[], around: typeof withServers = withServers): Promise<number> {
  const asked = parseTestArguments(args)
  const paths = asked.positionals
  const files = filesBelow(paths)
  if (files.length === 0) {
    console.error(`No test file (*.test.ts) is below ${paths.join(', ') || folders.join(', ')}.`)
    return 2
  }
  // it says itself why it can not be built, and then its tests are skipped with that reason
  const kubernetes = paths.length > 0 ? undefined : run([join(root, 'test', 'cluster', 'main.ts'), 'build'])
  const checked = paths.length > 0 || (await check([])) === 0
  if ((await Promise.race([kubernetes, 0])) === INTERRUPTED) return INTERRUPTED
  rmSync(results, { force: true })
  const runFiles = (chosen: string[], environment: NodeJS.ProcessEnv, output?: number) => {
    const script = join(import.meta.dirname, 'test-files.ts')
    // as `aitia` does for its own: most of what a test file takes to start is to compile it
    return run([script, results, ...flagsOf(asked), '--', ...chosen], { ...environment, ...asStarted }, output)
  }
  const code = await around(async (environment) => {
    if (kubernetes === undefined) return runFiles(files, environment)
    const codes = await Promise.all([
      runFiles(
        files.filter((file) => file !== aside),
        environment,
      ),
      kubernetes.then((built) =>
        built === INTERRUPTED ? built : shownAtItsEnd((output) => runFiles([aside], environment, output)),
      ),
    ])
    return codes.find((it) => it !== 0) ?? 0
  }, SHORT_LIVED)
  return sumUp(code, checked, (await kubernetes) === 0)
}

function filesBelow(paths: string[]): string[] {
  const all = folders.flatMap((folder) =>
    globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: ['**/node_modules'] }).sort(),
  )
  const wanted = paths.map((path) => relative(root, resolve(path)))
  const below = (file: string) => wanted.some((path) => path === '' || file === path || file.startsWith(`${path}/`))
  return all.filter((file) => wanted.length === 0 || below(file))
}

/** Shown once it has ended: nobody could read the lines of two runs between each other. */
async function shownAtItsEnd(work: (output: number) => Promise<number>): Promise<number> {
  const file = join(root, '.aitia', `test-output.${process.pid}.txt`)
  const output = openSync(file, 'w', 0o600)
  try {
    return await work(output)
  } finally {
    closeSync(output)
    process.stdout.write(readFileSync(file))
    rmSync(file)
  }
}

function sumUp(code: number, checked: boolean, kubernetesBuilt: boolean): number {
  const lines = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : []
  if (existsSync(results)) renameSync(results, left)
  const outcomes = lines.filter(Boolean).map((line) => JSON.parse(line) as Outcome)
  const of = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result)
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')]
  const show = (outcome: Outcome) => `  ${outcome.file}: ${outcome.name}: ${firstLine(outcome.reason)}`
  console.log('')
  for (const outcome of failed) console.log(`${red('failed')}${show(outcome)}`)
  const machine = ci && skipped.length > 0 ? thisMachine(kubernetesBuilt) : null
  const wrong = machine === null ? [] : skipped.filter((outcome) => !isRight(outcome, machine))
  for (const outcome of skipped) console.log(`${(wrong.includes(outcome) ? red : yellow)('skipped')}${show(outcome)}`)
  const problems = [
    ...(checked ? [] : ['the checks failed (above)']),
    ...(code !== 0 && failed.length === 0 ? [`the test runner ended with exit code ${code}`] : []),
    ...(passed.length + failed.length === 0 ? ['no test ran'] : []),
    ...(wrong.length > 0
      ? [`skipped though this machine lacks nothing that they name: ${wrong.length} (above, in red)`]
      : []),
  ]
  for (const problem of problems) console.log(red(problem))
  console.log(dim(`Each outcome: ${relative(root, left)}`))
  const bad = failed.length > 0 || problems.length > 0
  console.log((bad ? red : green)(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`))
  return bad ? code || 1 : 0
}

const firstLine = (text = 'no reason given') => text.trim().split('\n')[0]
