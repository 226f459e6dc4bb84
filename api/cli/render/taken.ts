/** Which time an answer is of: one that was given as 14:02 or -2h may be of another day than its asker thinks. */
import type { NotThere } from '../../../queries/reads/main.ts'
import { labelled } from './columns.ts'
import type { Ink } from './why.ts'

interface Times {
  readonly at: number
  readonly known: number
  /** Where it is about all of a window. */
  readonly from?: number
}

/** One line below an answer, but where it is simply of now: what was given, and of a recording its end. */
export const timesTaken = ({ at, known, from }: Times, { reads, clock }: Pick<Ink, 'reads' | 'clock'>): string[] => {
  const isAll = known === reads.KNOWN_NOW
  if (clock.isNow(at) && isAll && (from === undefined || from === at - reads.LOOK_BACK)) return []
  const told = [
    clock.utc(at),
    ...(from === undefined ? [] : [`back to ${clock.utc(from)}`]),
    ...(isAll ? [] : [`with what was known at ${clock.utc(known)}`]),
  ]
  return labelled('as of', [told.join(', ')])
}

/** The same of what is not there then, if it is at other times: else time is not what is wrong. */
export const timesAbsent = (
  { at, known, deletedAt, firstSeenAt }: NotThere,
  tools: Pick<Ink, 'reads' | 'clock'>,
): string[] => (deletedAt === null && firstSeenAt === null ? [] : timesTaken({ at, known }, tools))
