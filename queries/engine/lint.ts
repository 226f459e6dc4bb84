/** Says what is wrong with a pattern's Cypher before it runs on a cluster's data: by its text, and by the plan of a real server. */
import type { Plan, Store } from '../../graph/store/main.ts'
import { bare, pathProblems, planProblems, temporalProblems } from '../reads/lint.ts'
import { KNOWN_NOW } from '../reads/read.ts'
import { columnOf, columnsOf, type Pattern, parametersOf } from './pattern.ts'

/** Every step can be asked for an earlier knowledge, and be left out. */
const stepProblems = (pattern: Pattern, text: string): string[] =>
  pattern.steps.flatMap(({ event, within }) => {
    const name = columnOf(event)
    const problems: string[] = []
    if (!new RegExp(`\\b${name}\\.recordedAt <= \\$known`).test(text))
      problems.push(`step ${event}: expected ${name}.recordedAt <= $known`)
    if (!new RegExp(`NOT ${name}\\.id IN \\$without`).test(text))
      problems.push(`step ${event}: expected NOT ${name}.id IN $without`)
    for (const side of ['before', 'after'] as const)
      if (within?.[side] !== undefined && !text.includes(`$steps.${name}.${side}`))
        problems.push(`step ${event}: within.${side} of pattern.yaml is not used; expected $steps.${name}.${side}`)
    return problems
  })

/** The anchor lies somewhere in [at, at + uncertainty]: what is looked for from its begin on alone is not found where it happened later. */
const stampProblems = ({ anchor, steps }: Pattern, text: string): string[] => {
  const at = `${columnOf(anchor)}.at`
  const end = `${at} + ${columnOf(anchor)}.uncertainty`
  const begin = `\\b${at}\\b(?! \\+ ${columnOf(anchor)}\\.uncertainty\\b)`
  return steps.flatMap(({ event }) => {
    const name = columnOf(event)
    const span = `+ $steps.${name}.after`
    const endsEarly = new RegExp(`\\b${name}\\.at <=? ${begin}|${begin} >=? ${name}\\.at\\b`).test(text)
    return [
      ...(text.replaceAll(`${end} ${span}`, '').includes(span)
        ? [`step ${event}: ${span} does not begin at the end of the anchor's stamp; expected ${end} ${span}`]
        : []),
      ...(endsEarly ? [`step ${event}: ends at the begin of the anchor's stamp; expected ${name}.at <= ${end}`] : []),
    ]
  })
}

/** Numbers of µs that pattern.yaml does not say: no span in Cypher is shorter than a millisecond. */
const literalProblems = (pattern: Pattern, text: string): string[] => {
  const said = new Set(pattern.steps.flatMap(({ within }) => [within?.before, within?.after]))
  const literals = [...text.matchAll(/(?<![\w.$])\d{4,}\b/g)].map(([literal]) => Number(literal))
  return [
    ...literals
      .filter((literal) => !said.has(literal))
      .map((literal) => `the span ${literal} µs differs from all within of pattern.yaml; use $steps`),
    ...(/\bduration\s*\(/.test(text) ? ['duration(): spans are µs from pattern.yaml; use $steps'] : []),
  ]
}

/** Columns by the rule that lets the engine read any pattern. */
const columnProblems = (pattern: Pattern, plan: Plan): string[] => {
  const columns = plan.details.split(', ')
  const wanted = columnsOf(pattern)
  const lacking = wanted.filter((column) => !columns.includes(column))
  const extra = columns.filter((column) => !wanted.includes(column))
  return [
    ...lacking.map((column) => `column ${column} is not returned`),
    ...extra.map((column) => `column ${column} is returned, expected only ${wanted.join(', ')}`),
  ]
}

/** All that a pattern's Cypher does which it may not; empty for a sound one. The server only plans it. */
export const lintPattern = async (store: Store, pattern: Pattern): Promise<string[]> => {
  const text = bare(pattern.cypher)
  const problems = [
    ...temporalProblems(text),
    ...pathProblems(text),
    ...stepProblems(pattern, text),
    ...stampProblems(pattern, text),
    ...literalProblems(pattern, text),
  ]
  try {
    const parameters = parametersOf(pattern, { anchors: [], cluster: '', known: KNOWN_NOW, without: [] })
    const plan = await store.explain(pattern.cypher, parameters)
    problems.push(...planProblems(plan), ...columnProblems(pattern, plan))
  } catch (error) {
    problems.push(error instanceof Error ? (error.message.split('\n')[0] as string) : String(error))
  }
  return [...new Set(problems)]
}
