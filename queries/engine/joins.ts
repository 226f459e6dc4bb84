/** The keys that may join two events, by strength. Order and refusals: causality rules; the numbers are judgements, not measured. */

export interface Join {
  /** What a hop over this key is worth, 0 to 1. */
  readonly worth: number
  /** Property of every event that holds the key, where both events carry it: anchors are then found by its index. */
  readonly property?: 'objectKey' | 'podKey'
}

/**
 * Without `property` the pattern's Cypher walks to the other event (owners, addresses, nodes), and a new event wakes the
 * occurrences near it in time. Namespace or time alone never makes a causal edge, so they are not here.
 */
export const JOINS = {
  container: { worth: 1, property: 'objectKey' },
  pod: { worth: 1, property: 'podKey' },
  process: { worth: 0.98, property: 'objectKey' },
  owner: { worth: 0.9 },
  address: { worth: 0.8 },
  node: { worth: 0.5 },
} as const satisfies Record<string, Join>

export type JoinName = keyof typeof JOINS

export const joinOf = (name: JoinName): Join => JOINS[name]
