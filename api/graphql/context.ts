/** What one request has: its clock, and the loaders that gather its look-ups. */
import DataLoader from 'dataloader'
import { GraphQLError } from 'graphql'
import { caused } from '../../queries/reads/caused.ts'
import { contexts, newestContexts } from '../../queries/reads/contexts.ts'
import { eventsById, eventsByObject } from '../../queries/reads/events.ts'
import type { Window } from '../../queries/reads/family.ts'
import { incidentsById } from '../../queries/reads/incidents.ts'
import { settledKnown } from '../../queries/reads/lanes.ts'
import { now } from '../../queries/reads/main.ts'
import { objects } from '../../queries/reads/objects.ts'
import { occurrenceDetails, verdicts } from '../../queries/reads/occurrences.ts'
import { owners } from '../../queries/reads/owners.ts'
import { type AsOf, KNOWN_NOW } from '../../queries/reads/read.ts'
import { statesInForce } from '../../queries/reads/states.ts'
import { bounded, type TimedReader } from './bounds.ts'

/** Rows that one statement may ask for: they count only when they have come. */
const ROWS_AT_ONCE = 5_000

/** A loader that makes one statement of all keys asked for in one tick, or one of each `most` of them. */
const loader = <V>(
  load: (keys: readonly string[]) => Promise<Map<string, V>>,
  most = Number.POSITIVE_INFINITY,
): DataLoader<string, V | null> =>
  new DataLoader<string, V | null>(
    async (keys) => {
      const found = await load([...new Set(keys)])
      return keys.map((key) => found.get(key) ?? null)
    },
    { maxBatchSize: most },
  )

/** One loader for each set of times: keys of one batch share them. */
const loadersOf = <Times extends object, V>(
  load: (keys: readonly string[], times: Times) => Promise<Map<string, V>>,
  most?: (times: Times) => number,
) => {
  const loaders = new Map<string, DataLoader<string, V | null>>()
  return (times: Times): DataLoader<string, V | null> => {
    const name = JSON.stringify(times)
    const known = loaders.get(name) ?? loader((keys: readonly string[]) => load(keys, times), most?.(times))
    loaders.set(name, known)
    return known
  }
}

/** Aborts `over` when the asker has gone, which may have been before. */
const endWith = (gone: AbortSignal, over: AbortController): void => {
  const end = () => over.abort(new GraphQLError('the request was broken off'))
  if (gone.aborted) end()
  else gone.addEventListener('abort', end, { once: true })
}

/** Made anew for each request, which may be `gone` before it is answered; `cluster` is the one meant where a query names none. */
export const requestContext = (store: TimedReader, cluster: string, gone: AbortSignal) => {
  const over = new AbortController()
  endWith(gone, over)
  const reader = bounded(store, over.signal)
  const knownTimes = new Map<string, Promise<number>>()
  return {
    reader,
    cluster,
    /** Aborted when the request has been answered, or will not be: it reads no more. */
    over,
    /** What "now" is, µs: the same for all of the request, so that its look-ups share a statement. */
    now: now(),
    objects: loader((keys) => objects(reader, keys)),
    events: loader((ids) => eventsById(reader, ids)),
    eventsAbout: loadersOf(
      (keys, window: Window & { limit: number }) => eventsByObject(reader, keys, window),
      ({ limit }) => Math.max(1, Math.floor(ROWS_AT_ONCE / (limit + 1))),
    ),
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
    newestContexts: loadersOf((keys, asOf: AsOf) => newestContexts(reader, keys, asOf)),
    states: loadersOf((keys, asOf: AsOf) => statesInForce(reader, keys, asOf)),
    owners: loadersOf((keys, asOf: AsOf) => owners(reader, keys, asOf)),
    details: loadersOf((ids, { known }: AsOf) => occurrenceDetails(reader, ids, known)),
  }
}

export type Context = ReturnType<typeof requestContext>
