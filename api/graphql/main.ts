/** The GraphQL API over the reads: safe by default, so it listens on loopback, opens to no origin, and bounds what it is asked. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GraphQLError } from 'graphql'
import { createYoga, maskError, type Plugin, useReadinessCheck } from 'graphql-yoga'
import { loadPatterns, type Pattern } from '../../queries/engine/pattern.ts'
import { InvalidRequest } from '../../queries/reads/read.ts'
import type { TimedReader } from './bounds.ts'
import type { ApiConfig } from './config.ts'
import { type Context, requestContext } from './context.ts'
import { BODY, limits } from './limits.ts'
import { schemaFor } from './schema.ts'

export { type ApiConfig, apiConfig } from './config.ts'

export interface ApiOptions {
  readonly store: TimedReader & { verify(): Promise<void> }
  /** The cluster that is meant where a query names none. */
  readonly cluster: string
  readonly patterns?: readonly Pattern[]
  /** GraphiQL and introspection. */
  readonly explore?: boolean
  /** Answer requests whose Host is no loopback name. */
  readonly anyHost?: boolean
  /** Where errors go that the asker does not get to see. */
  readonly log?: (error: unknown) => void
}

/** The asker's own mistakes are told; all else is logged and masked. */
const mask =
  (log: (error: unknown) => void) =>
  (error: unknown, message: string, isDev?: boolean): Error => {
    const cause = error instanceof GraphQLError ? error.originalError : error
    if (cause instanceof InvalidRequest)
      return new GraphQLError(cause.message, { extensions: { code: 'BAD_USER_INPUT' } })
    const masked = maskError(error, message, isDev)
    if (cause instanceof Error && !(cause instanceof GraphQLError)) log(cause)
    return masked
  }

/** The server without a port: tests and servers call its `fetch`. */
export const createApi = (options: ApiOptions) => {
  const { store, cluster, patterns = loadPatterns(), explore = false, anyHost = false, log = console.error } = options
  const ready = useReadinessCheck({
    check: async () => {
      await store.verify()
      return true
    },
  }) as Plugin
  return createYoga<object, Context>({
    schema: schemaFor(patterns),
    context: ({ request }) => requestContext(store, cluster, request.signal),
    plugins: [...limits({ explore, anyHost }), ready],
    maskedErrors: { maskError: mask(log), errorMessage: 'the server failed; its log says why' },
    maxRequestBodySize: BODY,
    cors: false,
    graphiql: explore,
    landingPage: false,
    multipart: false,
    logging: false,
    healthCheckEndpoint: '/health',
  })
}

export interface RunningApi {
  readonly url: string
  stop(): Promise<void>
}

/** Resolves when the server listens; an error says what to do. */
const listen = (server: Server, { host, port }: Pick<ApiConfig, 'host' | 'port'>): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Error(
          `GraphQL: can't listen on ${host}:${port} (${(error as NodeJS.ErrnoException).code}). Set AITIA_API_PORT to a free port, or to 0 for any`,
        ),
      ),
    )
    server.listen(port, host, resolve)
  })

/**
 * The configuration with a port that can be had: the default one gives way to any other where it is taken, as two clones on a machine take it both.
 * Throws for a port that was asked for and is taken.
 */
export const withFreePort = async (config: ApiConfig): Promise<ApiConfig> => {
  const probe = createServer()
  try {
    await listen(probe, config)
    return config
  } catch (error) {
    if (config.portAsked) throw error
    return { ...config, port: 0 }
  } finally {
    probe.close()
  }
}

/** Serves the API at `/graphql`, with `/health` (it runs) and `/ready` (it can answer). Port 0 takes a free one. */
export const serve = async (
  options: Omit<ApiOptions, 'anyHost'>,
  { host, port }: Omit<ApiConfig, 'portAsked'>,
): Promise<RunningApi> => {
  const loopback = host === 'localhost' || host.startsWith('127.') || host === '::1'
  const server = createServer(createApi({ ...options, anyHost: !loopback }) as never)
  server.requestTimeout = 30_000
  await listen(server, { host, port })
  const bound = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}/graphql`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
