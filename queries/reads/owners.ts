/** The owner chain of an object: ReplicaSet, Deployment, and on. */
import { type AsOf, type Reader, statement } from './read.ts'
import type { StoredObject } from './stored.ts'

const OWNERS = statement('owners')

/** Owners of each key, the nearest first; keys without an owner are left out. */
export const owners = async (
  reader: Reader,
  keys: readonly string[],
  asOf: AsOf,
): Promise<Map<string, StoredObject[]>> => {
  const rows = await reader.read<{ key: string; owner: StoredObject }>(OWNERS, { keys, ...asOf })
  const byKey = Map.groupBy(rows, (row) => row.key)
  return new Map([...byKey].map(([key, chain]) => [key, chain.map((row) => row.owner)]))
}
