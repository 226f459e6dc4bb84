/** Runs a pattern's cases on a real graph: each under a cluster name of its own, which is removed after. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { clocks, loadRecording, removeCluster } from '../../graph/ingest/main.ts'
import { CASE_PREFIX, isOfCase } from '../../graph/model/cluster-name.ts'
import { readDocument } from '../../graph/model/document.ts'
import type { Recording } from '../../graph/model/recording.ts'
import { MINUTE, now } from '../../graph/model/time.ts'
import type { Store } from '../../graph/store/main.ts'
import { scopeOf } from './conclusion.ts'
import { runPattern } from './correlator.ts'
import { compare, type Outcome } from './expectation.ts'
import type { Pattern } from './pattern.ts'
import { applyEngineSchema, statement } from './statements.ts'

/** How one case came out. */
export interface CaseReport {
  /** File name without its ending. */
  readonly name: string
  readonly title: string
  readonly passed: boolean
  /** What was got and what was expected, where they differ. */
  readonly problems: readonly string[]
}

/** The cases of a pattern, by file name. Throws where one can't be read. */
export const casesOf = (pattern: Pattern): { readonly name: string; readonly recording: Recording }[] => {
  const folder = join(pattern.folder, 'cases')
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /\.(ya?ml|json)$/.test(file)) : []
  return files.sort().map((file) => ({
    name: basename(file).replace(/\.\w+$/, ''),
    recording: readDocument(readFileSync(join(folder, file), 'utf8'), join(folder, file)),
  }))
}

/** What a pattern has concluded in a cluster. */
export const outcomesOf = (store: Store, cluster: string, pattern: Pattern): Promise<Outcome[]> =>
  store.read<Outcome>(statement('case-occurrences'), { scope: scopeOf(cluster, pattern) })

/** Loads one case, runs the pattern on it, compares, and takes it away again. Gives what differs. */
export const testCase = async (store: Store, pattern: Pattern, recording: Recording): Promise<string[]> => {
  const expected = (recording.expect ?? []).filter((each) => each.pattern === pattern.id)
  if (expected.length === 0) {
    const others = [...new Set((recording.expect ?? []).map((each) => each.pattern))]
    return others.length === 0
      ? [`it expects nothing: say what of ${pattern.id}, if only silence, under \`expect\``]
      : [`its \`expect\` names ${others.join(', ')}, expected ${pattern.id}`]
  }
  const cluster = `${CASE_PREFIX}${pattern.id}-${randomBytes(6).toString('hex')}`
  try {
    await loadRecording(store, recording, cluster)
    await runPattern(store, cluster, pattern)
    return compare(expected, await outcomesOf(store, cluster, pattern))
  } finally {
    await removeCluster(store, cluster)
  }
}

/** µs after the last write into a case from which on the run that made it is gone: a case takes seconds. */
const GONE = 60 * MINUTE

/** Takes away the cases of runs that were killed. One that is under way, here or on another machine, keeps its own. */
export const removeLeftCases = async (store: Store): Promise<void> => {
  const before = now() - GONE
  for (const { cluster, recordedAt } of await clocks(store))
    if (isOfCase(cluster) && recordedAt < before) await removeCluster(store, cluster)
}

/** Runs the cases of a pattern, one after the other, until `isOver` says so before one of them. */
export const testPattern = async (
  store: Store,
  pattern: Pattern,
  isOver: () => boolean = () => false,
): Promise<CaseReport[]> => {
  await applyEngineSchema(store, [pattern])
  const reports: CaseReport[] = []
  for (const { name, recording } of casesOf(pattern)) {
    if (isOver()) break
    const problems = await testCase(store, pattern, recording)
    reports.push({ name, title: recording.title, passed: problems.length === 0, problems })
  }
  return reports
}
