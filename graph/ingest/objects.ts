/**
 * Objects as the batch names them. What is known of an object is what all references to it say together, whatever their
 * order: its own state names it, else the smaller of two texts; it is missing while every reference says so.
 */
import type { ObjectName } from '../model/generated/types.ts'
import type { ObjectRef, StateObservation } from '../model/observation.ts'

/** What references say of an object, and what the graph has of it. */
export interface Naming {
  /** By its own state: that of a reference counts no more. */
  readonly named: true | null
  readonly name: string | null
  readonly namespace: string | null
  readonly workloadKind: string | null
  readonly missing: true | null
}

export interface ObjectRow extends Naming {
  readonly key: string
  readonly kind: ObjectName
  /** Those that can't differ: they follow from the key. */
  readonly properties: {
    readonly cluster: string
    readonly uid: string
    readonly kind: ObjectName
    readonly unwatched?: true
  }
}

/** @param named its own state says it */
export const objectRow = (key: string, cluster: string, ref: ObjectRef, named: boolean): ObjectRow => ({
  key,
  kind: ref.kind,
  named: named || null,
  name: ref.name ?? null,
  namespace: ref.namespace ?? null,
  workloadKind: ref.workloadKind ?? null,
  missing: ref.missing ?? null,
  properties: { cluster, uid: ref.key, kind: ref.kind, ...(ref.unwatched && { unwatched: true }) },
})

/** Whether a reference says of the row's object just what the row says. */
export const saysTheSame = (row: ObjectRow, ref: ObjectRef, named: boolean): boolean =>
  row.name === (ref.name ?? null) &&
  row.namespace === (ref.namespace ?? null) &&
  row.workloadKind === (ref.workloadKind ?? null) &&
  row.missing === (ref.missing ?? null) &&
  row.named === (named || null) &&
  row.properties.unwatched === ref.unwatched

/** Whether a state names its object. A container's is a claim of attribution, made of no more than a pod's reference to it. */
export const namesItself = ({ object, pod }: StateObservation): boolean =>
  object.name !== undefined && pod === undefined

const smaller = (a: string | null, b: string | null): string | null => (a !== null && (b === null || a < b) ? a : b)

/** What two say together; the statements of generated/<object>.cypher hold to the same. */
const together = (a: Naming, b: Naming): Naming => {
  const missing = a.missing && b.missing
  if (a.named !== b.named) return { ...(a.named ? a : b), missing }
  return {
    named: a.named,
    name: smaller(a.name, b.name),
    namespace: smaller(a.namespace, b.namespace),
    workloadKind: smaller(a.workloadKind, b.workloadKind),
    missing,
  }
}

const NAMING = ['named', 'name', 'namespace', 'workloadKind', 'missing'] as const
const namingOf = ({ named, name, namespace, workloadKind, missing }: Naming): Naming => ({
  ...{ named, name, namespace, workloadKind, missing },
})

/** Two rows of one object as one. */
export const united = (a: ObjectRow, b: ObjectRow): ObjectRow => ({ ...a, ...together(namingOf(a), namingOf(b)) })

/** Whether a row says more than is known. */
export const saysMore = (row: ObjectRow, known: Naming): boolean => {
  const both = together(namingOf(known), namingOf(row))
  return NAMING.some((name) => both[name] !== known[name])
}
