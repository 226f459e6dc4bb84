/** How much the graph holds. */
import { type Reader, statement } from './read.ts'

const SIZE = statement('size')

export interface GraphSize {
  readonly events: number
  readonly objects: number
  /** Horizon of answers about the cluster: its oldest event, µs; null where it has none. */
  readonly oldestAt: number | null
}

/** Counts of the whole graph, from the server's own statistics, and the horizon of one cluster. */
export const graphSize = async (reader: Reader, cluster: string): Promise<GraphSize> => {
  const [row] = await reader.read<GraphSize>(SIZE, { cluster })
  return row!
}
