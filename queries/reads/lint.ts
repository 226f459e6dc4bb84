/** What no statement that reads the graph may do, judged by its text and by the plan of a real server. */
import { RELATIONS } from '../../graph/model/generated/registry.ts'
import type { RelationName } from '../../graph/model/generated/types.ts'
import type { Plan } from '../../graph/store/main.ts'

/** Words in quotes and comments say nothing of what a statement does. */
export const bare = (cypher: string): string =>
  cypher
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/\/\/.*$/gm, ' ')
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, "''")
    .replace(/\s+/g, ' ')

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

interface Traversed {
  readonly variable: string
  readonly types: string[]
  readonly rest: string
  /** The clause from the relationship on: its predicate is inline, or in the WHERE that follows. */
  readonly clause: string
}

const clauseAt = (text: string): string => text.split(/\b(?:RETURN|WITH|MATCH|CALL|UNION)\b/, 1)[0] as string

/** Relationship patterns in brackets, as written: variable, types, the rest. */
const relationsIn = (text: string): Traversed[] =>
  [...text.matchAll(/-\s*\[\s*(\w*)\s*(:[^\]\s*{]+)?\s*([^\]]*)\]\s*-/g)].map(
    ({ 1: variable = '', 2: types = '', 3: rest = '', index }) => ({
      clause: clauseAt(text.slice(index)),
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
export const temporalProblems = (text: string): string[] =>
  relationsIn(text).flatMap(({ variable, types, clause }) =>
    types.filter(isRelation).flatMap((type) => {
      if (variable === '') return [`relation ${type} has no name, so that nothing can be asked of its times; name it`]
      const has = (pattern: string) => new RegExp(pattern.replaceAll('NAME', escaped(variable))).test(clause)
      const lacking = [
        ...(has('NAME\\.recordedFrom <= \\$known') ? [] : [`${variable}.recordedFrom <= $known`]),
        ...(has('\\$known < NAME\\.recordedTo|NAME\\.recordedTo > \\$known')
          ? []
          : [`$known < ${variable}.recordedTo`]),
        ...(RELATIONS[type].law === 'fixed' || has('NAME\\.from( - NAME\\.uncertainty)? <=?')
          ? []
          : [`${variable}.from <= the time`]),
        ...(RELATIONS[type].law === 'fixed' || has('< NAME\\.to\\b|NAME\\.to >') ? [] : [`the time < ${variable}.to`]),
      ]
      return lacking.map((condition) => `relation ${variable}:${type} is traversed without ${condition}`)
    }),
  )

/** A path has a bound: the number of hops is written down. */
export const pathProblems = (text: string): string[] => [
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

/** All operators of a plan. */
export const operatorsOf = (plan: Plan): Plan[] => [plan, ...plan.children.flatMap(operatorsOf)]

/** Operators that read all of a label, a type, an index or the graph. */
export const SCAN =
  /^(AllNodesScan|.*ByLabelScan|.*ByLabelsScan|.*LabelsScan|.*TypeScan|.*TypesScan|.*AllRelationshipsScan|.*IndexScan|.*ContainsScan|.*EndsWithScan)$/

/** Sides of a product that have one row each. */
const isSingle = (plan: Plan): boolean => {
  if (/(UniqueIndexSeek|CountFromCountStore)$/.test(plan.operator)) return true
  if (plan.operator === 'Limit' && plan.details === '1') return true
  if (/^(Filter|Projection|CacheProperties|Limit|Optional|Argument)$/.test(plan.operator))
    return plan.children.every(isSingle)
  return plan.operator === 'CartesianProduct' && plan.children.every(isSingle)
}

export const planProblems = (plan: Plan): string[] =>
  operatorsOf(plan).flatMap((each) => {
    if (SCAN.test(each.operator))
      return [`reads everything (${each.operator} ${each.details}); start from $anchors and seek by an index`]
    if (each.operator === 'CartesianProduct' && !each.children.every(isSingle))
      return ['a Cartesian product whose sides are not unique seeks; join them by a key']
    if (/VarLengthExpand/.test(each.operator) && /\*(\d*\.\.)?\]/.test(each.details))
      return [`a path repeats without bound (${each.details}); write {0,8}`]
    return []
  })
