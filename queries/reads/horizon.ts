/** How far back the graph remembers a cluster: retention removes what ended before, and what was known before. */
import { type Reader, statement } from './read.ts'

const HORIZON = statement('horizon')

export interface Horizon {
  /** What happened before may have been removed, µs; null where nothing ever was. */
  readonly at: number | null
  /** What was known before may have been told otherwise, µs; 0 where nothing was ever removed. */
  readonly known: number
}

/** The horizon of a cluster. It is raised before anything goes: who reads it after the data knows of all that lacks there. */
export const horizonOf = async (reader: Reader, cluster: string): Promise<Horizon> => {
  const [row] = await reader.read<{ at: number; known: number | null }>(HORIZON, { cluster })
  return { at: row?.at ?? null, known: row?.known ?? 0 }
}
