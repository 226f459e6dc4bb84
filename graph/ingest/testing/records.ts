/** A cluster's relation records as they are stored. */
import type { Store } from '../../store/main.ts'
import type { Properties } from '../derive.ts'
import { say } from './oracle.ts'

interface Row extends Properties {
  readonly kind: string
  readonly by: string
  readonly fromKey: string
  readonly toKey: string
  readonly from: number
  readonly to: number
  readonly recordedFrom: number
  readonly recordedTo: number
  readonly end: number
}

const RECORDS = `CYPHER 5 MATCH (:Object {cluster: $cluster})-[r WHERE r.by IS NOT NULL]->(:Object)
RETURN properties(r) AS r, type(r) AS kind`

export interface StoredRecord {
  readonly r: Row
  readonly kind: string
}

export const storedRecords = (store: Store, cluster: string): Promise<StoredRecord[]> =>
  store.read<StoredRecord>(RECORDS, { cluster })

/** As the oracle says it. */
export const sayRow = (row: StoredRecord): string => {
  const { by, fromKey, toKey, from, to, recordedFrom, recordedTo, end, uncertainty, ...properties } = row.r
  return say(row.kind, by, fromKey, toKey, properties as Properties)
}
