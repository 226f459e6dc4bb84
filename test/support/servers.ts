/**
 * Servers for tests: those that the environment names (`npm test` starts one of each for all files), else own ones in a
 * temporary folder, one of each per process and stopped at its end.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

export interface Neo4jAddress {
  readonly uri: string
  readonly user: string
  readonly password: string
}

const stops: (() => Promise<void> | void)[] = []
after(async () => {
  for (const stop of stops.reverse()) await stop()
})

const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  stops.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const openNeo4j = async (): Promise<Neo4jAddress> => {
  const { findOrStartNeo4j } = await import('../../deploy/local/neo4j.ts')
  const { uri, user, password, stop } = await findOrStartNeo4j({ dataDir: temporary(), heapMb: 512 })
  stops.push(stop)
  return { uri, user, password }
}

const openRedis = async (): Promise<string> => {
  const { findOrStartRedis } = await import('../../deploy/local/redis.ts')
  const { url, stop } = await findOrStartRedis({ dataDir: temporary() })
  stops.push(stop)
  return url
}

let neo4j: Promise<Neo4jAddress> | undefined
let redis: Promise<string> | undefined

/** Address of a Neo4j with whatever other tests left in it: isolate by `testCluster()`. */
export const neo4jForTest = (): Promise<Neo4jAddress> => {
  neo4j ??= openNeo4j()
  return neo4j
}

/** URL of a Redis that other tests use too: isolate by a random queue prefix. */
export const redisForTest = (): Promise<string> => {
  redis ??= openRedis()
  return redis
}

/** A cluster name (or queue prefix) that no other test has. */
export const testCluster = (): string => `test-${randomBytes(6).toString('hex')}`

/** Deletes all nodes of a cluster, two thousand a transaction. */
export const removeCluster = async (
  store: { run(cypher: string, params: Record<string, unknown>): Promise<unknown> },
  cluster: string,
): Promise<void> => {
  await store.run(
    'CYPHER 5 MATCH (node) WHERE node.cluster = $cluster CALL (node) { DETACH DELETE node } IN TRANSACTIONS OF 2000 ROWS',
    { cluster },
  )
}
