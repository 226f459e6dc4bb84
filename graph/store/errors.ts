/** Errors of the driver: in words with what to do, and what they say of the statement that met them. */
import neo4j from 'neo4j-driver'

const NETWORK = new Set<string>([neo4j.error.SERVICE_UNAVAILABLE, neo4j.error.SESSION_EXPIRED])

const reasonOf = (error: Error): string => {
  const text = `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`
  if (/ECONNREFUSED/.test(text)) return 'connection refused'
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) return 'no such host'
  return error.message.split('\n')[0] ?? error.message
}

/** An error with what was got and what to do; others pass as they are. */
export const explained = (error: unknown, uri: string): unknown => {
  if (!(error instanceof neo4j.Neo4jError)) return error
  if (NETWORK.has(error.code))
    return new Error(`cannot reach Neo4j at ${uri} (${reasonOf(error)}). Start it with: aitia up`, { cause: error })
  if (error.code === 'Neo.ClientError.Security.Unauthorized')
    return new Error(`Neo4j at ${uri} refused the user or password. Check AITIA_NEO4J_USER and AITIA_NEO4J_PASSWORD`, {
      cause: error,
    })
  return error
}

/**
 * What an error says of what was to be written. `away`: nothing, since no server answered, or it would not have us. `passing`:
 * perhaps nothing (a deadlock, too little memory, too little time). `refused`: that it can't be written as it is.
 */
type Fault = 'away' | 'passing' | 'refused'

export const faultOf = (error: unknown): Fault => {
  const told = error instanceof Error && !(error instanceof neo4j.Neo4jError) ? error.cause : error
  if (!(told instanceof neo4j.Neo4jError)) return 'refused'
  // Codes of the driver's own (no connection, none free in time) have no such beginning.
  if (!told.code.startsWith('Neo.') || told.code.startsWith('Neo.ClientError.Security.')) return 'away'
  // Time that ran out is the client's fault to Neo4j, and so is what a server ends when it stops.
  const ended = told.code.startsWith('Neo.ClientError.Transaction.')
  return ended || neo4j.isRetryableError(told) ? 'passing' : 'refused'
}
