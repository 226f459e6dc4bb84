/**
 * queries/reads/generated/*.cypher: one step from objects along their relations, by what relation kinds say of their ends.
 * The far end of a hub is found by the index (toKey, end) and never by expanding from it; see `hub`. The hints stand for
 * plans that are made while little is stored: a scan is the cheaper one then, and stays.
 */
import type { RelationKind } from '../define.ts'
import type { Model } from './model.ts'
import { GENERATED } from './names.ts'
import type { Output } from './outputs.ts'

type End = 'from' | 'to'

const HOLDS = 'edge.from < $to AND edge.to > $from AND edge.recordedFrom <= $known AND $known < edge.recordedTo'
const OWN = '(NOT row.own OR edge.by = row.key)'

const types = (kinds: readonly RelationKind[]): string => kinds.map((kind) => kind.name).join('|')

/** From the near end `from`. Of what never ends the latest, since it gathers history. */
const outward = (kinds: readonly RelationKind[], order = ''): string[] =>
  kinds.length === 0
    ? []
    : [
        `  MATCH (object:Object {key: row.key})-[edge:${types(kinds)} WHERE ${HOLDS}]->(other:Object)
  USING INDEX SEEK object:Object(key)
  WHERE ${OWN}
  RETURN edge, other${order} LIMIT $limit`,
      ]

const inward = (kinds: readonly RelationKind[]): string[] =>
  kinds.length === 0
    ? []
    : [
        `  MATCH (object:Object {key: row.key})<-[edge:${types(kinds)} WHERE ${HOLDS}]-(other:Object)
  USING INDEX SEEK object:Object(key)
  WHERE ${OWN}
  RETURN edge, other LIMIT $limit`,
      ]

/** Into a hub: the record itself names the hub, whose node stays unbound. */
const intoHub = (kind: RelationKind): string =>
  `  MATCH (other:Object)-[edge:${kind.name}]->()
  USING INDEX SEEK edge:${kind.name}(toKey, end)
  WHERE edge.toKey = open AND edge.end > $after AND ${HOLDS}
  RETURN edge, other LIMIT $limit`

/** Each branch has a limit of its own, over all its kinds: its number tells whose was reached. */
const numbered = (branch: string, number: number): string =>
  branch.replace('RETURN edge', `RETURN ${number} AS branch, edge`)

/** Steps to the given ends of relations: `to` is reached from `from`, and the other way round. */
const step = (relations: readonly RelationKind[], reached: (kind: RelationKind) => readonly End[]): string => {
  const reaching = (end: End): RelationKind[] => relations.filter((kind) => reached(kind).includes(end))
  const branches = [
    ...outward(reaching('to').filter((kind) => kind.law === 'state')),
    ...outward(
      reaching('to').filter((kind) => kind.law === 'fixed'),
      ' ORDER BY edge.from DESC',
    ),
    ...inward(reaching('from').filter((kind) => !kind.hub)),
    ...reaching('from')
      .filter((kind) => kind.hub)
      .map(intoHub),
  ]
  return `UNWIND $rows AS row
WITH row, CASE WHEN row.own THEN null ELSE row.key END AS open
CALL (row, open) {
${branches.map(numbered).join('\n  UNION ALL\n')}
}
RETURN row.key AS key, branch, type(edge) AS kind, properties(edge) AS edge, other {.*} AS other
`
}

const opposite = (end: End): End => (end === 'from' ? 'to' : 'from')

const PARAMETERS = `// $rows: {key, own}; of an object with own only what it declares itself, as a node's pods are not what is asked.
// What held in [$from, $to) as known at $known; $after is the earlier of $from and $known.`

const file = (name: string, doc: string, text: string): Output => ({
  path: `queries/reads/generated/${name}.cypher`,
  text: `// ${GENERATED}\n// ${doc}\n${PARAMETERS}\nCYPHER 5\n${text}`,
})

export default ({ relations }: Model): Output[] => [
  file(
    'reach',
    'One step from objects to all that an answer about them may rest on.',
    step(relations, (kind) => kind.reaches),
  ),
  file(
    'relies-on',
    'One step from objects to what they rely on.',
    step(relations, (kind) => [opposite(kind.dependent)]),
  ),
  file(
    'relied-on-by',
    'One step from objects to what suffers where they are broken.',
    step(relations, (kind) => [kind.dependent]),
  ),
  file(
    'beside',
    'One step from objects along all their relations.',
    step(relations, () => ['from', 'to']),
  ),
]
