/**
 * Writes a batch in one transaction, for which it first raises the lane's counter. Repeating a batch, all of it or parts,
 * changes nothing: events and states are known by their ids, and relations are a function of the states.
 */
import type { Batch } from '../model/batch.ts'
import type { EventName, RelationName } from '../model/generated/types.ts'
import type { Declaration } from '../model/observation.ts'
import { now as clock, OPEN } from '../model/time.ts'
import type { Store, Transaction } from '../store/main.ts'
import {
  type Change,
  type Claim,
  type CurrentRecord,
  canonical,
  claimsOf,
  deriveRecords,
  mergeClaims,
  type RelationRecord,
  type Settled,
  type StateView,
  type Surroundings,
  settle,
} from './derive.ts'
import {
  digestOfId,
  FIXED_LAW,
  type ObjectRow,
  type Prepared,
  prepare,
  STATE_LAW,
  type StateRow,
  targetsOf,
} from './prepare.ts'
import { readOf, statement, writeOf } from './statements.ts'

/** Where and when a batch was recorded. */
export interface Written {
  /** `<cluster>/<number>` */
  readonly lane: string
  /** µs; one for the whole batch. */
  readonly recordedAt: number
  /** The batch's events and states have arrivals in (after, last]; those that were there before keep theirs. */
  readonly after: number
  readonly last: number
  /** Kinds of the events given, for the one who wakes patterns. */
  readonly kinds: readonly EventName[]
}

type StoredState = Omit<StateView, 'digest' | 'targets'> & { readonly relations: string }
interface StoredAround {
  readonly key: string
  readonly before: StoredState | null
  readonly between: readonly StoredState[]
  readonly after: StoredState | null
}

const RAISE = statement('raise-lane')
const OBJECTS_THERE = statement('objects-there')
const STATES_THERE = statement('states-there')
const STATES_AROUND = statement('states-around')

const byKey = <T extends { readonly key: string }>(rows: readonly T[]): Map<string, T[]> =>
  Map.groupBy(rows, (row) => row.key) as Map<string, T[]>

