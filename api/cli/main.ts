/** The command line: composes the project's parts, and loads only those that a command needs. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { defaultCluster, version } from './config.ts'
import { asCalled, bearLostReaders, forTerminal, UsageError } from './output.ts'

const whole = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number.')
}
const gathered = (text: string, before: readonly string[]): string[] => [...before, text]
const names = (text: string): string[] => text.split(',').filter((name) => name !== '')

const program = new Command('aitia')
  .description(
    "Why is this Kubernetes workload broken? From the kernel's events to the workload, with evidence for every hop.",
  )
  .version(version, '-V, --version', 'print the version')
  .option('--json', 'print results as JSON; times are µs since the epoch, failures stay text on standard error')
  .option('-c, --cluster <name>', 'the cluster that is meant', defaultCluster)
  .helpOption('-h, --help', 'show help')
  .helpCommand(false)
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(--help shows what is expected)')
  .exitOverride()

/** The options of a command and those of the program; the action's own arguments come first. */
const run =
  (work: (...args: never[]) => Promise<void>) =>
  async (...args: unknown[]): Promise<void> => {
    const command = args.at(-1) as Command
    await work(...([...args.slice(0, -2), command.optsWithGlobals()] as never[]))
  }

/** What runs, judges or explains by patterns takes a user's own the same way. */
const withPatterns = (command: Command): Command =>
  command.option(
    '--patterns <dir>',
    'a further folder of patterns, beside AITIA_PATTERNS (may be given again)',
    gathered,
    [],
  )

withPatterns(program.command('up'))
  .description('run everything on this machine: Neo4j, Redis, worker, correlator, API and agent')
  .option('--replay <file>', 'replay a recording, wait until the patterns have concluded all of it, and explain that')
  .option('--exit', 'stop everything after the replay; the exit code is 0 only if all was concluded, and as expected')
  .option('--collectors <names>', 'run only these collectors, separated by commas', names)
  .addOption(new Option('--refuse-only', 'only say what is wrong with what is asked').hideHelp())
  .action(run(async (options) => (await import('./commands/up.ts')).up(options)))

program
  .command('agent')
  .description('watch this machine, and the cluster that KUBECONFIG names, and send what is seen to the queue')
  .option('--collectors <names>', 'run only these collectors, separated by commas', names)
  .action(run(async (options) => (await import('./commands/roles.ts')).agent(options)))

program
  .command('worker')
  .description('write what is queued into the graph')
  .action(run(async () => (await import('./commands/roles.ts')).worker()))

withPatterns(program.command('correlate'))
  .description('run the patterns on what is new in the graph')
  .action(run(async (options) => (await import('./commands/roles.ts')).correlate(options)))

withPatterns(program.command('api'))
  .description('serve GraphQL on loopback (AITIA_API_HOST, AITIA_API_PORT)')
  .option('--explore', 'serve GraphiQL and allow introspection')
  .action(run(async (options) => (await import('./commands/roles.ts')).api(options)))

program
  .command('why')
  .description('explain why a workload is broken')
  .argument('<kind/name>', 'such as deployment/checkout, sts/db, pod/x, service/x')
  .option('-n, --namespace <name>', 'its namespace', 'default')
  .option('--at <time>', 'as of a time: 14:02, 2026-11-24T14:02:10Z, -2h (default: now, or the end of a recording)')
  .option('--known <time>', 'with what was known by a time (default: all)')
  .option('--since <time>', 'look back to a time (default: a day)')
  .action(run(async (target, options) => (await import('./commands/why.ts')).why(target, options)))

const AT = '--at <time>'
const NOW = '(default: now, or the end of a recording)'
const known = (command: Command): Command =>
  command.option('--known <time>', 'with what was known by a time (default: all)')
const asOf = (command: Command): Command =>
  known(
    command
      .option('-n, --namespace <name>', 'its namespace', 'default')
      .option(AT, `as of a time: 14:02, 2026-11-24T14:02:10Z, -2h ${NOW}`),
  )
const sized = (command: Command): Command =>
  command
    .option('--depth <steps>', 'as many steps away at most, 1 to 8', whole, 8)
    .option('--first <count>', 'as many objects at most, 1 to 2000', whole, 500)
const example = (command: Command, line: string): Command => command.addHelpText('after', `\nExample:\n  ${line}`)
const target = ['<kind/name>', 'such as deployment/checkout, pod/x, service/x, node/x'] as const

example(
  sized(asOf(program.command('topology').description('objects and relations around one, or of a namespace'))),
  'aitia topology deployment/checkout -n shop --at 14:02',
)
  .argument('[kind/name]', 'the whole namespace unless given')
  .action(run(async (it, options) => (await import('./commands/as-of.ts')).topology(it, options)))

example(
  asOf(program.command('workload').description('a workload with its pods, containers, Services and events')),
  'aitia workload deployment/checkout -n shop --at -2h',
)
  .argument(...target)
  .action(run(async (it, options) => (await import('./commands/as-of.ts')).workload(it, options)))

example(
  asOf(program.command('owners').description('the owner chain of an object')),
  'aitia owners pod/checkout-7d9-1 -n shop --at 14:02',
)
  .argument(...target)
  .action(run(async (it, options) => (await import('./commands/as-of.ts')).owners(it, options)))

example(
  sized(asOf(program.command('dependencies').description('all that an object relies on, and through what'))),
  'aitia dependencies deployment/checkout -n shop',
)
  .argument(...target)
  .action(run(async (it, options) => (await import('./commands/as-of.ts')).dependencies(it, options)))

