/** Where the set-up and the embedded servers learn what the environment says; nothing else in this folder reads it. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The root of the clone. */
export const root = join(import.meta.dirname, '..', '..')

/** What is downloaded or built once per machine is kept here, outside the clone. */
export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aitia')

/** True in continuous integration: there a skip that this machine should not have is a failure. */
export const ci = process.env.CI === 'true'

export const isRoot = process.getuid?.() === 0

/** A Neo4j that is already there; undefined without AITIA_NEO4J_URI. */
export const givenNeo4j = process.env.AITIA_NEO4J_URI
  ? {
      uri: process.env.AITIA_NEO4J_URI,
      user: process.env.AITIA_NEO4J_USER || 'neo4j',
      password: process.env.AITIA_NEO4J_PASSWORD ?? '',
    }
  : undefined

/** The address of a Redis that is already there; undefined without AITIA_REDIS_URL. */
export const givenRedisUrl = process.env.AITIA_REDIS_URL || undefined

/** The JDK to prefer over the one that is found on this machine. */
export const javaHome = process.env.JAVA_HOME || undefined

/** The environment that child processes start from. */
export const environment: NodeJS.ProcessEnv = process.env
