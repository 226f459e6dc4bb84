/** Finds the object that a kind and a name mean at a time, and the names nearest to a wrong one. */
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import type { ObjectName } from '../../graph/model/generated/types.ts'
import { kindNamed } from './kinds.ts'
import { mentions } from './mentions.ts'
import { type AsOf, forKind, type Reader, statement } from './read.ts'
import { parseState, type RawState } from './states.ts'
import type { StoredObject, StoredState } from './stored.ts'

const FIND = statement('find')
const FIND_GLOBAL = statement('find-global')
const WITH_KEY = statement('with-key')
const ELSEWHERE = statement('elsewhere')
const ELSEWHERE_GLOBAL = statement('elsewhere-global')
const KIND_KNOWN = statement('kind-known')
const NAMES = statement('names')
const NAMES_GLOBAL = statement('names-global')

/** What is asked about: `deployment`, `checkout`, `shop`. */
export interface Asked {
  readonly kind: string
  /** Its name, or its UID: a pod that only the kernel told of has no name. */
  readonly name: string
  /** Ignored for kinds that have none. */
  readonly namespace: string
}

/** An object with its state in force; `state` is null where none was seen by then. */
export interface Found {
  readonly object: StoredObject
  readonly state: StoredState | null
  /** Without a state: others told of it by then, so that it was there though nobody watched it. */
  readonly mentioned: boolean
}

const namespaced = (label: ObjectName): boolean => OBJECTS[label].namespaced === true

/** Objects of one name that one answer looks at, of those that were seen and of those that were not. */
export const NAMESAKES = 100

/**
 * The objects that had this kind and name by `at`, those that exist at that time first, then those of which the newest was
 * told: a placeholder to which no relation leads any more comes after the object that it stood for. Of more than NAMESAKES
 * these come first, and one more tells that there are more.
 */
export const find = async (reader: Reader, cluster: string, asked: Asked, asOf: AsOf): Promise<Found[]> => {
  const { label, workloadKind } = kindNamed(asked.kind)
  const text = forKind(namespaced(label) ? FIND : FIND_GLOBAL, label)
  type Row = { object: StoredObject; state: RawState | null; ranAt?: number | null }
  const named = await reader.read<Row>(text, {
    cluster,
    name: asked.name,
    limit: NAMESAKES + 1,
    ...(namespaced(label) ? { namespace: asked.namespace, workloadKind } : {}),
    ...asOf,
  })
  const rows =
    named.length > 0
      ? named
      : await reader.read<Row>(WITH_KEY, { key: `${cluster}/${asked.name}`, kind: label, ...asOf })
  const stateless = rows.flatMap(({ object, state }) => (state === null ? [object.key] : []))
  const mentionedAt = await mentions(reader, stateless, asOf)
  // That a pod runs its containers is never ended: of those that only the kernel told of, the last to run one is there.
  const ranAt = new Map(rows.map((row) => [row.object.key, row.ranAt ?? -1]))
  const found = rows.map(({ object, state }) => ({
    object,
    state: state === null ? null : parseState(state),
    mentioned: mentionedAt.has(object.key),
  }))
  const isAlive = ({ state }: Found): boolean => state !== null && !state.deleted
  const toldAt = ({ object, state }: Found): number => state?.at ?? mentionedAt.get(object.key) ?? -1
  return found.sort(
    (a, b) =>
      Number(isAlive(b)) - Number(isAlive(a)) ||
      toldAt(b) - toldAt(a) ||
      ranAt.get(b.object.key)! - ranAt.get(a.object.key)!,
  )
}

export interface NamedObject {
  readonly kind: string
  readonly name: string
  readonly namespace: string | null
}

/** Of `clusters` those that have, or had, an object of this kind and name. */
export const elsewhere = async (reader: Reader, clusters: readonly string[], asked: Asked): Promise<string[]> => {
  const { label, workloadKind } = kindNamed(asked.kind)
  const text = forKind(namespaced(label) ? ELSEWHERE : ELSEWHERE_GLOBAL, label)
  const rows = await reader.read<{ cluster: string }>(text, {
    clusters,
    name: asked.name,
    ...(namespaced(label) ? { namespace: asked.namespace, workloadKind } : {}),
  })
  return rows.map((row) => row.cluster)
}

/** Whether a word means a kind: one of the model, a built-in workload, or a custom workload that the cluster has. */
export const isKind = async (reader: Reader, cluster: string, word: string): Promise<boolean> => {
  const { workloadKind, builtIn } = kindNamed(word)
  if (builtIn) return true
  return (await reader.read(KIND_KNOWN, { cluster, workloadKind })).length > 0
}

/** Number of letters to insert, delete or replace to make `b` of `a`. */
const distance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    above = row
  }
  return above[b.length]!
}

/** Up to three objects whose names are nearest to the one that was not found; none that shares too little with it. */
export const nearest = async (reader: Reader, cluster: string, asked: Asked): Promise<NamedObject[]> => {
  const { label, workloadKind } = kindNamed(asked.kind)
  const labels = new Set<ObjectName>([label, 'Workload', 'Service'])
  const rows = await Promise.all(
    [...labels].map((kind) =>
      namespaced(kind)
        ? reader.read<NamedObject>(forKind(NAMES, kind), { cluster, name: asked.name, namespace: asked.namespace })
        : reader.read<NamedObject>(forKind(NAMES_GLOBAL, kind), { cluster }),
    ),
  )
  const wanted = workloadKind ?? label
  const cost = (it: NamedObject): number =>
    distance(asked.name, it.name) + (it.kind === wanted ? 0 : 1) + (it.namespace === asked.namespace ? 0 : 1)
  return rows
    .flat()
    .filter((it) => it.name !== null && distance(asked.name, it.name) <= Math.max(2, asked.name.length / 3))
    .sort((a, b) => cost(a) - cost(b))
    .slice(0, 3)
}
