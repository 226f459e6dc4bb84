/** Takes away all that was written under the cluster name of a case or a replay. */
import type { Store } from '../../graph/store/main.ts'
import { statement } from './statements.ts'

/** Labels with the unique property that begins with the cluster's name. */
const UNIQUE = {
  ...{ Event: 'id', State: 'id', Object: 'key', Lane: 'key', Coverage: 'id', Gap: 'id', Loss: 'id', Context: 'key' },
  ...{ Verdict: 'id', Occurrence: 'id', Incident: 'id', Cursor: 'key' },
}

/** Nodes deleted by one transaction. */
const LIMIT = 2_000

/** Deletes every node of a cluster in small transactions; another cluster's are not touched. */
export const removeCluster = async (store: Store, cluster: string): Promise<void> => {
  for (const [label, property] of Object.entries(UNIQUE)) {
    for (let deleted = LIMIT; deleted === LIMIT; ) {
      const parameters = { prefix: `${cluster}/`, limit: LIMIT }
      const [row] = await store.run<{ count: number }>(statement('remove-cluster', label, property), parameters)
      deleted = row?.count ?? 0
    }
  }
}
