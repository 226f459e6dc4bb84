/** The project's long-running parts, each started and stopped by itself: `aitia up` runs all of them in one process. */
import { join } from 'node:path'
import type { Log } from '../../graph/queue/main.ts'
import type { ApiConfig } from '../graphql/main.ts'
import { dataDir, queuePrefix, type Servers } from './config.ts'

/** A part that runs until it is stopped; `stop` resolves when it has let go of everything. */
export interface Running {
  stop(): Promise<void>
}

/** The store, with the schema that every part relies on. */
const store = async ({ neo4j }: Pick<Servers, 'neo4j'>) => {
  const { applySchema, openStore } = await import('../../graph/store/main.ts')
  const opened = openStore(neo4j)
  try {
    await opened.verify()
    await applySchema(opened)
    return opened
  } catch (error) {
    // One that stays open would keep the process.
    await opened.close()
    throw error
  }
}

/** Writes what is queued into the graph, and wakes the patterns after each commit. */
export const startWorker = async (servers: Servers, log: Log): Promise<Running> => {
  const { runWorker } = await import('../../graph/worker/main.ts')
  return runWorker({ ...servers, prefix: queuePrefix, log })
}

/** Runs the patterns of these folders. */
export const startCorrelator = async (servers: Servers, dirs: readonly string[], log: Log): Promise<Running> => {
  const [{ createCorrelator }, { openPatternQueue }, opened] = await Promise.all([
    import('../../queries/engine/main.ts'),
    import('../../graph/queue/main.ts'),
    store(servers),
  ])
  const place = { redisUrl: servers.redisUrl, prefix: queuePrefix, log }
  try {
    const correlator = createCorrelator({
      store: opened,
      patternDirs: dirs,
      queue: (pattern, run) => openPatternQueue({ ...place, pattern }, run),
      onError: (error) => log.error({ error: String(error) }, 'a pattern could not be run; it is tried again'),
    })
    await correlator.start().catch(async (error) => {
      await correlator.stop()
      throw error
    })
    return {
      stop: async () => {
        await correlator.stop()
        await opened.close()
      },
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Where the API will listen: said before anything is started, as a port that is taken ends all. */
export const apiPlace = async (): Promise<ApiConfig> => {
  const { apiConfig, withFreePort } = await import('../graphql/main.ts')
  return withFreePort(apiConfig())
}

/** Serves GraphQL; it knows the patterns of these folders, and the cluster that is meant where a query names none. */
export const startApi = async (
  servers: Pick<Servers, 'neo4j'>,
  {
    place,
    cluster,
    dirs,
    explore = false,
  }: { place: ApiConfig; cluster: string; dirs: readonly string[]; explore?: boolean },
  log: Log,
): Promise<Running & { readonly url: string }> => {
  const [{ serve }, { loadPatterns }, { warmUpReads }, opened] = await Promise.all([
    import('../graphql/main.ts'),
    import('../../queries/engine/main.ts'),
    import('../../queries/reads/main.ts'),
    store(servers),
  ])
  const serving = async () =>
    serve(
      {
        store: opened,
        cluster,
        patterns: loadPatterns(dirs),
        explore,
        log: (error) => log.error({ error: error instanceof Error ? error.stack : String(error) }, 'a request failed'),
      },
      place,
    )
  const api = await serving().catch(async (error) => {
    await opened.close()
    throw error
  })
  const stopping = new AbortController()
  const warming = warmUpReads(opened, stopping.signal)
  return {
    url: api.url,
    stop: async () => {
      stopping.abort()
      await Promise.all([api.stop(), warming])
      await opened.close()
    },
  }
}

/** Watches this machine, and the cluster that KUBECONFIG names. */
export const startAgent = async (
  { redisUrl }: Pick<Servers, 'redisUrl'>,
  cluster: string,
  collectors: readonly string[] | undefined,
  log: Log,
): Promise<Running> => {
  const { runAgent } = await import('../../agent/main.ts')
  return runAgent({ redisUrl, prefix: queuePrefix, cluster, dataDir: join(dataDir, 'agent'), collectors, log })
}
