/**
 * Plans hang on what the server counted of its data: over a graph with hardly a node, reading all of them costs no more than
 * a seek. Statements are judged as they are planned on a graph in use: some of every kind is there, and counted.
 */
import { pascalCase } from '../../graph/model/generate/names.ts'
import { EVENTS, OBJECTS, RELATIONS } from '../../graph/model/generated/registry.ts'
import { OPEN } from '../../graph/model/time.ts'
import type { Store } from '../../graph/store/main.ts'
import { removeCluster, testCluster } from './servers.ts'

const OF_EACH_KIND = 300
const NODES = `CYPHER 5
UNWIND $kinds AS kind UNWIND range(1, $count) AS n
CALL (kind, n) {
  WITH $cluster + '/' + kind + n AS key
  CREATE (node:$($label):$(kind) {cluster: $cluster, kind: kind, key: key, id: key, name: key, objectKey: key, podKey: key})
  SET node += {at: n, uncertainty: 0, recordedAt: n, source: key}
} IN TRANSACTIONS OF 2000 ROWS`
/** What sources said of their watching, and what was concluded. */
const REST = ['Coverage', 'Gap', 'Loss', 'Incident', 'Occurrence', 'Verdict']
const REST_NODES = `CYPHER 5
UNWIND $kinds AS kind UNWIND range(1, $count) AS n
CALL (kind, n) {
  WITH $cluster + '/' + kind + n AS id
  CREATE (node:$(kind) {cluster: $cluster, id: id, source: id, lane: id, arrival: n, from: n, to: n, heardAt: n, recordedAt: n})
  SET node += {at: n, lastAt: n, pattern: 'p', status: 'final', workloadKey: id, anchorId: id, occurrenceId: id, number: n}
} IN TRANSACTIONS OF 2000 ROWS`
const STATES = `CYPHER 5
UNWIND $kinds AS kind UNWIND range(1, $count) AS n
CALL (kind, n) {
  CREATE (:State {cluster: $cluster, key: $cluster + '/' + kind + n, at: n, source: 's', deleted: false, relations: '[]'})
} IN TRANSACTIONS OF 2000 ROWS`
const RECORDS = `CYPHER 5
UNWIND $kinds AS kind UNWIND range(1, $count) AS n
CALL (kind, n) {
  MATCH (near:Object {key: $cluster + '/' + kind.from + n}) MATCH (far:Object {key: $cluster + '/' + kind.to + n})
  CREATE (near)-[:$(kind.name) {by: near.key, toKey: far.key, from: n, to: $open, end: $open, recordedFrom: n, recordedTo: $open}]->(far)
} IN TRANSACTIONS OF 2000 ROWS`

/** Runs `work` on the graph of `store` with some of each kind in it, and takes them out again. */
export const inUse = async <T>(store: Store, work: () => Promise<T>): Promise<T> => {
  const cluster = testCluster()
  const parameters = { cluster, count: OF_EACH_KIND, open: OPEN }
  const relations = Object.values(RELATIONS).map(({ name, from, to }) => ({ name, from: from[0], to: to[0] }))
  await store.run(NODES, { ...parameters, label: 'Object', kinds: Object.keys(OBJECTS) })
  await store.run(NODES, { ...parameters, label: 'Event', kinds: Object.keys(EVENTS).map(pascalCase) })
  await store.run(REST_NODES, { ...parameters, kinds: REST })
  await store.run(STATES, { ...parameters, kinds: Object.keys(OBJECTS) })
  await store.run(RECORDS, { ...parameters, kinds: relations })
  try {
    await store.run('CYPHER 5 CALL db.prepareForReplanning(60)')
    return await work()
  } finally {
    await removeCluster(store, cluster)
  }
}
