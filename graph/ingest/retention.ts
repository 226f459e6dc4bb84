/**
 * Takes out of the graph what is too old: events, states, relation records, verdicts, and what nothing refers to then. All
 * questions about times from the horizon on, as known from `known` on, are answered as before. The horizon is raised first
 * and never goes back; from then on writers derive nothing from older states. Whatever ends it half way, the next sweep goes on.
 */
import { LANES } from '../model/batch.ts'
import { RELATIONS } from '../model/generated/registry.ts'
import type { RelationName } from '../model/generated/types.ts'
import { now as clock, MINUTE, OPEN } from '../model/time.ts'
import type { Store, Transaction } from '../store/main.ts'
import { oldOf, retentionStatement, statement } from './statements.ts'

/** µs */
export const DAY = 24 * 60 * MINUTE

/** How long things are kept, in µs of the cluster's own time. */
export interface Ages {
  /** Events, states and relations, counted back from what the cluster's sources have told. */
  readonly events: number
  /** Incidents with the evidence of their first and last occurrence, counted back likewise from the last one. */
  readonly incidents: number
}

/** From when on the graph answers, µs: about the world since `at`, and about what was known since `known`. */
export interface Horizon {
  readonly at: number
  readonly known: number
}

/** Null where nothing was ever removed. */
export const horizonOf = async (store: Pick<Store, 'read'>, cluster: string): Promise<Horizon | null> =>
  (await store.read<Horizon>(statement('horizon'), { cluster }))[0] ?? null

/** What a sweep has removed, by what it was. */
export type Removed = Readonly<Record<string, number>>

/** Rows removed in one transaction: writers wait for it. */
const PAGE = 1_000

/** A sweep that another worker was at within this time (µs) is left to it. */
const OTHERS_TURN = MINUTE

const RAISE_LANE = statement('raise-lane')
const TURN = retentionStatement('turn')

interface Row {
  readonly id: string
  /** Where the next page begins: all before it has been looked at. */
  readonly position?: string | number
}

/** One kind of thing that goes: a statement that finds a page of it, and one that removes it. */
interface Step {
  readonly what: string
  readonly find: string
  readonly remove: string
  readonly first: string | number
}

const stepOf = (what: string, find = retentionStatement(what)): Step => ({
  what,
  find,
  remove: retentionStatement(`${what}.remove`),
  first: -1,
})

/** In this order: what is removed first lets go of what follows. */
const steps = (cluster: string): Step[] => {
  const record = (kind: RelationName): Step => ({
    ...{ what: kind, find: oldOf(kind), remove: retentionStatement('records.remove'), first: `${cluster}/` },
  })
  const ofLaw = (law: 'state' | 'fixed') =>
    (Object.keys(RELATIONS) as RelationName[]).filter((kind) => RELATIONS[kind].law === law).map(record)
  return [
    stepOf('incidents'),
    stepOf('occurrences'),
    stepOf('verdicts'),
    stepOf('events', oldOf('all-events')),
    ...ofLaw('state'),
    stepOf('states'),
    ...ofLaw('fixed'),
    { ...stepOf('objects', oldOf('all-objects')), first: `${cluster}/` },
    stepOf('contexts', oldOf('all-contexts')),
    stepOf('watching'),
  ]
}

/**
 * Holds all of the cluster's lanes: no writer is within a batch then, and none that comes after has read an older horizon.
 * Always in the same order, so that two that wait for each other's lanes can't be.
 */
const holdLanes = async (transaction: Transaction, cluster: string): Promise<void> => {
  const now = clock()
  const raise = (number: number) =>
    transaction.run(RAISE_LANE, { key: `${cluster}/${number}`, cluster, number, count: 0, now })
  // All sent at once, run by the server in this order.
  await Promise.all(Array.from({ length: LANES }, (_, number) => raise(number)))
}

const removeAll = async (
  store: Store,
  cluster: string,
  { find, remove, first }: Step,
  parameters: Readonly<Record<string, unknown>>,
  isOver: () => boolean,
): Promise<number> => {
  let count = 0
  for (let after = first; !isOver(); ) {
    const page = { ...parameters, after, limit: PAGE }
    const found = await store.read<Row>(find, page)
    if (found.length === 0) return count
    const removed = await store.write(async (transaction) => {
      await transaction.run(TURN, { cluster, now: clock() })
      await holdLanes(transaction, cluster)
      // Once more: what was told meanwhile may need it.
      const rows = await transaction.run<Row>(find, page)
      await transaction.run(remove, { ids: rows.map(({ id }) => id) })
      return rows
    })
    if (removed.length === 0) return count
    count += removed.length
    after = removed.at(-1)?.position ?? after
  }
  return count
}

/**
 * One sweep: raises the horizon and removes what lies before it, in small transactions.
 * @param incidentsCut incidents whose last occurrence is older go, µs
 * @param isOver asked before each transaction: true ends the sweep, which the next one goes on with
 */
export const sweep = async (
  store: Store,
  cluster: string,
  { at, known }: Horizon,
  incidentsCut: number,
  isOver: () => boolean = () => false,
): Promise<Removed> => {
  const horizon = await store.write(async (transaction) => {
    const [raised] = await transaction.run<Horizon>(retentionStatement('raise'), { cluster, at, known, now: clock() })
    return raised!
  })
  // After it, whoever writes knows the new horizon.
  await store.write((transaction) => holdLanes(transaction, cluster))
  const parameters = { cluster, cut: horizon.at, known: horizon.known, incidentsCut, until: `${cluster}0`, open: OPEN }
  const removed: Record<string, number> = {}
  for (const step of steps(cluster)) {
    const count = await removeAll(store, cluster, step, parameters, isOver)
    if (count > 0) removed[step.what] = count
  }
  return removed
}

interface Stand {
  readonly watermark: number | null
  readonly oldestEvent: number | null
  readonly oldestState: number | null
  readonly sweptAt: number | null
}

/**
 * Sweeps a cluster, if it holds something too old and no other worker is at it; null where not. The clock is the cluster's own:
 * what its sources have told last, and what its lanes were stamped with last; a recording from long ago stays as it is.
 */
export const retain = async (
  store: Store,
  { cluster, recordedAt }: Clock,
  ages: Ages,
  isOver: () => boolean,
): Promise<Removed | null> => {
  const [stand] = await store.read<Stand>(retentionStatement('watermark'), { cluster })
  if (stand === undefined || stand.watermark === null) return null
  // A source whose clock is ahead must not let the present look old.
  const watermark = Math.min(stand.watermark, clock())
  const at = watermark - ages.events
  const oldest = Math.min(stand.oldestEvent ?? at, stand.oldestState ?? at)
  const isOthers = stand.sweptAt !== null && stand.sweptAt > clock() - OTHERS_TURN
  if (oldest >= at || isOthers) return null
  return sweep(store, cluster, { at, known: recordedAt - ages.events }, watermark - ages.incidents, isOver)
}

/** A cluster, and the last stamp of its lanes, µs. */
interface Clock {
  readonly cluster: string
  readonly recordedAt: number
}

/** All clusters of which anything was ever written. */
export const clocks = (store: Pick<Store, 'read'>): Promise<Clock[]> =>
  store.read<Clock>(retentionStatement('clusters'))
