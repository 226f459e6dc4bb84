/** What an object relies on, and what suffers where it is broken: by the end of each relation that depends on the other one. */
import { type Ground, groundOf } from './ground.ts'
import { beginAt, instant, type Reached, walk } from './links.ts'
import type { Reader } from './read.ts'
import { type AsOfQuestion, type Subject, subjectOf } from './subject.ts'
import type { Size } from './topology.ts'

export interface Reliance {
  readonly subject: Subject
  readonly ground: Ground
  /** By distance, each with the relations that lead there. */
  readonly found: readonly Reached[]
  /** There is more, deeper or beside it. */
  readonly cut: boolean
}

/** All that an object relies on, through its pods and what they use. Throws NotFound where it was not there. */
export const dependencies = async (reader: Reader, question: AsOfQuestion, size: Size): Promise<Reliance> => {
  const subject = await subjectOf(reader, question)
  const { reached, cut } = await walk(reader, 'relies-on', beginAt(subject.object), instant(subject), size)
  return {
    subject,
    ground: await groundOf(reader, subject.cluster, { from: subject.at, to: subject.at }, subject.known),
    found: [...reached.values()].slice(1),
    cut,
  }
}

/** All that suffers where an object, or a part of it such as its pods, is broken. Throws NotFound where it was not there. */
export const dependents = async (reader: Reader, question: AsOfQuestion, size: Size): Promise<Reliance> => {
  const subject = await subjectOf(reader, question)
  const window = instant(subject)
  const parts = await walk(reader, 'parts', beginAt(subject.object), window, size)
  const { reached, cut } = await walk(reader, 'relied-on-by', parts, window, { ...size, through: true })
  return {
    subject,
    ground: await groundOf(reader, subject.cluster, { from: subject.at, to: subject.at }, subject.known),
    found: [...reached.values()].filter(({ object }) => !parts.reached.has(object.key)),
    cut,
  }
}
