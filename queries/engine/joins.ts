/** The keys that may join two events, by strength. Order and refusals: causality rules; the numbers are judgements, not measured. */

/** Properties of events by which anchors are found. */
export const KEYS = ['objectKey', 'podKey'] as const
export type Key = (typeof KEYS)[number]

export interface Join {
  /** What a hop over this key is worth, 0 to 1. */
  readonly worth: number
  /** Property of every event that holds the key, where both events carry it: anchors are then found by its index. */
  readonly property?: Key
  /** What both events are about then. */
  readonly doc: string
}

/**
 * Without `property` the pattern's Cypher walks to the other event (owners, addresses, nodes), and a new event wakes the
 * occurrences near it in time. Namespace or time alone never makes a causal edge, so they are not here.
 */
export const JOINS = {
  container: { worth: 1, property: 'objectKey', doc: 'One run of a container.' },
  pod: { worth: 1, property: 'podKey', doc: 'One pod.' },
  process: { worth: 0.98, property: 'objectKey', doc: 'One process of a container.' },
  owner: { worth: 0.9, doc: 'Objects with one owner, or an object and its owner.' },
  address: { worth: 0.8, doc: 'Who held an address at that time.' },
  node: { worth: 0.5, doc: 'One node.' },
} as const satisfies Record<string, Join>

export type JoinName = keyof typeof JOINS

export const joinOf = (name: JoinName): Join => JOINS[name]
