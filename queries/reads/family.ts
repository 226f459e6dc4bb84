/** All that belongs to an object within a window: owned workloads, pods, their containers, nodes and hosts. */
import { type Reader, statement } from './read.ts'
import type { StoredObject } from './stored.ts'

const FAMILY = statement('family')

/** Most members that one answer looks at. */
const FAMILY_LIMIT = 2_000

/** Runs of containers that one answer looks at, shared among the members; of each container's name one more. */
const CONTAINERS = 10_000

/** Runs of a container from before a window that may have gone on in it: one, and the one whose end was told late. */
const BEFORE = 2

export interface Member {
  readonly member: StoredObject
  /** Where a pod ran, and the machines that those nodes are. */
  readonly nodes: readonly StoredObject[]
  readonly hosts: readonly StoredObject[]
  /** Its runs of containers in the window, by name the newest first. */
  readonly containers: readonly StoredObject[]
  /** A container of it ran more often than one answer looks at. */
  readonly cut: boolean
}

export interface Window {
  readonly from: number
  readonly to: number
  readonly known: number
}

/** The object itself and what it owned (a Service: what it selected) at any time of the window. */
export const family = (
  reader: Reader,
  key: string,
  { containers = CONTAINERS, ...window }: Window & { containers?: number },
): Promise<Member[]> => reader.read<Member>(FAMILY, { key, limit: FAMILY_LIMIT, before: BEFORE, containers, ...window })

/** Whether an answer that looks at these members leaves out some. */
export const isCut = (members: readonly Member[]): boolean =>
  members.length >= FAMILY_LIMIT || members.some(({ cut }) => cut)

/** Keys of all members and their containers: what events of the family are about. */
export const keysOf = (members: readonly Member[]): string[] => [
  ...new Set(members.flatMap(({ member, containers }) => [member.key, ...containers.map((it) => it.key)])),
]
