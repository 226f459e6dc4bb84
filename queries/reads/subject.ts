/** The object that a question is about, as of its time; where there is none, what may have been meant. */
import { isOfCase } from '../../graph/model/cluster-name.ts'
import { MINUTE, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { type Asked, elsewhere, type Found, find, isKind, NAMESAKES, type NamedObject, nearest } from './find.ts'
import { settledKnown } from './lanes.ts'
import { InvalidRequest, KNOWN_NOW, type Reader } from './read.ts'
import { clusterNow, clusters, sources } from './sources.ts'
import { firstSeen } from './states.ts'
import { kindOf, type StoredObject, type StoredState } from './stored.ts'
import { many } from './units.ts'

/** What a source left out is told by its heartbeats: those of the last hour count. */
const HEARD_WITHIN = 60 * MINUTE

/** A question about one object as of a time. */
export interface AsOfQuestion extends Asked {
  readonly cluster: string
  /** World time, µs; the cluster's own now unless given. */
  readonly at?: number
  /** What had been recorded by then, µs; all unless given. */
  readonly known?: number
}

/** A question with its times settled. */
export interface Asking {
  readonly cluster: string
  readonly asked: Asked
  readonly at: number
  readonly known: number
}

export interface NotThere extends Asking {
  readonly result: 'not-found'
  readonly nearest: readonly NamedObject[]
  /** When an object of this name was deleted, if there was one. */
  readonly deletedAt: number | null
  /** When one was seen first, if that was after the time of the question. */
  readonly firstSeenAt: number | null
  /** Clusters that the graph knows of, if it knows nothing of this one. */
  readonly otherClusters: readonly string[] | null
  /** Other clusters that have an object of this kind and name. */
  readonly elsewhere: readonly string[]
  /** False where the kind means nothing in this cluster. */
  readonly kindKnown: boolean
  /** How many objects of that namespace are there, and left out of what is watched. */
  readonly leftOut: number
}

/** Clusters that a message names. */
const NAMED = 5

/** That nothing was heard of a cluster, and which others there are. */
export const unheardText = (cluster: string, others: readonly string[]): string => {
  const named = others.filter((it) => !isOfCase(it)).slice(0, NAMED)
  const known = named.length === 0 ? 'no source has reported yet' : `known: ${named.join(', ')}`
  return `nothing was heard of a cluster "${cluster}" (${known}).`
}

/** Throws InvalidRequest for a cluster of which nothing was heard. */
export const refuseUnheard = async (reader: Reader, cluster: string): Promise<void> => {
  const heard = (await clusters(reader)).map((it) => it.cluster)
  if (!heard.includes(cluster)) throw new InvalidRequest(unheardText(cluster, heard))
}

/** That a word means no kind, as far as the cluster is known. */
export const unknownKindText = (kind: string, cluster: string): string =>
  `no kind "${kind}" is known in cluster ${cluster}: expected one such as deployment, statefulset, pod or service.`

/** Why there is no such object; `time` writes a point in time for the reader. */
export const notThereText = (
  { asked, cluster, nearest, deletedAt, firstSeenAt, otherClusters, elsewhere, kindKnown, leftOut }: NotThere,
  time: (micros: number) => string,
): string => {
  const there = elsewhere.slice(0, NAMED).join(', ')
  const other = elsewhere.length === 0 ? '' : ` There is one in cluster ${there}: add -c ${elsewhere[0]}.`
  if (otherClusters !== null) return `${unheardText(cluster, otherClusters)}${other}`
  if (!kindKnown && elsewhere.length === 0) return unknownKindText(asked.kind, cluster)
  const what = `no ${asked.kind.toLowerCase()} "${asked.name}" in namespace "${asked.namespace}"`
  // What is not watched may be there: nothing negative is said of it.
  if (leftOut > 0)
    return `${what} is watched, and ${many(leftOut, 'object')} of that namespace are left out (AITIA_NAMESPACES, AITIA_LABELS, or the annotation aitia.dev/ignore): it may be one of them.`
  if (deletedAt !== null) return `${what} any more: it was deleted at ${time(deletedAt)}. Add --at with a time before.`
  if (firstSeenAt !== null) return `${what} yet: it was first seen at ${time(firstSeenAt)}. Add --at with a time after.`
  const names = nearest.map((it) =>
    [
      it.kind.toLowerCase() === asked.kind.toLowerCase() ? '' : `${it.kind.toLowerCase()}/`,
      it.name,
      it.namespace === null || it.namespace === asked.namespace ? '' : ` in ${it.namespace}`,
    ].join(''),
  )
  const place = elsewhere.length === 0 ? '' : ` of cluster ${cluster}`
  return `${what}${place}${names.length > 0 ? ` (nearest: ${names.join(', ')})` : ''}.${other}`
}

/** There is no object of that kind and name at that time. */
export class NotFound extends InvalidRequest {
  readonly answer: NotThere
  constructor(answer: NotThere) {
    super(notThereText(answer, toRfc3339))
    this.answer = answer
  }
}

/** Other clusters that are searched for what was not found. */
const OTHERS = 50

/** `found` is the best match that does not exist at that time, if there is one. */
export const notThere = async (reader: Reader, asking: Asking, found: Found | undefined): Promise<NotThere> => {
  const heard = (await clusters(reader)).map((it) => it.cluster)
  const others = heard.filter((it) => it !== asking.cluster && !isOfCase(it))
  const [names, there, kindKnown, told, seen] = await Promise.all([
    nearest(reader, asking.cluster, asking.asked),
    found === undefined ? elsewhere(reader, others.slice(0, OTHERS), asking.asked) : [],
    isKind(reader, asking.cluster, asking.asked.kind),
    sources(reader, asking.cluster, { from: asking.at - HEARD_WITHIN, to: asking.at, known: asking.known }),
    firstSeen(reader, found === undefined || found.state !== null ? [] : [found.object.key]),
  ])
  return {
    ...asking,
    result: 'not-found',
    nearest: names,
    deletedAt: found?.state?.at ?? null,
    firstSeenAt: [...seen.values()][0] ?? null,
    otherClusters: heard.includes(asking.cluster) ? null : heard,
    elsewhere: there,
    kindKnown,
    leftOut: Math.max(0, ...told.map(({ counters }) => counters[`omitted.objects.in.${asking.asked.namespace}`] ?? 0)),
  }
}

/** How far back an answer looks unless told, µs. */
export const LOOK_BACK = 24 * 3600 * SECOND

/** The times of a question: now where it names none. Throws InvalidRequest for a `known` that is too late. */
export const settle = async (
  reader: Reader,
  { cluster, at, known }: { cluster: string; at?: number; known?: number },
): Promise<{ at: number; known: number }> => ({
  at: at ?? (await clusterNow(reader, cluster)),
  known: await settledKnown(reader, cluster, known ?? KNOWN_NOW),
})

/** An object that was there, and what it looked like; one of which only others told has no state. */
export interface Subject extends Asking {
  readonly object: StoredObject
  readonly state: StoredState | null
}

/** A placeholder is there by being referred to, and what nobody watches by being told of: by then, not only since. */
const wasThere = ({ state, mentioned }: Found): boolean => (state === null ? mentioned : !state.deleted)

/** The object that is asked about. Throws NotFound where it was deleted or not yet seen at that time, or never was. */
export const subjectOf = async (reader: Reader, question: AsOfQuestion): Promise<Subject> => {
  const { cluster, kind, name, namespace } = question
  const times = await settle(reader, question)
  const asking: Asking = { cluster, asked: { kind, name, namespace }, ...times }
  const [found] = await find(reader, cluster, asking.asked, times)
  if (found === undefined || !wasThere(found)) throw new NotFound(await notThere(reader, asking, found))
  return { ...asking, object: found.object, state: found.state }
}

/**
 * All objects of the name that were there at any time from `from` up to the time of the question: a second one where it was
 * made anew. `cut` where there are more: the newest are told. Throws NotFound where there was none.
 */
export const subjectsSince = async (
  reader: Reader,
  asking: Asking,
  from: number,
): Promise<{ objects: StoredObject[]; cut: boolean }> => {
  const found = await find(reader, asking.cluster, asking.asked, asking)
  const there = found.filter((it) => wasThere(it) || (it.state !== null && it.state.at > from))
  if (there.length === 0) throw new NotFound(await notThere(reader, asking, found[0]))
  return { objects: there.slice(0, NAMESAKES).map(({ object }) => object), cut: there.length > NAMESAKES }
}

/** Of what is only referred to by name: that it does not exist, or that nobody looks. Empty for all else. */
export const standingOf = ({ missing, unwatched }: StoredObject): '' | 'missing' | 'not watched' =>
  missing ? 'missing' : unwatched ? 'not watched' : ''

/** `Deployment shop/checkout`. */
export const nameOf = (object: StoredObject): string => {
  const name = object.name ?? object.key.slice(object.cluster.length + 1)
  return `${kindOf(object)} ${object.namespace === undefined ? '' : `${object.namespace}/`}${name}`
}
