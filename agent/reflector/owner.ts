import type { RawObject } from './list.ts'

/** An owner as an object names it. */
export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** The owner that controls an object; others only keep it from being collected. */
export function controllerOf(raw: RawObject): Owner | undefined {
  const references = (raw.metadata.ownerReferences ?? []) as (Owner & { controller?: boolean })[]
  const found = references.find(({ controller }) => controller === true)
  return found && { apiVersion: found.apiVersion, kind: found.kind, name: found.name, uid: found.uid }
}

/** Mirror pods of static pods are owned by their node, which is no workload. */
export const isNode = ({ apiVersion, kind }: Pick<Owner, 'apiVersion' | 'kind'>): boolean =>
  apiVersion === 'v1' && kind === 'Node'
