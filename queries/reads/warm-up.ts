/** What an API has the server plan when it starts: the first question comes soon, and has 10 s. */
import { readdirSync } from 'node:fs'
import { pascalCase } from '../../graph/model/generate/names.ts'
import { EVENTS, OBJECTS } from '../../graph/model/generated/registry.ts'
import type { ObjectName } from '../../graph/model/generated/types.ts'
import { NO_KEYS, NO_ROWS, type Rehearsal, rehearse, type Store } from '../../graph/store/main.ts'
import { LASTING_KINDS } from './lasting.ts'
import { forKind, statement } from './read.ts'

/** Names of the statements of this folder. */
const STATEMENTS = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.cypher'))
  .map((file) => file.slice(0, -'.cypher'.length))

/** Nothing has such a key. Of a value only the type counts for a plan. */
const VALUES: Readonly<Record<string, unknown>> = {
  ...{ at: 0, known: 0, from: 0, to: 0, after: 0, afterAt: 0, asOf: 0, limit: 1, most: 1, containers: 1, before: 1 },
  ...{
    keys: NO_KEYS,
    kinds: NO_KEYS,
    names: NO_KEYS,
    limits: NO_KEYS,
    ids: NO_KEYS,
    rows: NO_ROWS,
    sources: NO_KEYS,
    clusters: NO_KEYS,
    incidents: NO_KEYS,
  },
  ...{
    cluster: '',
    namespace: '',
    name: '',
    key: '',
    kind: '',
    workload: '',
    workloadKind: '',
    pattern: '',
    prefix: '',
  },
  ...{ afterId: '', afterKey: '', untilKey: '', incident: '' },
}

const FILTERS = ['namespace', 'workload', 'workloadKind', 'pattern', 'status']

/** Where a value need not be given, that it is not is a type of its own. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  find: ['workloadKind'],
  elsewhere: ['workloadKind'],
  incidents: FILTERS,
  'incidents-moved': FILTERS,
}

const objects = (namespaced: boolean): string[] =>
  (Object.keys(OBJECTS) as ObjectName[]).filter((kind) => (OBJECTS[kind].namespaced === true) === namespaced)

/** The kinds for which a statement is written. */
const kindsOf = (name: string): readonly string[] => {
  if (name === 'events-lasting') return LASTING_KINDS.map(pascalCase)
  if (name.startsWith('events')) return Object.keys(EVENTS).map(pascalCase)
  return objects(!name.endsWith('-global'))
}

const formsOf = (name: string): string[] => {
  const text = statement(name)
  return text.includes('__Kind__') ? kindsOf(name).map((kind) => forKind(text, kind)) : [text]
}

const paramsOf = (cypher: string, left: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    [...cypher.matchAll(/\$(\w+)/g)].map(([, name]) => [name!, left.includes(name!) ? null : (VALUES[name!] ?? null)]),
  )

/** All reads, on nothing; the longest first. */
export const rehearsals = (): Rehearsal[] =>
  STATEMENTS.flatMap((name) =>
    formsOf(name).flatMap((cypher): Rehearsal[] => {
      const of = (left: readonly string[]) => ({ cypher, params: paramsOf(cypher, left), writes: false })
      const left = OPTIONAL[name]
      return left === undefined ? [of([])] : [of(left), ...(left === FILTERS ? [] : [of([])])]
    }),
  ).sort((a, b) => b.cypher.length - a.cypher.length)

/** Has the server plan the reads. Needs both schemas; changes nothing. */
export const warmUpReads = (store: Store, signal: AbortSignal): Promise<void> => rehearse(store, rehearsals(), signal)
