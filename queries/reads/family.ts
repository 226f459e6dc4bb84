/** All that belongs to an object within a window: owned workloads, pods, their containers, nodes and hosts. */
import { type Reader, statement } from './read.ts'
import type { StoredObject } from './stored.ts'

const FAMILY = statement('family')

/** Most members that one answer looks at. */
export const FAMILY_LIMIT = 2_000

export interface Member {
  readonly member: StoredObject
  /** Where a pod ran, and the machines that those nodes are. */
  readonly nodes: readonly StoredObject[]
  readonly hosts: readonly StoredObject[]
  /** Its runs of containers, the newest first. */
  readonly containers: readonly StoredObject[]
}

export interface Window {
  readonly from: number
  readonly to: number
  readonly known: number
}

/** The object itself and what it owned (a Service: what it selected) at any time of the window. */
export const family = (reader: Reader, key: string, window: Window): Promise<Member[]> =>
  reader.read<Member>(FAMILY, { key, limit: FAMILY_LIMIT, ...window })

/** Keys of all members and their containers: what events of the family are about. */
export const keysOf = (members: readonly Member[]): string[] => [
  ...new Set(members.flatMap(({ member, containers }) => [member.key, ...containers.map((it) => it.key)])),
]
