/** What one request has: the loaders that gather its look-ups, and bounds on what it may read and for how long. */
import DataLoader from 'dataloader'
import { GraphQLError } from 'graphql'
import { caused } from '../../queries/reads/caused.ts'
import { contexts, newestContexts } from '../../queries/reads/contexts.ts'
import { eventsById } from '../../queries/reads/events.ts'
import { incidentsById } from '../../queries/reads/incidents.ts'
import { settledKnown } from '../../queries/reads/lanes.ts'
import { objects } from '../../queries/reads/objects.ts'
import { occurrenceDetails, verdicts } from '../../queries/reads/occurrences.ts'
import { owners } from '../../queries/reads/owners.ts'
import { type AsOf, KNOWN_NOW, type Reader } from '../../queries/reads/read.ts'
import { statesInForce } from '../../queries/reads/states.ts'

/** Rows that one request may read from the graph: pages within pages multiply. */
const ROWS = 50_000

/** ms for which one request is worked on. */
export const TIME = 10_000

/** The part of the store that the API needs: it can't write, and no read outlives its request by much. */
export interface TimedReader {
  read<T>(cypher: string, params: Record<string, unknown>, timeout?: number): Promise<T[]>
}

/** The reader, until the request has read too much or its time is over: what is not answered any more is not read on for. */
const bounded = (reader: TimedReader, over: AbortSignal): Reader => {
  const end = performance.now() + TIME
  let left = ROWS
  return {
    read: async <T>(cypher: string, params: Record<string, unknown>): Promise<T[]> => {
      over.throwIfAborted()
      if (left <= 0) throw new GraphQLError(`the request reads more than ${ROWS} rows: ask for smaller pages`)
      // Neo4j takes 0 for no limit.
      const rows = await reader.read<T>(cypher, params, Math.max(1, Math.ceil(end - performance.now())))
      left -= rows.length
      return rows
    },
  }
}

/** A loader that makes one statement of all keys asked for in one tick. */
const loader = <V>(load: (keys: readonly string[]) => Promise<Map<string, V>>): DataLoader<string, V | null> =>
  new DataLoader<string, V | null>(async (keys) => {
    const found = await load([...new Set(keys)])
    return keys.map((key) => found.get(key) ?? null)
  })

/** One loader for each pair of times: keys of one batch share them. */
const asOfLoaders = <V>(load: (keys: readonly string[], asOf: AsOf) => Promise<Map<string, V>>) => {
  const loaders = new Map<string, DataLoader<string, V | null>>()
  return (asOf: AsOf): DataLoader<string, V | null> => {
    const name = `${asOf.at}/${asOf.known}`
    const known = loaders.get(name) ?? loader((keys: readonly string[]) => load(keys, asOf))
    loaders.set(name, known)
    return known
  }
}

/** Made anew for each request; `cluster` is the one meant where a query names none. */
export const requestContext = (store: TimedReader, cluster: string) => {
  const over = new AbortController()
  const reader = bounded(store, over.signal)
  const knownTimes = new Map<string, Promise<number>>()
  return {
    reader,
    cluster,
    /** Aborted when the request's time is over: it reads no more. */
    over,
    objects: loader((keys) => objects(reader, keys)),
    events: loader((ids) => eventsById(reader, ids)),
    incidents: loader((ids) => incidentsById(reader, ids)),
    contexts: loader((keys) => contexts(reader, keys)),
    verdicts: loader((ids) => verdicts(reader, ids)),
    caused: loader((ids) => caused(reader, ids)),
    /** A knowledge time as it is, or refused where it is too late: asked once a request for each cluster and time. */
    known: (cluster: string, known: number | null | undefined): Promise<number> | number => {
      if (known == null) return KNOWN_NOW
      const name = `${cluster}/${known}`
      const asked = knownTimes.get(name) ?? settledKnown(reader, cluster, known)
      knownTimes.set(name, asked)
      return asked
    },
    newestContexts: asOfLoaders((keys, asOf) => newestContexts(reader, keys, asOf)),
    states: asOfLoaders((keys, asOf) => statesInForce(reader, keys, asOf)),
    owners: asOfLoaders((keys, asOf) => owners(reader, keys, asOf)),
    details: asOfLoaders((ids, { known }) => occurrenceDetails(reader, ids, known)),
  }
}

export type Context = ReturnType<typeof requestContext>
