/** The graph's constraints and indexes, and the statements by which graph/ingest writes each kind. */
import type { EventKind, ObjectKind, RelationKind } from '../define.ts'
import type { Model } from './model.ts'
import { GENERATED, kebabCase, pascalCase, snakeCase } from './names.ts'
import type { Output } from './outputs.ts'

/** Nodes that are no kind of the model: the label and the property that names one. */
const UNIQUE: readonly (readonly [label: string, property: string])[] = [
  ['Object', 'key'],
  ['Event', 'id'],
  ['State', 'id'],
  ['Lane', 'key'],
  ['Coverage', 'id'],
  ['Gap', 'id'],
  ['Loss', 'id'],
  ['Context', 'key'],
  ['Horizon', 'cluster'],
  ['Incident', 'id'],
  ['Occurrence', 'id'],
  ['Verdict', 'id'],
  ['Schema', 'id'],
]

/** (State) by key: what the derivation reads. By cluster: exports, retention and removal. The rest: the engine and its readers. */
const INDEXES: readonly (readonly [label: string, properties: readonly string[]])[] = [
  ['State', ['key', 'at']],
  ['State', ['cluster', 'at']],
  ['Event', ['cluster', 'at']],
  ['Object', ['cluster']],
  ['Context', ['cluster']],
  ['Context', ['cluster', 'at']],
  ['Coverage', ['cluster', 'source']],
  ['Coverage', ['cluster', 'heardAt']],
  ['Gap', ['cluster', 'source', 'to']],
  ['Gap', ['cluster', 'to']],
  ['Loss', ['cluster', 'source', 'to']],
  ['Loss', ['cluster', 'to']],
  ['Incident', ['cluster', 'lastAt']],
  ['Incident', ['workloadKey']],
  ['Occurrence', ['cluster', 'pattern', 'status']],
  ['Occurrence', ['anchorId']],
  ['Occurrence', ['cluster', 'at']],
  ['Verdict', ['occurrenceId', 'number']],
  ['Verdict', ['cluster']],
  ['Verdict', ['cluster', 'recordedAt']],
]

/** Edges that the engine writes: to an object by time, as answers and the engine ask, those of occurrences whose owners are not all known, and those of earlier verdicts. */
const EDGES: readonly (readonly [type: string, properties: readonly string[]])[] = [
  ['AFFECTS', ['toKey', 'at']],
  ['AFFECTS', ['toKey', 'until']],
  ['AFFECTS', ['partialKey']],
  ['AFFECTED', ['toKey', 'at']],
]

const nameOf = (...parts: readonly string[]): string => parts.map(snakeCase).join('_')

const constraint = (label: string, property: string): string =>
  `CYPHER 5 CREATE CONSTRAINT ${nameOf(label, property)} IF NOT EXISTS FOR (n:${label}) REQUIRE n.${property} IS UNIQUE;`

const nodeIndex = (label: string, properties: readonly string[]): string =>
  `CYPHER 5 CREATE INDEX ${nameOf(label, ...properties)} IF NOT EXISTS FOR (n:${label}) ON (${properties.map((property) => `n.${property}`).join(', ')});`

const relationIndex = (type: string, properties: readonly string[]): string =>
  `CYPHER 5 CREATE INDEX ${nameOf(type, ...properties)} IF NOT EXISTS FOR ()-[r:${type}]-() ON (${properties.map((property) => `r.${property}`).join(', ')});`

const namesOf = (kind: ObjectKind): string[] =>
  [kind.name, ...(kind.alsoLabelled ?? [])].map((label) =>
    nodeIndex(label, kind.namespaced ? ['cluster', 'namespace', 'name'] : ['cluster', 'name']),
  )

const schema = (model: Model): string =>
  [
    `// ${GENERATED}`,
    '// One key or id names a node, whatever its kind: a look-up names the label of the constraint.',
    ...UNIQUE.map(([label, property]) => constraint(label, property)),
    ...INDEXES.map(([label, properties]) => nodeIndex(label, properties)),
    '// Events of an object or pod by time, and of a lane in the order of arrival.',
    ...model.events.flatMap((kind) =>
      [
        ['objectKey', 'at'],
        ['podKey', 'at'],
        ['lane', 'arrival'],
      ].map((properties) => nodeIndex(pascalCase(kind.name), properties)),
    ),
    '// Objects by name.',
    ...model.objects.flatMap(namesOf),
    '// Records of a declarer; those of a hub by their end.',
    ...model.relations.flatMap((kind) => [
      relationIndex(kind.name, ['by', 'recordedTo', 'to']),
      ...(kind.hub ? [relationIndex(kind.name, ['toKey', 'end'])] : []),
    ]),
    '// Occurrences of an object by time, and those whose owner chain was not whole.',
    ...EDGES.map(([type, properties]) => relationIndex(type, properties)),
    '',
  ].join('\n')

