/** What patterns have concluded. */
import { type Reader, statement } from './read.ts'

const WORK = statement('pattern-work')

export interface PatternWork {
  readonly pattern: string
  readonly occurrences: number
  /** Occurrences whose verdict is not final. */
  readonly open: number
  /** When the last one happened, µs. */
  readonly lastAt: number
  /** When the last verdict was written, µs. */
  readonly concludedAt: number
}

/** One entry for each pattern that ever found something in the cluster. */
export const patternWork = (reader: Reader, cluster: string): Promise<PatternWork[]> =>
  reader.read<PatternWork>(WORK, { cluster })
