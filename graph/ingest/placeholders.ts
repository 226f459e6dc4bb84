/** Objects that are named before anything else is known of them, by something else than an observation of a batch. */
import type { ObjectRef } from '../model/observation.ts'
import type { Transaction } from '../store/main.ts'
import { type ObjectRow, objectRow, united } from './objects.ts'
import { objectsToWrite } from './read.ts'
import { writeOf } from './statements.ts'

/** Makes those that are not there, and of the others adds what a relation's end would: a state that comes later names them. */
export const writePlaceholders = async (
  transaction: Transaction,
  cluster: string,
  refs: readonly ObjectRef[],
): Promise<void> => {
  const objects = new Map<string, ObjectRow>()
  for (const ref of refs) {
    const key = `${cluster}/${ref.key}`
    const row = objectRow(key, cluster, ref, false)
    const known = objects.get(key)
    objects.set(key, known ? united(known, row) : row)
  }
  const unknown = Map.groupBy(await objectsToWrite(transaction, objects), ({ kind }) => kind)
  for (const [kind, rows] of unknown) await transaction.run(writeOf(kind), { rows })
}
