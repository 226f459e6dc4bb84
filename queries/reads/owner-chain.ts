/** The owners of one object as of a time, with what that rests on. */
import { type Ground, groundOf } from './ground.ts'
import { owners } from './owners.ts'
import type { Reader } from './read.ts'
import type { StoredObject } from './stored.ts'
import { type AsOfQuestion, type Subject, subjectOf } from './subject.ts'

export interface OwnerChain {
  readonly subject: Subject
  readonly ground: Ground
  /** The nearest first. */
  readonly owners: readonly StoredObject[]
}

/** Throws NotFound where the object was not there. */
export const ownerChain = async (reader: Reader, question: AsOfQuestion): Promise<OwnerChain> => {
  const subject = await subjectOf(reader, question)
  const { cluster, at, known, object } = subject
  const [chains, ground] = await Promise.all([
    owners(reader, [object.key], subject),
    groundOf(reader, cluster, { from: at, to: at }, known),
  ])
  return { subject, ground, owners: chains.get(object.key) ?? [] }
}
