/** One Neo4j and one Redis for the length of a run, on data that is thrown away after it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOrStartNeo4j, type startNeo4j } from './neo4j.ts'
import { findOrStartRedis } from './redis.ts'

/** Starts the two at once, gives their addresses to `work` as environment, and ends them whatever comes of it. */
export async function withServers(
  work: (environment: NodeJS.ProcessEnv) => Promise<number>,
  neo4j: Omit<Parameters<typeof startNeo4j>[0], 'dataDir'> = {},
): Promise<number> {
  let interrupted = false
  const onSignal = () => {
    interrupted = true
  }
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, onSignal)
  const folder = mkdtempSync(join(tmpdir(), 'aitia-run-'))
  const starting = [
    findOrStartNeo4j({ dataDir: join(folder, 'neo4j'), ...neo4j }),
    findOrStartRedis({ dataDir: join(folder, 'redis') }),
  ] as const
  try {
    const [{ uri, user, password }, { url }] = await Promise.all(starting)
    if (interrupted) return 130
    return await work({
      AITIA_NEO4J_URI: uri,
      AITIA_NEO4J_USER: user,
      AITIA_NEO4J_PASSWORD: password,
      AITIA_REDIS_URL: url,
    })
  } finally {
    const servers = await Promise.allSettled(starting)
    await Promise.all(servers.map((it) => (it.status === 'fulfilled' ? it.value.stop() : undefined)))
    rmSync(folder, { recursive: true, force: true })
    for (const signal of signals) process.off(signal, onSignal)
  }
}