const eventUpsert = (kind: EventKind, crowded: ReadonlySet<string>): string => {
  const label = pascalCase(kind.name)
  const about = kind.about.filter((object) => !crowded.has(object))
  const node = [
    'CYPHER 5',
    'UNWIND $rows AS row',
    'MERGE (event:Event {id: row.id})',
    `ON CREATE SET event:${label}, event += row.properties`,
  ]
  // One that was there has an arrival of its own, and its arrow.
  const arrow = [
    'WITH event, row',
    'WHERE row.about IS NOT NULL AND event.arrival = row.properties.arrival AND event.lane = row.properties.lane',
    'MATCH (object:Object {key: row.about})',
    'CREATE (event)-[:ABOUT]->(object)',
  ]
  return [
    `// ${GENERATED}`,
    `// ${kind.doc}`,
    about.length > 0
      ? `// (:${label})-[:ABOUT]->(:${about.join('|')})`
      : `// (:${label}) is found by objectKey: ${kind.about.join(', ')}`,
    ...node,
    ...(about.length > 0 ? arrow : []),
    '',
  ].join('\n')
}

/** What two rows say of one thing: the smaller text, of which there may be none. */
const smaller = (name: string): string =>
  `CASE WHEN object.${name} <= row.${name} THEN object.${name} ELSE coalesce(row.${name}, object.${name}) END`

/**
 * What is known is what all references say together, whatever their order (graph/ingest/objects.ts). The first SET takes
 * the node's lock: what is read after it is what other transactions have committed.
 */
const objectMerge = (kind: ObjectKind): string =>
  [
    `// ${GENERATED}`,
    `// ${kind.doc} Key: ${kind.keyFrom}.`,
    'CYPHER 5',
    'UNWIND $rows AS row',
    'MERGE (object:Object {key: row.key})',
    'ON CREATE SET object.missing = row.missing',
    'ON MATCH SET object.missing = CASE WHEN row.missing THEN object.missing END',
    `SET object:${kind.name}, object += row.properties`,
    'WITH object, row, coalesce(object.named, false) AS known, coalesce(row.named, false) AS told',
    ...['name', 'namespace', 'workloadKind'].map(
      (name, index) =>
        `${index === 0 ? 'SET' : '   '} object.${name} = CASE WHEN told = known THEN ${smaller(name)} WHEN told THEN row.${name} ELSE object.${name} END,`,
    ),
    '    object.named = CASE WHEN told OR known THEN true END',
    ...(kind.alsoLabelled ?? []).map(
      (label) =>
        `FOREACH (ignored IN CASE row.workloadKind WHEN '${label}' THEN [1] ELSE [] END | SET object:${label})`,
    ),
    '',
  ].join('\n')

const arrowOf = (kind: RelationKind): string =>
  `// (:${kind.from.join('|')})-[:${kind.name}]->(:${kind.to.join('|')}), declared by ${kind.declaredBy.join(', ')}`

const recordInsert = (kind: RelationKind): string => {
  const properties = [
    'by',
    'fromKey',
    'toKey',
    'from',
    'to',
    'recordedFrom',
    'recordedTo',
    'end',
    'uncertainty',
    ...Object.keys(kind.properties),
  ]
  return [
    `// ${GENERATED}`,
    `// ${kind.doc}`,
    arrowOf(kind),
    'CYPHER 5',
    'UNWIND $rows AS row',
    'MATCH (from:Object {key: row.fromKey})',
    'MATCH (to:Object {key: row.toKey})',
    `CREATE (from)-[:${kind.name} {${properties.map((name) => `${name}: row.${name}`).join(', ')}}]->(to)`,
    'RETURN count(*) AS written',
    '',
  ].join('\n')
}

/** What is now believed of a declarer, as far as it ends after `row.after` and begins no later than `row.until`. */
const recordRead = (kind: RelationKind): string =>
  [
    `// ${GENERATED}`,
    arrowOf(kind),
    'CYPHER 5',
    'UNWIND $rows AS row',
    `MATCH ()-[r:${kind.name}]->()`,
    // A plan of an empty graph, where reading all costs as little, would make a first sync quadratic.
    `USING INDEX SEEK r:${kind.name}(by, recordedTo, to)`,
    'WHERE r.by = row.by AND r.recordedTo = $open AND r.to > row.after AND r.from <= row.until',
    'RETURN elementId(r) AS id, r.by AS by, r.fromKey AS fromKey, r.toKey AS toKey, r.from AS from, r.to AS to, r.uncertainty AS uncertainty,',
    `  {${Object.keys(kind.properties)
      .map((name) => `${name}: r.${name}`)
      .join(', ')}} AS properties`,
    '',
  ].join('\n')

const file = (name: string, text: string): Output => ({ path: `graph/ingest/generated/${name}.cypher`, text })

export default (model: Model): Output[] => {
  const crowded = new Set(model.objects.filter((kind) => kind.crowded).map((kind) => kind.name))
  return [
    { path: 'graph/store/generated/schema.cypher', text: schema(model) },
    ...model.events.map((kind) => file(kind.name, eventUpsert(kind, crowded))),
    ...model.objects.map((kind) => file(kebabCase(kind.name), objectMerge(kind))),
    ...model.relations.flatMap((kind) => [
      file(kebabCase(kind.name), recordInsert(kind)),
      file(`${kebabCase(kind.name)}.read`, recordRead(kind)),
    ]),
  ]
}
