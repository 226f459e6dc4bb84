/** `npm start | test | run test:vm | bench | check | generate`: the verbs of the set-up, on Node 24. bootstrap.mjs calls this. */
import { join } from 'node:path'
import { check } from './check.ts'
import { run } from './child.ts'
import { givenNeo4j, givenRedisUrl, root } from './config.ts'
import { generators } from './generators.ts'
import { type Step, setUp } from './set-up.ts'
import { asStarted, compiledCode } from './steps/compiled-code.ts'
import {
  debianPackages,
  debianPackagesForCluster,
  debianPackagesForMachine,
  debianPackagesForNeo4j,
  debianPackagesForRedis,
} from './steps/debian.ts'
import { addon, kernelPrograms } from './steps/native.ts'
import { neo4jJars, neo4jStartImage } from './steps/neo4j.ts'
import { refusedTestArguments } from './test-flags.ts'
import { test } from './test-run.ts'
import { withServers } from './with-servers.ts'

const ofNeo4j: Step[] = [debianPackagesForNeo4j, neo4jJars]
const ofRedis: Step[] = [debianPackagesForRedis]
const built: Step[] = [kernelPrograms, addon, compiledCode]

/** Who names servers of their own needs no others. */
const without = (steps: Step[], given: unknown, variable: string): Step[] =>
  given === undefined ? steps : steps.map((step) => ({ ...step, needless: `${variable} is set` }))
const toRun: Step[] = [
  debianPackages,
  ...without(ofNeo4j, givenNeo4j, 'AITIA_NEO4J_URI'),
  ...without(ofRedis, givenRedisUrl, 'AITIA_REDIS_URL'),
  ...built,
]
/** Tests start servers to kill them, also where others are named. */
const toTest: Step[] = [debianPackages, ...ofNeo4j, ...ofRedis, ...built, debianPackagesForCluster, neo4jStartImage]

/** Sets everything up and hands over to the CLI, which replays a real incident, explains it and keeps watching. */
async function start(args: string[]): Promise<number> {
  const recording = join(root, 'test', 'recordings', 'container-oom.json')
  const up = (...more: string[]) =>
    run([join(root, 'api', 'cli', 'main.ts'), 'up', '--replay', recording, ...more, ...args], {
      AITIA_CALLED_AS: './aitia',
      ...asStarted,
    })
  // What is only to be read needs no set-up, and nobody should wait for one to learn of a wrong word.
  if (args.some((arg) => ['-h', '--help', '-V', '--version'].includes(arg))) return up()
  const refused = await up('--refuse-only')
  if (refused !== 0) return refused
  await setUp(toRun)
  return up()
}

async function bench(args: string[]): Promise<number> {
  await setUp(toTest)
  return withServers((environment) => run([join(root, 'test', 'bench', 'main.ts'), ...args], environment))
}

async function generate(args: string[]): Promise<number> {
  for (const generator of generators) {
    const code = await run([generator, ...args])
    if (code !== 0) return code
  }
  return 0
}

const testing = (steps: Step[], work: (args: string[]) => Promise<number>) => async (args: string[]) => {
  const refused = refusedTestArguments(args)
  if (refused !== null) {
    console.error(refused)
    return 2
  }
  await setUp(steps)
  return work(args)
}

const verbs: Record<string, (args: string[]) => Promise<number>> = {
  start,
  test: testing(toTest, (args) => test(args)),
  // what is set up here is there in the machine, which can't fetch anything
  'test:vm': testing([...toTest, debianPackagesForMachine], (args) =>
    run([join(root, 'test', 'vm', 'main.ts'), ...args]),
  ),
  bench,
  check,
  generate,
}

// Who reads may go before what was begun has ended in order: `head`, or `tee` by the same Ctrl-C.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const [verb = '', ...args] = process.argv.slice(2)
const work = verbs[verb]
if (work) {
  process.exitCode = await work(args)
} else {
  console.error(`Got the verb '${verb}'; expected one of ${Object.keys(verbs).join(', ')}.`)
  process.exitCode = 2
}
