/** The part of a cluster around an object, or of a namespace, as it was: objects and the relations between them. */
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import type { ObjectName } from '../../graph/model/generated/types.ts'
import { type Ground, groundOf } from './ground.ts'
import { beginAt, instant, type Link, type Walk, walk } from './links.ts'
import { type AsOf, forKind, InvalidRequest, pageSize, type Reader, statement } from './read.ts'
import type { StoredObject } from './stored.ts'
import { type AsOfQuestion, type Subject, settle, subjectOf } from './subject.ts'

const OF_NAMESPACE = statement('of-namespace')

/** Steps away from the object that an answer may go. */
const DEEPEST = 8
/** Objects that one answer may hold. */
const LARGEST = 2_000

export interface Topology {
  readonly ground: Ground
  /** By distance from what was asked about. */
  readonly nodes: readonly StoredObject[]
  readonly edges: readonly Link[]
  /** There is more, deeper or beside it. */
  readonly cut: boolean
}

export interface Size {
  readonly depth: number
  readonly most: number
}

/** Bounds of an answer, refused where they are out of bounds themselves. */
export const sizeOf = ({ depth = DEEPEST, first = 500 }: { depth?: number; first?: number }): Size => {
  if (!Number.isInteger(depth) || depth < 1 || depth > DEEPEST)
    throw new InvalidRequest(`depth: got ${depth}, expected 1 to ${DEEPEST}`)
  return { depth, most: pageSize(first, LARGEST) }
}

const answer = async (reader: Reader, cluster: string, { at, known }: AsOf, found: Walk): Promise<Topology> => {
  const nodes = [...found.reached.values()].map(({ object }) => object)
  return {
    ground: await groundOf(reader, cluster, { from: at, to: at }, known),
    nodes,
    edges: found.links.filter(({ fromKey, toKey }) => found.reached.has(fromKey) && found.reached.has(toKey)),
    cut: found.cut,
  }
}

/**
 * What an object consists of and relies on, what is beside it, and all that an answer about those rests on. Throws NotFound where it
 * was not there.
 */
export const topologyAround = async (
  reader: Reader,
  question: AsOfQuestion,
  size: Size,
): Promise<Topology & { subject: Subject }> => {
  const subject = await subjectOf(reader, question)
  const window = instant(subject)
  const parts = await walk(reader, 'parts', beginAt(subject.object), window, size)
  const below = await walk(reader, 'relies-on', parts, window, size)
  const beside = await walk(reader, 'beside', beginAt(subject.object), window, { ...size, depth: 1 })
  const begun: Walk = {
    reached: new Map([...below.reached, ...[...beside.reached].filter(([key]) => !below.reached.has(key))]),
    links: [...below.links, ...beside.links],
    cut: below.cut,
  }
  const found = await walk(reader, 'reach', begun, window, size)
  return { subject, ...(await answer(reader, subject.cluster, subject, found)) }
}

const NAMESPACED = (Object.keys(OBJECTS) as ObjectName[]).filter((kind) => OBJECTS[kind].namespaced === true)

/** All objects of a namespace, with what is one step from them. */
export const topologyOfNamespace = async (
  reader: Reader,
  question: { cluster: string; namespace: string; at?: number; known?: number },
  { most }: Pick<Size, 'most'>,
): Promise<Topology> => {
  const { cluster, namespace } = question
  const times = await settle(reader, question)
  const rows = await Promise.all(
    NAMESPACED.map((kind) =>
      reader.read<{ object: StoredObject }>(forKind(OF_NAMESPACE, kind), {
        ...{ cluster, namespace, limit: most + 1, ...times },
      }),
    ),
  )
  const objects = rows.flat().map(({ object }) => object)
  const begun = { ...beginAt(...objects.slice(0, most)), cut: objects.length > most }
  const found = await walk(reader, 'reach', begun, instant(times), { depth: 1, most })
  return answer(reader, cluster, times, { ...found, cut: begun.cut || found.reached.size >= most })
}
