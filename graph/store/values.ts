/** The one place where JavaScript's numbers become Neo4j's integers, and the driver's values become plain ones. */
import neo4j, { type Integer } from 'neo4j-driver'

/** A node as a reader gets it. */
export interface GraphNode<P = Readonly<Record<string, unknown>>> {
  readonly elementId: string
  readonly labels: readonly string[]
  readonly properties: P
}

/** A relationship as a reader gets it. */
export interface GraphRelation<P = Readonly<Record<string, unknown>>> {
  readonly elementId: string
  readonly type: string
  readonly startElementId: string
  readonly endElementId: string
  readonly properties: P
}

export type Params = Readonly<Record<string, unknown>>

type Sent = string | boolean | null | number | Integer | Sent[] | { [name: string]: Sent }

/** Whole numbers as integers (the driver would send floats, which break LIMIT and equality); `undefined` is left out. */
export const toGraph = (value: unknown): Sent => {
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? neo4j.int(value) : value
    case 'string':
    case 'boolean':
      return value
    case 'bigint':
      return neo4j.int(value)
    case 'undefined':
      return null
    case 'object': {
      if (value === null) return null
      if (Array.isArray(value)) return value.map(toGraph)
      const sent: { [name: string]: Sent } = {}
      for (const name in value) {
        const member = (value as Record<string, unknown>)[name]
        if (member !== undefined) sent[name] = toGraph(member)
      }
      return sent
    }
    default:
      throw new TypeError(`a parameter is a ${typeof value}, expected text, number, boolean, list or map`)
  }
}

/** Nodes, relationships and paths without the driver's classes; integers are numbers already (`disableLosslessIntegers`). */
export const fromGraph = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(fromGraph)
  if (neo4j.isNode(value)) return { elementId: value.elementId, labels: value.labels, properties: value.properties }
  if (neo4j.isRelationship(value))
    return {
      elementId: value.elementId,
      type: value.type,
      startElementId: value.startNodeElementId,
      endElementId: value.endNodeElementId,
      properties: value.properties,
    }
  if (neo4j.isPath(value))
    return {
      nodes: [value.start, ...value.segments.map((segment) => segment.end)].map(fromGraph),
      relations: value.segments.map((segment) => fromGraph(segment.relationship)),
    }
  const plain: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) plain[name] = fromGraph(member)
  return plain
}
