/** Objects by their keys. */
import { type Reader, statement } from './read.ts'
import type { StoredObject } from './stored.ts'

const BY_KEY = statement('objects-by-key')

/** Objects by key; those that are not there are left out. */
export const objects = async (reader: Reader, keys: readonly string[]): Promise<Map<string, StoredObject>> => {
  const rows = await reader.read<{ object: StoredObject }>(BY_KEY, { keys })
  return new Map(rows.map(({ object }) => [object.key, object]))
}
