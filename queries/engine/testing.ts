/** What the engine's tests share: a graph with the schema, cases by name, and a cluster's conclusions without their ids. */
import { after } from 'node:test'
import { loadRecording, removeCluster } from '../../graph/ingest/main.ts'
import { CASE_PREFIX } from '../../graph/model/cluster-name.ts'
import type { Recording } from '../../graph/model/recording.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { casesOf, outcomesOf } from './cases.ts'
import { loadPatterns, type Pattern } from './pattern.ts'
import { applyEngineSchema } from './statements.ts'

export const containerOom = loadPatterns().find(({ id }) => id === 'container-oom') as Pattern

const cases = new Map(casesOf(containerOom).map(({ name, recording }) => [name, recording]))

export const caseNamed = (name: string): Recording => {
  const recording = cases.get(name)
  if (recording === undefined) throw new Error(`no case ${name}; there are ${[...cases.keys()].join(', ')}`)
  return recording
}

export const graphForTest = async (): Promise<Store> => {
  const store = openStore(await neo4jForTest())
  after(() => store.close())
  await applySchema(store)
  await applyEngineSchema(store, [containerOom])
  return store
}

/**
 * Gives `work` a cluster of its own and a way to load parts of a recording, and takes it away after. A correlator that
 * runs meanwhile, of another test, leaves it alone by its name.
 */
export const inCluster = async <T>(
  store: Store,
  work: (cluster: string, load: (recording: Recording, order?: readonly number[]) => Promise<unknown>) => Promise<T>,
  cluster = `${CASE_PREFIX}${testCluster()}`,
): Promise<T> => {
  try {
    return await work(cluster, (recording, order) => loadRecording(store, recording, cluster, order ? { order } : {}))
  } finally {
    await removeCluster(store, cluster)
  }
}

/** Indices of a recording's observations that fit, and of the others. */
export const split = (
  recording: Recording,
  fits: (observation: Recording['observations'][number]) => boolean,
): [number[], number[]] => {
  const all = recording.observations.map((observation, index) => ({ index, fits: fits(observation) }))
  return [
    all.filter((each) => each.fits).map((each) => each.index),
    all.filter((each) => !each.fits).map((each) => each.index),
  ]
}

const VOLATILE = new Set(
  'id number verdictId occurrenceId content updatedAt recordedAt lanes cluster scope openIn unseenIn incidentId unfinishedIn'.split(
    ' ',
  ),
)

const bare = (properties: object | null, cluster: string): unknown =>
  properties &&
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => !VOLATILE.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, JSON.parse(JSON.stringify(value).replaceAll(`${cluster}/`, ''))]),
  )

/** All that is concluded in a cluster, as it would be in any other. */
export const conclusionsOf = async (store: Store, cluster: string): Promise<unknown> => {
  const outcomes = await outcomesOf(store, cluster, containerOom)
  // All that there are: those of earlier verdicts would be too many.
  const causes = await store.read<{ edge: string }>(
    'CYPHER 5 MATCH (a:Event {cluster: $cluster})-[:CAUSED]->(b) RETURN a.id + " caused " + b.id AS edge ORDER BY edge',
    { cluster },
  )
  return {
    occurrences: outcomes.map(({ occurrence, verdict, incident, affected }) => ({
      occurrence: bare(occurrence, cluster),
      verdict: bare(verdict, cluster),
      incident: bare(incident, cluster),
      affected: [...affected].sort(),
    })),
    causes: causes.map(({ edge }) => edge.replaceAll(`${cluster}/`, '')),
  }
}

/** Number of nodes of a label in a cluster. */
export const countOf = async (store: Store, cluster: string, label: string): Promise<number> => {
  const [row] = await store.read<{ count: number }>(
    `CYPHER 5 MATCH (node:${label}) WHERE node.cluster = $cluster RETURN count(node) AS count`,
    { cluster },
  )
  return row?.count ?? 0
}
