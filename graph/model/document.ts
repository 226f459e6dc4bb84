/**
 * Reads a recording or a pattern's case: one format, JSON or YAML, whole observations as an agent sends them or short ones
 * as a person writes them. What comes out is whole, with absolute times, in the order of arrival.
 * docs/recordings.md shows one and tells of each key.
 */
import { isMap, LineCounter, parseDocument } from 'yaml'
import type { K8sContext } from './context.ts'
import { type Note, observationOf, type Surroundings } from './document/observations.ts'
import { timeOf } from './document/times.ts'
import type { HeartbeatObservation, Observation } from './observation.ts'
import { type Expectation, RECORDING_VERSION, type RecordedObservation, type Recording } from './recording.ts'
import { fromRfc3339 } from './time.ts'
import { problemsOf, problemsOfContext } from './validate.ts'

const START = '2026-01-01T10:00:00Z'
const RESULTS = ['incident', 'near-miss', 'silence']

type Raw = Readonly<Record<string, unknown>>

/** Parses JSON or YAML; `lineOf` tells where an observation is written, where that is known. */
const parse = (text: string, name: string): { raw: unknown; lineOf: (path: (string | number)[]) => string } => {
  if (text.trimStart().startsWith('{')) {
    try {
      return { raw: JSON.parse(text), lineOf: (path) => `${name}: ${path.join('.')}` }
    } catch (error) {
      throw new Error(`${name}: expected JSON: ${error instanceof Error ? error.message : error}`)
    }
  }
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: true })
  const [error] = document.errors
  if (error) throw new Error(`${name}: expected YAML: ${error.message}`)
  if (!isMap(document.contents)) throw new Error(`${name}: expected a map with title and observations`)
  const lineOf = (path: (string | number)[]): string => {
    const node = document.getIn(path, true) as { range?: [number] } | undefined
    return node?.range
      ? `${name}:${counter.linePos(node.range[0]).line}: ${path.join('.')}`
      : `${name}: ${path.join('.')}`
  }
  return { raw: document.toJS({ maxAliasCount: 1000 }), lineOf }
}

const NAMES = new Set([
  '$schema',
  'format',
  'version',
  'title',
  'start',
  'host',
  'contexts',
  'coverage',
  'observations',
  'expect',
])

const startOf = (raw: Raw): number => {
  const given = raw.start ?? START
  if (typeof given === 'number' && Number.isSafeInteger(given)) return given
  const time = fromRfc3339(String(given))
  if (time === null) throw new Error(`start: got ${JSON.stringify(given)}, expected RFC 3339 or µs since the epoch`)
  return time
}

const contextOf = (raw: Raw): K8sContext => {
  const context = { labels: {}, annotations: {}, owners: [], ...raw }
  const problems = problemsOfContext(context)
  if (problems.length > 0) throw new Error(problems.join('; '))
  return context as unknown as K8sContext
}

/** When an observation can have reached the queue, if it does not say so. */
const seenAt = (observation: Observation): number => {
  if (observation.type === 'event') return observation.observedAt
  return observation.type === 'gap' || observation.type === 'loss' ? observation.to : observation.at
}

const coverageOf = (raw: Raw, start: number): HeartbeatObservation => {
  const { source, from, to, ended = false, session = 'recorded', blind, ...rest } = raw
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw new Error(`${unknown}: expected source, from, to, ended, session or blind`)
  const until = timeOf('to', to, start)
  return {
    type: 'heartbeat',
    source: String(source),
    session: String(session),
    since: timeOf('from', from, start),
    watermark: until,
    at: until,
    ...(ended ? { ended: true } : {}),
    ...(blind === undefined ? {} : { blind: blind as HeartbeatObservation['blind'] }),
  }
}

const EXPECTED = new Set(
  'pattern result status outcome workload container occurrences missing unseen affected confidence'.split(' '),
)

/** Names are checked: what is spelt wrong would expect nothing. */
const expectationOf = (raw: Raw): Expectation => {
  const unknown = Object.keys(raw).find((name) => !EXPECTED.has(name))
  if (unknown !== undefined) throw new Error(`${unknown}: expected one of ${[...EXPECTED].join(', ')}`)
  if (typeof raw.pattern !== 'string') throw new Error(`pattern: got ${JSON.stringify(raw.pattern)}, expected its id`)
  if (!RESULTS.includes(String(raw.result)))
    throw new Error(`result: got ${JSON.stringify(raw.result)}, expected ${RESULTS.join(', ')}`)
  return raw as unknown as Expectation
}

/**
 * Whole observations of a document, those that arrive first first. `name` is said in errors. Throws with all that is
 * wrong, each with its line: what was got and what was expected.
 */
export const readDocument = (text: string, name: string): Recording & { readonly start: number } => {
  const { raw: parsed, lineOf } = parse(text, name)
  const raw = parsed as Raw
  const problems: string[] = []
  const attempt = <T>(path: (string | number)[], work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      problems.push(`${lineOf(path)}: ${error instanceof Error ? error.message : error}`)
      return undefined
    }
  }
  const listOf = (member: string): Raw[] => {
    const list = raw[member] ?? []
    if (Array.isArray(list)) return list as Raw[]
    problems.push(`${lineOf([member])}: expected a list`)
    return []
  }
  for (const member of Object.keys(raw))
    if (!NAMES.has(member)) problems.push(`${lineOf([member])}: expected one of ${[...NAMES].join(', ')}`)
  if ((raw.version ?? RECORDING_VERSION) !== RECORDING_VERSION)
    problems.push(`${lineOf(['version'])}: got ${raw.version}, expected ${RECORDING_VERSION}`)
  const start = attempt(['start'], () => startOf(raw)) ?? 0
  const surroundings: Surroundings = { start, host: String(raw.host ?? 'node-1'), ids: new Map() }

  const read: { arrives: number; observation: Observation }[] = []
  const take = (path: (string | number)[], note: Note | undefined) => {
    if (note === undefined) return
    const found = problemsOf(note.observation)
    problems.push(...found.map((problem) => `${lineOf(path)}: ${problem}`))
    if (found.length === 0)
      read.push({ observation: note.observation, arrives: note.arrives ?? seenAt(note.observation) })
  }
  for (const [index, entry] of listOf('observations').entries()) {
    const path = ['observations', index]
    take(
      path,
      attempt(path, () => observationOf(entry, surroundings)),
    )
  }
  for (const [index, entry] of listOf('coverage').entries()) {
    const path = ['coverage', index]
    take(
      path,
      attempt(path, () => ({ observation: coverageOf(entry, start) })),
    )
  }
  const contexts: Record<string, K8sContext> = {}
  for (const [digest, context] of Object.entries((raw.contexts ?? {}) as Record<string, Raw>)) {
    const read = attempt(['contexts', digest], () => contextOf(context))
    if (read !== undefined) contexts[digest] = read
  }
  const expect = listOf('expect').map((entry, index) => attempt(['expect', index], () => expectationOf(entry)))
  if (problems.length > 0) throw new Error(problems.slice(0, 50).join('\n'))

  read.sort((a, b) => a.arrives - b.arrives)
  return {
    format: 'aitia-recording',
    version: RECORDING_VERSION,
    title: String(raw.title ?? name),
    start,
    contexts,
    observations: read.map(({ observation, arrives }) => ({ ...observation, arrives }) as RecordedObservation),
    ...(raw.expect === undefined ? {} : { expect: expect as Expectation[] }),
  }
}
