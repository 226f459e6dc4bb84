/** Takes a cluster out of the graph: a replay's or a case's, when it is done. */
import type { Store } from '../store/main.ts'

/**
 * Labels whose nodes carry `cluster` in an index: no scan of what belongs to others. Lanes, horizons and the engine's cursors are few. Lanes go last: by
 * them the cluster is found again where this is cut off. With them go the cursors: a lane without one is begun anew, at its end.
 */
const LABELS = [
  'Verdict',
  'Occurrence',
  'Incident',
  'Event',
  'State',
  'Object',
  'Context',
  'Coverage',
  'Gap',
  'Loss',
  'Horizon',
  'Cursor|Lane',
]

/** Deletes all that belongs to `cluster`, relationships first where there are many, in small transactions. */
export const removeCluster = async (store: Store, cluster: string): Promise<void> => {
  // A hub's relationships in one transaction would be too many.
  await store.run(
    'CYPHER 5 MATCH (:Object {cluster: $cluster})-[r]->(:Object) CALL (r) { DELETE r } IN TRANSACTIONS OF 5000 ROWS',
    { cluster },
  )
  for (const label of LABELS)
    await store.run(
      `CYPHER 5 MATCH (n:${label} {cluster: $cluster}) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS`,
      { cluster },
    )
}
