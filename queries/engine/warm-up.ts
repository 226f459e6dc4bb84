/** What a correlator has the server plan when it starts. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { NO_KEYS, NO_ROWS, type Rehearsal, rehearse, renewPlans, type Store } from '../../graph/store/main.ts'
import { KEYS } from './joins.ts'
import { COUNTING, labelOf, type Pattern, parametersOf } from './pattern.ts'
import { statement } from './statements.ts'

/** For a plan only the types of parameters count. */
export const PARAMETERS = {
  ...{
    keys: NO_KEYS,
    lanes: NO_ROWS,
    rows: NO_ROWS,
    ids: NO_KEYS,
    limit: 1,
    key: '',
    scope: '',
    cluster: '',
    known: 0,
    without: [],
  },
  ...{ since: 0, back: 0, from: 0, to: 0, now: 0, clock: 0, sharp: 0 },
}

/** Names of the engine's statements. */
export const STATEMENTS = readdirSync(join(import.meta.dirname, 'cypher')).map((file) => file.replace('.cypher', ''))

/** Whether a statement writes, as its name says. */
export const writes = (name: string): boolean => /^(write|forget|join|leave|sum)-|-move$/.test(name)

/** With each label and property that a pattern may need. */
const formsOf = (name: string, labels: readonly string[]): string[] => [
  ...new Set(labels.flatMap((label) => KEYS.map((property) => statement(name, label, property)))),
]

/** The engine's statements and those of the patterns, on nothing: what takes longest first, then what each verdict needs, then what has forms for many kinds. */
export const rehearsals = (patterns: readonly Pattern[]): Rehearsal[] => {
  const kinds = new Set([...patterns.flatMap(({ steps }) => steps.map(({ event }) => event)), ...COUNTING])
  const labels = [...kinds].map(labelOf)
  // It has parameters of its own, and is run all the time.
  const own = STATEMENTS.filter((name) => name !== 'cursor-move')
    .map((name) => ({ name, forms: formsOf(name, labels) }))
    .sort((a, b) => a.forms.length - b.forms.length)
    .flatMap(({ name, forms }) => forms.map((cypher) => ({ cypher, params: PARAMETERS, writes: writes(name) })))
  const known = Number.MAX_SAFE_INTEGER
  const matches = patterns.map((pattern): Rehearsal => {
    const params = parametersOf(pattern, { anchors: NO_KEYS, cluster: '', known, without: [] })
    return { cypher: pattern.cypher, params, writes: false }
  })
  return [...matches, ...own]
}

/**
 * Has the server plan what is rehearsed, and plan again what the graph outgrows while it is `used`. Needs both schemas; changes
 * nothing.
 */
export const keepPlanned = async (
  store: Store,
  all: readonly Rehearsal[],
  used: () => boolean,
  signal: AbortSignal,
): Promise<void> => {
  await rehearse(store, all, signal)
  await renewPlans(store, all, used, signal)
}
