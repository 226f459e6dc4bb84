/** Names of what the engine writes. Made of content, so that evaluating again writes the same nodes. Each carries its cluster in front. */
import { digestOf } from '../../graph/model/digest.ts'

/** Of several parts, in their order. */
export const digest = (...parts: readonly unknown[]): string => digestOf(parts)

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
