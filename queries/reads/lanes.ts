/** How far the lanes of a cluster have come, and with that how late a question about what was known may be. */
import { LANES } from '../../graph/model/batch.ts'
import { toRfc3339 } from '../../graph/model/time.ts'
import { InvalidRequest, KNOWN_NOW, type Reader, statement } from './read.ts'

const LANES_OF = statement('lanes')

export interface LaneEnds {
  /** Arrival at which each lane ends; 0 for one that nothing was written to. */
  readonly ends: number[]
  /** µs: what was recorded by then is there in every lane. Null where nothing was written. */
  readonly knownUpTo: number | null
}

/** Where each lane of a cluster ends now. */
export const readLanes = async (reader: Reader, cluster: string): Promise<LaneEnds> => {
  const keys = Array.from({ length: LANES }, (_, lane) => `${cluster}/${lane}`)
  const rows = await reader.read<{ key: string; arrival: number; recordedAt: number }>(LANES_OF, { keys })
  const arrivals = new Map(rows.map(({ key, arrival }) => [key, arrival]))
  return {
    ends: keys.map((key) => arrivals.get(key) ?? 0),
    knownUpTo: rows.length === 0 ? null : Math.min(...rows.map(({ recordedAt }) => recordedAt)),
  }
}

/**
 * `known` itself. Throws InvalidRequest where it is later than the slowest lane has come: something older may still be
 * committed there, and the same question would get another answer.
 */
export const settledKnown = async (reader: Reader, cluster: string, known: number): Promise<number> => {
  if (known === KNOWN_NOW) return known
  const { knownUpTo } = await readLanes(reader, cluster)
  if (knownUpTo === null || known <= knownUpTo) return known
  throw new InvalidRequest(
    `known: got ${toRfc3339(known)}, expected at most ${toRfc3339(knownUpTo)}: a lane may still take in something older`,
  )
}
