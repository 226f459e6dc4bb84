/** Names of what the engine writes. Made of content, so that evaluating again writes the same nodes. Each carries its cluster in front. */
import { createHash } from 'node:crypto'
import { canonical } from '../../graph/ingest/derive.ts'

/** 64 bits of SHA-256 as hex: below 10^-7 for one collision among 10^6 ids. */
export const digest = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(canonical(parts)).digest('hex').slice(0, 16)

export const occurrenceId = (cluster: string, pattern: string, anchorId: string): string =>
  `${cluster}/${digest(pattern, anchorId)}`

/** The number is part of it: a verdict that returns to what an earlier one said is a new one all the same. */
export const verdictId = (cluster: string, occurrence: string, number: number, content: string): string =>
  `${cluster}/${digest(occurrence, number, content)}`

/** No time in it: all occurrences of one cause on one container of one workload. */
export const incidentId = (
  cluster: string,
  pattern: string,
  workloadKey: string,
  containerName: string | null,
  cause: string,
): string => `${cluster}/${digest(pattern, workloadKey, containerName, cause)}`
