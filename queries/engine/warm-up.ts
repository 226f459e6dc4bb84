/** What a correlator has the server plan when it starts. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Rehearsal, rehearse, type Store } from '../../graph/store/main.ts'
import { COUNTING, labelOf, type Pattern, stepsParameter } from './pattern.ts'
import { statement } from './statements.ts'

/** Values of parameters do not count for a plan, but each has to be there. */
export const PARAMETERS = {
  ...{ keys: [], lanes: [], rows: [], ids: [], limit: 1, key: '', scope: '', cluster: '', known: 0, without: [] },
  ...{ since: 0, back: 0, from: 0, to: 0, now: 0 },
}

/** Names of the engine's statements. */
export const STATEMENTS = readdirSync(join(import.meta.dirname, 'cypher')).map((file) => file.replace('.cypher', ''))

/** Whether a statement writes, as its name says. */
export const writes = (name: string): boolean => /^(write|forget|join|leave|sum)-|-move$/.test(name)

/** With each label and property that a pattern may need. */
const formsOf = (name: string, labels: readonly string[]): string[] => [
  ...new Set(labels.flatMap((label) => ['objectKey', 'podKey'].map((property) => statement(name, label, property)))),
]

/** The engine's statements and those of the patterns, on nothing; the longest first. */
export const rehearsals = (patterns: readonly Pattern[]): Rehearsal[] => {
  const kinds = new Set([...patterns.flatMap(({ steps }) => steps.map(({ event }) => event)), ...COUNTING])
  const labels = [...kinds].map(labelOf)
  // It has no list that could be empty, and is run all the time.
  const own = STATEMENTS.filter((name) => name !== 'cursor-move').flatMap((name) =>
    formsOf(name, labels).map((cypher): Rehearsal => ({ cypher, params: PARAMETERS, writes: writes(name) })),
  )
  const known = Number.MAX_SAFE_INTEGER
  const matches = patterns.map((pattern): Rehearsal => {
    const params = { anchors: [], cluster: '', steps: stepsParameter(pattern), known, without: [] }
    return { cypher: pattern.cypher, params, writes: false }
  })
  return [...matches, ...own]
}

/** Has the server plan the engine's statements and those of the patterns. Needs both schemas; changes nothing. */
export const warmUp = (store: Store, patterns: readonly Pattern[], signal: AbortSignal): Promise<void> =>
  rehearse(store, rehearsals(patterns), signal)
