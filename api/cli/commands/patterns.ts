/** `aitia patterns list|show|lint|test`. */
import { constants } from 'node:os'
import type { Pattern } from '../../../queries/engine/main.ts'
import { ink, patternDirs, untilAsked, withStore } from '../open.ts'
import { Failure, print, say, UsageError } from '../output.ts'
import { columns } from '../render/columns.ts'

export interface PatternsOptions {
  /** Further folders of patterns. */
  readonly patterns: readonly string[]
  readonly cluster: string
  readonly json?: true
}

const engine = () => import('../../../queries/engine/main.ts')

const load = async ({ patterns }: PatternsOptions): Promise<Pattern[]> => {
  const { loadPatterns } = await engine()
  return loadPatterns(await patternDirs(patterns))
}

const chosen = async (ids: readonly string[], options: PatternsOptions): Promise<Pattern[]> => {
  const all = await load(options)
  if (ids.length === 0) return all
  return ids.map((id) => {
    const pattern = all.find((it) => it.id === id)
    if (pattern === undefined)
      throw new UsageError(`no pattern ${id}, expected one of ${all.map((it) => it.id).join(', ')}`)
    return pattern
  })
}

/** The patterns, and what each has concluded. They are files: a graph that is away is told, and leaves only that unknown. */
export const patternsList = async (options: PatternsOptions): Promise<void> => {
  const { reads, clock, colour } = await ink()
  const all = await load(options)
  const work = await withStore((store) => reads.patternWork(store, options.cluster)).catch((error: Error) => {
    say(error.message)
    return null
  })
  const list = all.map(({ id, title, anchor, steps, folder }) => ({
    ...{ id, title, anchor, folder },
    steps: steps.map((step) => step.event),
    work: work === null ? ('unknown' as const) : (work.find((it) => it.pattern === id) ?? null),
  }))
  print(options.json === true, list, (patterns) => {
    const rows = patterns.map(({ id, title, steps, work: done }) => [
      id,
      title,
      steps.join(' > '),
      done === 'unknown'
        ? done
        : done === null
          ? '-'
          : `${done.occurrences}, ${done.open} open, last ${clock.at(done.lastAt)} ${clock.zone(done.lastAt)}`,
    ])
    const [head, ...lines] = columns([['PATTERN', 'TITLE', 'STEPS', `FOUND IN ${options.cluster}`], ...rows])
    return [colour.bold(head!), ...lines].join('\n')
  })
}

/** What a pattern says of itself; with `browser` the parameters under which its Cypher draws the chain in Neo4j Browser. */
export const patternsShow = async (
  id: string,
  options: PatternsOptions & { readonly browser?: true },
): Promise<void> => {
  const [pattern] = await chosen([id], options)
  const { parametersOf } = await engine()
  const { reads } = await ink()
  const { cypher, folder, ...told } = pattern!
  if (options.browser !== true) {
    print(options.json === true, { ...told, folder, cypher }, () =>
      [`${told.title} (${id}), in ${folder}`, '', cypher.trimEnd()].join('\n'),
    )
    return
  }
  const anchors = await withStore(async (store) => {
    const page = await reads.incidents(store, options.cluster, { pattern: id }, { first: 20 })
    const pages = await Promise.all(page.items.map((it) => reads.occurrences(store, it.id, { first: 5 })))
    return pages.flatMap((it) => it.items.map((occurrence) => occurrence.anchorId))
  })
  const asked = { anchors, cluster: options.cluster, known: reads.KNOWN_NOW, without: [] }
  const parameters = parametersOf(pattern!, asked)
  print(options.json === true, { parameters, cypher }, () =>
    [
      ...Object.entries(parameters).map(([name, value]) => `:param ${name} => ${cypherOf(value)};`),
      cypher.trimEnd(),
    ].join('\n'),
  )
}

/** A value as Cypher writes it: JSON, but for the names of a map. */
const cypherOf = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(cypherOf).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, member]) => `${name}: ${cypherOf(member)}`)
      .join(', ')}}`
  return JSON.stringify(value)
}

/** Judges the Cypher of patterns by its text and by the plan of a real server. */
export const patternsLint = async (ids: readonly string[], options: PatternsOptions): Promise<void> => {
  const { lintPattern } = await engine()
  const patterns = await chosen(ids, options)
  const found = await withStore((store) =>
    Promise.all(patterns.map(async (pattern) => ({ id: pattern.id, problems: await lintPattern(store, pattern) }))),
  )
  print(options.json === true, found, (all) =>
    all
      .map(({ id, problems }) => (problems.length === 0 ? `${id}: sound` : `${id}:\n  ${problems.join('\n  ')}`))
      .join('\n'),
  )
  if (found.some(({ problems }) => problems.length > 0)) process.exitCode = 1
}

/** Runs the cases of patterns on the graph, each under a cluster name of its own. Asked to end, it takes away the case that runs. */
export const patternsTest = async (ids: readonly string[], options: PatternsOptions): Promise<void> => {
  const { removeLeftCases, testPattern } = await engine()
  const { applySchema } = await import('../../../graph/store/main.ts')
  const patterns = await chosen(ids, options)
  const asked: NodeJS.Signals[] = []
  void untilAsked().then((signal) => {
    asked.push(signal)
    say(`${signal}: ending after the case that runs; Ctrl-C again leaves it in the graph`)
  })
  const reports = await withStore(async (store) => {
    await applySchema(store)
    await removeLeftCases(store)
    const done: {
      readonly pattern: string
      readonly name: string
      readonly passed: boolean
      readonly problems: readonly string[]
    }[] = []
    for (const pattern of patterns)
      for (const report of await testPattern(store, pattern, () => asked.length > 0))
        done.push({ pattern: pattern.id, ...report })
    return done
  })
  if (asked[0] !== undefined) {
    process.exitCode = 128 + constants.signals[asked[0]]
    return
  }
  if (reports.length === 0)
    throw new Failure(
      `got no case of ${patterns.map(({ id }) => id).join(', ')}, expected some in cases/*.yaml of its folder: write one`,
    )
  const failed = reports.filter((report) => !report.passed).length
  print(options.json === true, reports, (all) =>
    [
      ...all.map(({ pattern, name, passed, problems }) =>
        [`${passed ? 'ok    ' : 'FAILED'} ${pattern}/${name}`, ...problems.map((problem) => `       ${problem}`)].join(
          '\n',
        ),
      ),
      `${all.length - failed} of ${all.length} cases passed`,
    ].join('\n'),
  )
  if (failed > 0) process.exitCode = 1
}