example(
  sized(asOf(program.command('dependents').description('all that suffers where an object is broken'))),
  'aitia dependents node/node-1 --at 14:02',
)
  .argument(...target)
  .action(run(async (it, options) => (await import('./commands/as-of.ts')).dependents(it, options)))

example(
  known(program.command('who-had').description('who held an IP address')),
  'aitia who-had 10.244.1.7 --at 14:02:10',
)
  .argument('<ip>', 'IPv4 or IPv6')
  .option(AT, `as of a time ${NOW}`)
  .action(run(async (ip, options) => (await import('./commands/as-of.ts')).whoHad(ip, options)))

example(
  known(program.command('changes').description('what changed of an object: fields, relations, events')),
  'aitia changes deployment/checkout -n shop --from 13:30 --to 14:05 --around',
)
  .argument(...target)
  .option('-n, --namespace <name>', 'its namespace', 'default')
  .requiredOption('--from <time>', 'begin of the window')
  .option('--to <time>', `its end ${NOW}`)
  .option('--around', 'also of what it relies on: its pods, and what they use')
  .option('--first <count>', 'the newest so many, 1 to 1000', whole, 200)
  .action(run(async (it, options) => (await import('./commands/as-of.ts')).changes(it, options)))

example(
  asOf(program.command('events').description('events of an object, its pods and their containers')),
  'aitia events deployment/checkout -n shop --since 13:30',
)
  .argument(...target)
  .option('--since <time>', 'from a time on (default: a day)')
  .option('--first <count>', 'the newest so many, 1 to 1000', whole, 100)
  .action(run(async (it, options) => (await import('./commands/as-of.ts')).events(it, options)))

program
  .command('incidents')
  .description('list incidents, or show one with each occurrence and its evidence')
  .argument('[id]', 'an incident')
  .option('-n, --namespace <name>', 'only of a namespace')
  .option('--workload <kind/name>', 'only of a top owner, such as deployment/checkout; a bare name may be of any kind')
  .option('--pattern <id>', 'only of a pattern')
  .addOption(new Option('--status <status>', 'only with a status').choices(['waiting', 'provisional', 'final']))
  .option('--since <time>', 'only those that happened since a time')
  .option('--first <count>', 'as many at most', whole, 20)
  .option('--after <cursor>', 'go on after a page')
  .action(run(async (id, options) => (await import('./commands/incidents.ts')).incidents(id, options)))

program
  .command('record')
  .description('export an incident or a window as a recording')
  .option('--incident <id>', 'an incident with all that it rests on')
  .option('--from <time>', 'begin of a window of the whole cluster')
  .option('--to <time>', 'its end (default: now)')
  .option('-o, --output <file>', 'write to a file instead of standard output')
  .action(run(async (options) => (await import('./commands/record.ts')).record(options)))

withPatterns(program.command('replay'))
  .description('put a recording through the queue, under a cluster name that comes from its content')
  .argument('<file>', 'a recording or a case, JSON or YAML')
  .option(
    '--wait <seconds>',
    'wait until the patterns have concluded all of it, and explain that; the exit code is 0 only if they have, and as it expects',
    whole,
  )
  .option('--remove', 'take away what an earlier replay of it left in the graph: it stays until then')
  .action(run(async (file, options) => (await import('./commands/replay.ts')).replay(file, options)))

const patterns = program.command('patterns').description('the patterns that are looked for')
withPatterns(patterns.command('list').description('list them, with what each has found')).action(
  run(async (options) => (await import('./commands/patterns.ts')).patternsList(options)),
)
withPatterns(patterns.command('show').description('show one').argument('<id>'))
  .option('--browser', 'its Cypher with the parameters that draw the newest occurrences in Neo4j Browser')
  .action(run(async (id, options) => (await import('./commands/patterns.ts')).patternsShow(id, options)))
withPatterns(patterns.command('lint').description('judge their Cypher on a real server').argument('[ids...]')).action(
  run(async (ids, options) => (await import('./commands/patterns.ts')).patternsLint(ids, options)),
)
withPatterns(patterns.command('test').description('run their cases on the graph').argument('[ids...]')).action(
  run(async (ids, options) => (await import('./commands/patterns.ts')).patternsTest(ids, options)),
)

program
  .command('doctor')
  .description(
    'say what works here, what does not, and what that costs; the exit code is 1 where something is missing that was asked for',
  )
  .option('--unpin', 'let go of what an agent with this AITIA_DATA left at work in the kernel')
  .option('--all', 'with --unpin: let go of what agents of other data folders left, too')
  .option('--redrive', 'put jobs that could not be written back into their lanes')
  .action(run(async (options) => (await import('./commands/doctor.ts')).doctor(options)))

const schema = program.command('schema').description('constraints and indexes of the graph')
schema
  .command('apply')
  .description('make those that are missing')
  .action(run(async (options) => (await import('./commands/schema.ts')).schemaApply(options)))
schema
  .command('show')
  .description('print them, and what the graph has of them')
  .action(run(async (options) => (await import('./commands/schema.ts')).schemaShow(options)))

bearLostReaders()

const SUCCESS = 0
const FAILED = 1
const USAGE = 2

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? SUCCESS : USAGE
  else {
    console.error(forTerminal(asCalled(error instanceof Error ? error.message : String(error))))
    process.exitCode = error instanceof UsageError ? USAGE : FAILED
  }
}
