/** What retention reads of kinds: graph/ingest/generated/*.old.cypher give what may go, graph/ingest/retention.ts says when. */
import type { RelationKind } from '../define.ts'
import { attributed, type Model } from './model.ts'
import { GENERATED, kebabCase, pascalCase } from './names.ts'
import type { Output } from './outputs.ts'

const head = (...about: string[]): string[] => [`// ${GENERATED}`, ...about.map((line) => `// ${line}`), 'CYPHER 5']

/** The record's index has three properties: all are named, or it does not serve. */
const records = (kind: RelationKind): string[] => [
  `MATCH (near)-[r:${kind.name}]->(far)`,
  'WHERE r.by >= $after AND r.by < $until AND r.recordedTo IS NOT NULL AND r.to IS NOT NULL',
]

const oldRecords = (kind: RelationKind): string =>
  [
    ...head(`Records of ${kind.name} that held, or were believed, only before what is kept.`),
    ...records(kind),
    '  AND (r.to <= $cut OR r.recordedTo <= $known)',
    'RETURN elementId(r) AS id, r.by AS position ORDER BY r.by LIMIT $limit',
    '',
  ].join('\n')

/**
 * A claim has no end. The far end is gone when nothing was told of it since the cut, and no state of the near end that is kept claims it. What is believed
 * no more goes with what took its place: else an earlier knowledge time would miss what a later one has.
 */
const oldClaims = (kind: RelationKind): string =>
  [
    ...head(`Records of ${kind.name} that were believed only before what is kept, and those to what is gone.`),
    ...records(kind),
    '  AND (r.recordedTo <= $known OR r.recordedTo = $open AND r.from <= $cut AND r.recordedFrom <= $known',
    '    AND NOT EXISTS { (far)<-[:ABOUT]-(event:Event) WHERE event.at > $cut }',
    '    AND NOT EXISTS { MATCH (state:State) WHERE state.key = r.toKey AND state.at > $cut }',
    '    AND NOT EXISTS {',
    '      MATCH (state:State)',
    `      WHERE state.key = r.by AND state.at IS NOT NULL AND state.stale IS NULL AND state.relations CONTAINS '"' + substring(r.toKey, size($cluster) + 1) + '"'`,
    '    })',
    'RETURN elementId(r) AS id, r.by AS position ORDER BY r.by LIMIT $limit',
    '',
  ].join('\n')

/** No event of these kinds with the same values is newer and was known in time, so that one before the cut is what is answered from then on. */
const noLater = (labels: readonly string[], same: readonly string[], more = ''): string[] =>
  labels.map(
    (label) =>
      `    AND NOT EXISTS { MATCH (later:${label}) WHERE ${same.map((property) => `later.${property} = event.${property}`).join(' AND ')} AND later.at > event.at AND later.at <= $cut AND later.recordedAt <= $known${more} }`,
  )

/** What the event tells of was there at the cut, or came later. */
const isThere = (property: string): string[] => [
  `    AND EXISTS { MATCH (state:State) WHERE state.key = event.${property} AND state.at IS NOT NULL AND state.stale IS NULL AND NOT state.deleted`,
  '      AND NOT EXISTS { MATCH (after:State) WHERE after.key = state.key AND after.at > state.at AND after.at <= $cut AND after.stale IS NULL AND after.recordedAt <= $known } })',
]

/** Of a kind that tells what lasts, the newest before the cut stays. */
const lastsOf = (label: string, lasts: readonly [string, ...string[]]): string[] => [
  `  AND NOT (event:${label} AND ${lasts.map((property) => `event.${property} IS NOT NULL`).join(' AND ')}`,
  ...noLater([label], lasts),
  ...isThere(lasts[0]),
]

/** A pod's context lasts too: that of its newest event which has one, whatever its kind. */
const contextLasts = (model: Model): string[] => [
  '  AND NOT (event.contextKey IS NOT NULL',
  ...noLater(attributed(model), ['podKey'], ' AND later.contextKey IS NOT NULL'),
  ...isThere('podKey'),
]

const oldEvents = (model: Model): string => {
  return [
    ...head('Events before the cut that are no evidence of a verdict that is kept, and do not tell what lasts.'),
    'MATCH (event:Event)',
    'WHERE event.cluster = $cluster AND event.at >= $after AND event.at < $cut AND NOT EXISTS { (event)<-[:EVIDENCE]-() }',
    ...model.events.flatMap(({ name, lasts }) => (lasts ? lastsOf(pascalCase(name), lasts) : [])),
    ...contextLasts(model),
    'RETURN event.id AS id, event.at AS position ORDER BY event.cluster, event.at LIMIT $limit',
    '',
  ].join('\n')
}

const oldContexts = (model: Model): string => {
  return [
    ...head('Contexts that no event names any more.'),
    'MATCH (context:Context)',
    'WHERE context.cluster = $cluster AND context.at >= $after AND context.at < $cut',
    ...attributed(model).map(
      (label) =>
        `  AND NOT EXISTS { MATCH (event:${label}) WHERE event.podKey = context.podKey AND event.at <= context.at AND event.contextKey = context.key }`,
    ),
    'RETURN context.key AS id, context.at AS position ORDER BY context.cluster, context.at LIMIT $limit',
    '',
  ].join('\n')
}

/** Kinds of which only claims tell: they have no tombstone, so that their own states do not hold them. */
const claimedKinds = ({ relations }: Model): string[] =>
  relations
    .filter(({ law }) => law === 'fixed')
    .flatMap(({ declaredBy, from }) => declaredBy.filter((kind) => !from.includes(kind)))

const oldObjects = (model: Model): string => {
  const crowded = model.objects.filter((kind) => kind.crowded).map((kind) => kind.name)
  const about = model.events.filter((kind) => kind.about.some((object) => crowded.includes(object)))
  const claimed = claimedKinds(model).map((kind) => `object:${kind} AND state.at <= $cut`)
  return [
    ...head('Objects of which nothing is left: no relation, no event, no state.'),
    'MATCH (object:Object)',
    'WHERE object.key >= $after AND object.key < $until AND NOT EXISTS { (object)--() }',
    `  AND NOT EXISTS { MATCH (state:State) WHERE state.key = object.key AND state.at IS NOT NULL AND NOT (${claimed.join(' OR ')}) }`,
    `  AND NOT ((${crowded.map((kind) => `object:${kind}`).join(' OR ')}) AND (`,
    about
      .map(
        ({ name }) =>
          `    EXISTS { MATCH (event:${pascalCase(name)}) WHERE event.objectKey = object.key AND event.at IS NOT NULL }`,
      )
      .join(' OR\n'),
    '  ))',
    'RETURN object.key AS id, object.key AS position ORDER BY object.key LIMIT $limit',
    '',
  ].join('\n')
}

const file = (name: string, text: string): Output => ({ path: `graph/ingest/generated/${name}.old.cypher`, text })

export default (model: Model): Output[] => [
  ...model.relations.map((kind) => file(kebabCase(kind.name), (kind.law === 'fixed' ? oldClaims : oldRecords)(kind))),
  file('all-events', oldEvents(model)),
  file('all-contexts', oldContexts(model)),
  file('all-objects', oldObjects(model)),
]