/** Objects of which the graph does not yet know all that the batch says, in the order of their keys. */
const objectsToWrite = async (transaction: Transaction, objects: Prepared['objects']): Promise<ObjectRow[]> => {
  if (objects.size === 0) return []
  const there = await transaction.run<Record<string, unknown>>(OBJECTS_THERE, { keys: [...objects.keys()] })
  const known = new Map(there.map((row) => [row.key, row]))
  const isNew = ({ key, missing, properties }: ObjectRow): boolean => {
    const row = known.get(key)
    if (row === undefined || (row.missing === true && missing === null)) return true
    return ['name', 'namespace', 'workloadKind'].some((name) => (properties[name] ?? row[name]) !== row[name])
  }
  return [...objects.values()].filter(isNew).sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** The batch's states without those that are stored, by their objects. */
const newStates = async (transaction: Transaction, states: readonly StateRow[]): Promise<Map<string, StateRow[]>> => {
  if (states.length === 0) return new Map()
  const there = await transaction.run<{ id: string }>(STATES_THERE, { ids: states.map((state) => state.view.id) })
  const ids = new Set(there.map((row) => row.id))
  return byKey(states.filter((state) => !ids.has(state.view.id)))
}

const readAround = async (
  transaction: Transaction,
  cluster: string,
  arrived: ReadonlyMap<string, readonly StateRow[]>,
): Promise<Map<string, Surroundings>> => {
  if (arrived.size === 0) return new Map()
  const rows = [...arrived].map(([key, states]) => {
    const times = states.map((state) => state.view.at)
    const version = Math.max(...states.map((state) => state.view.version))
    return { key, min: Math.min(...times), max: Math.max(...times), version }
  })
  const found = await transaction.run<StoredAround>(STATES_AROUND, { rows, open: OPEN })
  const viewOf = (key: string, { relations, ...state }: StoredState): StateView => ({
    ...state,
    digest: digestOfId(state.id),
    targets: targetsOf(cluster, key, JSON.parse(relations) as Declaration[]),
  })
  return new Map(
    found.map(({ key, before, between, after }) => [
      key,
      {
        before: before && viewOf(key, before),
        between: between.map((state) => viewOf(key, state)),
        after: after && viewOf(key, after),
      },
    ]),
  )
}

const NOTHING_AROUND: Surroundings = { before: null, between: [], after: null }

/** Claims of the new states that the state before did not make already. */
const newClaims = ({ before }: Settled, arrived: readonly StateRow[]): Claim[] => {
  const textOf = ({ kind, fromKey, toKey, since, properties }: StateView['targets'][number]) =>
    canonical([kind, fromKey, toKey, since, properties])
  const made = new Set(before?.targets.map(textOf))
  return arrived.flatMap(({ view }) =>
    claimsOf({ ...view, targets: view.targets.filter((target) => !made.has(textOf(target))) }, FIXED_LAW),
  )
}

interface Range {
  readonly by: string
  readonly after: number
  readonly until: number
}

const readRecords = async (
  transaction: Transaction,
  kind: RelationName,
  rows: readonly Range[],
): Promise<CurrentRecord[]> => {
  if (rows.length === 0) return []
  const found = await transaction.run<Omit<CurrentRecord, 'kind'>>(readOf(kind), { rows, open: OPEN })
  return found.map((record) => ({
    ...record,
    kind,
    properties: Object.fromEntries(Object.entries(record.properties).filter(([, value]) => value !== null)),
  }))
}

/** Changes of the records of a state-law kind. An object without states around it has none yet, and none are read. */
const stateLawChanges = async (
  transaction: Transaction,
  kind: RelationName,
  settled: ReadonlyMap<string, Settled>,
): Promise<Change[]> => {
  const concerned = [...settled].filter(([, { changed }]) => changed.includes(kind))
  const ranges = concerned
    .filter(([, { before, between, after }]) => before !== null || after !== null || between.length > 0)
    .map(([by, { before, after }]) => ({ by, after: before?.at ?? -1, until: after?.at ?? OPEN }))
  const current = Map.groupBy(await readRecords(transaction, kind, ranges), (record) => record.by)
  return concerned.map(([by, window]) => deriveRecords(by, kind, window, current.get(by) ?? []))
}

const fixedLawChanges = async (
  transaction: Transaction,
  kind: RelationName,
  claims: readonly Claim[],
): Promise<Change[]> => {
  if (claims.length === 0) return []
  const declarers = [...new Set(claims.map((claim) => claim.fromKey))]
  const ranges = declarers.map((by) => ({ by, after: -1, until: OPEN }))
  return [mergeClaims(claims, await readRecords(transaction, kind, ranges))]
}

const recordRow = ({ properties, kind, ...record }: RelationRecord, now: number) => ({
  ...record,
  ...properties,
  recordedFrom: now,
  recordedTo: OPEN,
  end: record.to,
})

const byEnds = (a: RelationRecord, b: RelationRecord): number =>
  a.toKey < b.toKey ? -1 : a.toKey > b.toKey ? 1 : a.fromKey < b.fromKey ? -1 : 1

/** Statements of a transaction's second half: all started at once, run by the server in this order. */
const writeAll = async (
  transaction: Transaction,
  prepared: Prepared,
  now: number,
  found: {
    objects: readonly ObjectRow[]
    states: readonly object[]
    stale: readonly string[]
    changes: readonly Change[]
  },
): Promise<void> => {
  const running: Promise<unknown>[] = []
  const start = (cypher: string, rows: readonly unknown[], name = 'rows') => {
    if (rows.length > 0) running.push(transaction.run(cypher, { [name]: rows, now, cluster: prepared.cluster }))
  }
  for (const [kind, rows] of Map.groupBy(found.objects, (row) => row.kind)) start(writeOf(kind), rows)
  start(statement('contexts'), prepared.contexts)
  for (const [kind, rows] of prepared.events) start(writeOf(kind), rows)
  start(statement('states'), found.states)
  start(statement('stale'), found.stale, 'ids')
  start(
    statement('supersede'),
    found.changes.flatMap(({ supersede }) => supersede.map((record) => record.id)),
    'ids',
  )
  for (const [kind, records] of Map.groupBy(
    found.changes.flatMap(({ insert }) => insert),
    (record) => record.kind,
  ))
    start(
      writeOf(kind),
      records.sort(byEnds).map((record) => recordRow(record, now)),
    )
  start(statement('coverage'), prepared.coverage)
  start(statement('gaps'), prepared.gaps)
  start(statement('losses'), prepared.losses)
  await Promise.all(running)
}

const writeOnce = async (transaction: Transaction, batch: Batch, prepared: Prepared): Promise<Written> => {
  const { cluster, lane, count } = prepared
  const raised = transaction.run<{ arrival: number; recordedAt: number }>(RAISE, {
    ...{ key: lane, cluster, number: batch.lane, count, now: clock() },
  })
  const reads = [objectsToWrite(transaction, prepared.objects), newStates(transaction, prepared.states)] as const
  const [[head], objects, arrived] = await Promise.all([raised, ...reads])
  if (head === undefined) throw new Error(`lane ${lane} could not be raised`)
  const { arrival: last, recordedAt } = head

  const around = await readAround(transaction, cluster, arrived)
  const settled = new Map(
    [...arrived].map(([key, rows]) => [
      key,
      settle(
        around.get(key) ?? NOTHING_AROUND,
        rows.map((row) => row.view),
        STATE_LAW,
      ),
    ]),
  )
  const claims = [
    ...prepared.claims,
    ...[...arrived].flatMap(([key, rows]) => newClaims(settled.get(key) as Settled, rows)),
  ]
  const changes = await Promise.all([
    ...[...STATE_LAW].map((kind) => stateLawChanges(transaction, kind, settled)),
    ...[...FIXED_LAW].map((kind) =>
      fixedLawChanges(
        transaction,
        kind,
        claims.filter((claim) => claim.kind === kind),
      ),
    ),
  ])

  let arrival = last - count
  for (const rows of prepared.events.values())
    for (const row of rows) Object.assign(row.properties, { recordedAt, arrival: ++arrival })
  const staleOf = (key: string) => (settled.get(key) as Settled).stale
  const states = [...arrived].flatMap(([key, rows]) =>
    rows.map(({ view, properties }) => ({
      ...properties,
      ...{ recordedAt, arrival: ++arrival, stale: staleOf(key).has(view.id) || null },
    })),
  )
  const own = new Set(prepared.states.map((state) => state.view.id))
  const stale = [...settled.values()].flatMap((window) => [...window.stale]).filter((id) => !own.has(id))
  await writeAll(transaction, prepared, recordedAt, { objects, states, stale, changes: changes.flat() })
  return { lane, recordedAt, after: last - count, last, kinds: [...prepared.events.keys()] }
}

/** Writes a batch that is valid. The transaction may be tried again from its start: `prepared` holds nothing of a try. */
export const writeBatch = (store: Store, batch: Batch): Promise<Written> => {
  const prepared = prepare(batch)
  return store.write((transaction) => writeOnce(transaction, batch, prepared))
}
