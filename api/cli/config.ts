/** What the command line learns from the environment, where an empty variable is as good as none, and where `aitia up` left the addresses of its servers. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const environment = process.env

/** Root of the clone. */
const root = join(import.meta.dirname, '..', '..')

/** Folder of all that aitia keeps on this machine. */
export const dataDir = environment.AITIA_DATA ? resolve(environment.AITIA_DATA) : join(root, '.aitia')

/** Version of this package. */
export const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version

export const defaultCluster = environment.AITIA_CLUSTER || 'local'

/** The command as it was called: its launcher says so, as what it runs can't know. */
export const command = environment.AITIA_CALLED_AS || 'aitia'

export const queuePrefix = environment.AITIA_QUEUE_PREFIX || 'aitia'

export interface Neo4jAddress {
  readonly uri: string
  readonly user: string
  readonly password: string
}

/** Addresses of servers; written by `aitia up`, for its owner's eyes only. */
export interface Servers {
  readonly neo4j: Neo4jAddress
  readonly redisUrl: string
}

/** Where `aitia up` leaves them for the other commands. */
export const serversFile = join(dataDir, 'servers.json')

/** Why there is nothing to be read in it, and what to do: only what is not there was not left. */
const faultOf = ({ code, message }: NodeJS.ErrnoException): string => {
  if (code === 'ENOENT') return `${serversFile} is not there. Set it, or start both with: aitia up`
  if (code === undefined) return `${serversFile} is damaged (${message}). Set it, or start both anew with: aitia up`
  return `${serversFile} can't be read (${message}). Set it, or run this as the user who ran \`aitia up\``
}

/** What `aitia up` left; `what` is asked for, which the variable `name` does not say. */
const left = (what: string, name: string): Servers => {
  try {
    return JSON.parse(readFileSync(serversFile, 'utf8')) as Servers
  } catch (error) {
    throw new Error(`no address of ${what}: ${name} is not set and ${faultOf(error as NodeJS.ErrnoException)}`)
  }
}

/** AITIA_NEO4J_URI, AITIA_NEO4J_USER and AITIA_NEO4J_PASSWORD, else what `aitia up` left. */
export const neo4jAddress = (): Neo4jAddress => {
  const { AITIA_NEO4J_URI: uri, AITIA_NEO4J_USER: user, AITIA_NEO4J_PASSWORD: password } = environment
  if (uri) return { uri, user: user || 'neo4j', password: password ?? '' }
  return left('Neo4j', 'AITIA_NEO4J_URI').neo4j
}

/** AITIA_REDIS_URL, else what `aitia up` left. */
export const redisUrl = (): string => environment.AITIA_REDIS_URL || left('Redis', 'AITIA_REDIS_URL').redisUrl

/** Colours only where a terminal shows them and nobody asked for none. */
export const colours = process.stdout.isTTY === true && !environment.NO_COLOR

/** Columns of the terminal (narrower than 80 nothing lines up); null where text goes into a file or a pipe. One of no size is not known to be narrow. */
export const terminalWidth = process.stdout.isTTY === true ? Math.max(80, process.stdout.columns || 100) : null

/** All of it, for collectors that look for their own settings. */
export const wholeEnvironment: Readonly<Record<string, string | undefined>> = environment
