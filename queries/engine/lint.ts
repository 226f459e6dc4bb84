/** Says what is wrong with a pattern's Cypher before it runs on a cluster's data: by its text, and by the plan of a real server. */
import { RELATIONS } from '../../graph/model/generated/registry.ts'
import type { RelationName } from '../../graph/model/generated/types.ts'
import type { Plan, Store } from '../../graph/store/main.ts'
import { KNOWN_NOW } from '../reads/read.ts'
import { columnOf, type Pattern, stepsParameter } from './pattern.ts'

/** Words in quotes and comments say nothing of what a statement does. */
const bare = (cypher: string): string =>
  cypher
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/\/\/.*$/gm, ' ')
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, "''")
    .replace(/\s+/g, ' ')

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Relationship patterns in brackets, as written: variable, types, the rest. */
const relationsIn = (text: string): { readonly variable: string; readonly types: string[]; readonly rest: string }[] =>
  [...text.matchAll(/-\s*\[\s*(\w*)\s*(:[^\]\s*{]+)?\s*([^\]]*)\]\s*-/g)].map(
    ([, variable = '', types = '', rest = '']) => ({
      variable,
      types: types
        .replace(/^:/, '')
        .split(/[|&]/)
        .filter((type) => type !== ''),
      rest,
    }),
  )

const isRelation = (type: string): type is RelationName => type in RELATIONS

/**
 * Each relation of the model is believed within [recordedFrom, recordedTo), and one of the law `state` true within
 * [from, to): without both, an answer mixes times. A `fixed` one holds for ever from its beginning.
 */
const temporalProblems = (text: string): string[] =>
  relationsIn(text).flatMap(({ variable, types }) =>
    types.filter(isRelation).flatMap((type) => {
      if (variable === '') return [`relation ${type} has no name, so that nothing can be asked of its times; name it`]
      const has = (pattern: string) => new RegExp(pattern.replaceAll('NAME', escaped(variable))).test(text)
      const lacking = [
        ...(has('NAME\\.recordedFrom <= \\$known') ? [] : [`${variable}.recordedFrom <= $known`]),
        ...(has('\\$known < NAME\\.recordedTo|NAME\\.recordedTo > \\$known')
          ? []
          : [`$known < ${variable}.recordedTo`]),
        ...(RELATIONS[type].law === 'fixed' || has('NAME\\.from( - NAME\\.uncertainty)? <=')
          ? []
          : [`${variable}.from <= the time`]),
        ...(RELATIONS[type].law === 'fixed' || has('< NAME\\.to\\b|NAME\\.to >') ? [] : [`the time < ${variable}.to`]),
      ]
      return lacking.map((condition) => `relation ${variable}:${type} is traversed without ${condition}`)
    }),
  )

/** A path has a bound: the number of hops is written down. */
const pathProblems = (text: string): string[] => [
  ...relationsIn(text)
    .filter(
      ({ rest, types }) =>
        /^\*\s*($|\d+\s*\.\.\s*($|\{)|\.\.\s*($|\{))/.test(rest.trim()) || types.some((t) => t.includes('*')),
    )
    .map(({ variable, types }) => `relation ${variable}:${types.join('|')} repeats without bound; write {0,8}`),
  ...[...text.matchAll(/\)\s*(\*|\+|\{\s*\d*\s*,\s*\})\s*\(/g)].map(
    ([, quantifier]) => `a path repeats without bound (${quantifier}); write {0,8}`,
  ),
]

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

/** All operators of a plan. */
export const operatorsOf = (plan: Plan): Plan[] => [plan, ...plan.children.flatMap(operatorsOf)]

/** Operators that read all of a label, a type, an index or the graph. */
export const SCAN =
  /^(AllNodesScan|.*ByLabelScan|.*ByLabelsScan|.*LabelsScan|.*TypeScan|.*TypesScan|.*AllRelationshipsScan|.*IndexScan|.*ContainsScan|.*EndsWithScan)$/

/** Sides of a product that have one row each. */
const isSingle = (plan: Plan): boolean => {
  if (/UniqueIndexSeek$/.test(plan.operator)) return true
  if (/^(Filter|Projection|CacheProperties|Limit|Argument)$/.test(plan.operator)) return plan.children.every(isSingle)
  return plan.operator === 'CartesianProduct' && plan.children.every(isSingle)
}

const planProblems = (plan: Plan): string[] =>
  operatorsOf(plan).flatMap((each) => {
    if (SCAN.test(each.operator))
      return [`reads everything (${each.operator} ${each.details}); start from $anchors and seek by an index`]
    if (each.operator === 'CartesianProduct' && !each.children.every(isSingle))
      return ['a Cartesian product whose sides are not unique seeks; join them by a key']
    if (/VarLengthExpand/.test(each.operator) && /\*(\d*\.\.)?\]/.test(each.details))
      return [`a path repeats without bound (${each.details}); write {0,8}`]
    return []
  })

/** Columns by the rule that lets the engine read any pattern. */
const columnProblems = (pattern: Pattern, plan: Plan): string[] => {
  const columns = plan.details.split(', ')
  const wanted = ['anchor', ...pattern.steps.map(({ event }) => columnOf(event)), 'outcome', 'affected']
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
    ...literalProblems(pattern, text),
  ]
  try {
    const parameters = { anchors: [], cluster: '', known: KNOWN_NOW, without: [], steps: stepsParameter(pattern) }
    const plan = await store.explain(pattern.cypher, parameters)
    problems.push(...planProblems(plan), ...columnProblems(pattern, plan))
  } catch (error) {
    problems.push(error instanceof Error ? (error.message.split('\n')[0] as string) : String(error))
  }
  return [...new Set(problems)]
}
