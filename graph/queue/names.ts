/** Names in Redis. Each queue has a hash tag of its own, so that a Redis Cluster may spread the lanes. */

/** A lane's queue; its keys are `<prefix>:{lane-3}:...`. */
export const laneQueue = (lane: number): string => `{lane-${lane}}`

/** A pattern's queue. */
export const patternQueue = (pattern: string): string => `{pattern-${pattern}}`

/** Jobs of a lane that wait for a consumer that knows their version: a list, oldest first. */
export const parkedKey = (prefix: string, lane: number, version: number): string =>
  `${prefix}:${laneQueue(lane)}:parked-${version}`

/** When the lane's jobs that nobody could read were sent: a list, the newest first. */
export const unreadKey = (prefix: string, lane: number): string => `${prefix}:${laneQueue(lane)}:unread`

/** Versions that were ever parked: a set. */
export const parkedVersionsKey = (prefix: string): string => `${prefix}:parked-versions`

/** Jobs and observations that can't be written, with the reason: a stream. */
export const deadLettersKey = (prefix: string): string => `${prefix}:{dead-letters}`

/** How many dead letters had to make room for newer ones. */
export const deadLettersDroppedKey = (prefix: string): string => `${prefix}:{dead-letters}:dropped`

/** Patterns that have a running correlator: a sorted set by when it was last seen (ms). */
export const patternsKey = (prefix: string): string => `${prefix}:patterns`
