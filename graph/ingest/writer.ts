/**
 * Writes a batch in one transaction, for which it first raises the lane's counter. Repeating a batch, all of it or parts,
 * changes nothing: events and states are known by their ids, and relations are a function of the states.
 */
import type { Batch } from '../model/batch.ts'
import { canonical } from '../model/digest.ts'
import type { EventName, RelationName } from '../model/generated/types.ts'
import { now as clock, OPEN } from '../model/time.ts'
import { problemsOfBatch } from '../model/validate.ts'
import type { Store, Transaction } from '../store/main.ts'
import {
  type Change,
  type Claim,
  type CurrentRecord,
  claimsOf,
  deriveRecords,
  mergeClaims,
  type RelationRecord,
  type Settled,
  type StateView,
  type Surroundings,
  settle,
} from './derive.ts'
import { InvalidBatch } from './invalid-batch.ts'
import type { ObjectRow } from './objects.ts'
import { FIXED_LAW, type Prepared, prepare, STATE_LAW, type StateRow } from './prepare.ts'
import { objectsToWrite, readAround, readFixed, readTouched, storedStates } from './read.ts'
import { statement, writeOf } from './statements.ts'

/** Where and when a batch was recorded. */
export interface Written {
  /** `<cluster>/<number>` */
  readonly lane: string
  /** µs; one for the whole batch. */
  readonly recordedAt: number
  /** The batch's events, states, gaps and losses have arrivals in (after, last]; those that were there before keep theirs. */
  readonly after: number
  readonly last: number
  /** Kinds of the events given, for the one who wakes patterns. */
  readonly kinds: readonly EventName[]
}

const RAISE = statement('raise-lane')
const HORIZON = statement('horizon')
const NOTHING_AROUND: Surroundings = { before: null, between: [], after: null }

type StatesByKey = ReadonlyMap<string, readonly StateRow[]>
type TargetOf = StateView['targets'][number]

/** Claims of new states, but those that the state before made already. */
const newClaims = (before: StateView | null, arrived: readonly StateRow[]): Claim[] => {
  const isFixed = ({ kind }: TargetOf): boolean => FIXED_LAW.has(kind)
  const textOf = ({ kind, fromKey, toKey, since, properties }: TargetOf): string =>
    canonical([kind, fromKey, toKey, since, properties])
  const made = new Set(before?.targets.filter(isFixed).map(textOf))
  return arrived.flatMap(({ view }) => {
    const targets = view.targets.filter((target) => isFixed(target) && !made.has(textOf(target)))
    return targets.length === 0 ? [] : claimsOf({ ...view, targets }, FIXED_LAW)
  })
}

/** Changes of the records of a state-law kind. */
const stateLawChanges = async (
  transaction: Transaction,
  kind: RelationName,
  settled: ReadonlyMap<string, Settled>,
): Promise<Change[]> => {
  const concerned = [...settled].filter(([, { changed }]) => changed.includes(kind))
  const current = Map.groupBy(await readTouched(transaction, kind, concerned), (record) => record.by)
  return concerned.map(([by, window]) => deriveRecords(by, kind, window, current.get(by) ?? []))
}

const nearEnds = (kind: RelationName, claims: readonly Claim[]): Set<string> =>
  new Set(claims.filter((claim) => claim.kind === kind).map((claim) => claim.fromKey))

/** Changes of the records of a fixed kind; those that events' claims touch have been read already. */
const fixedLawChange = async (
  transaction: Transaction,
  kind: RelationName,
  fromEvents: readonly Claim[],
  fromStates: readonly Claim[],
  read: readonly CurrentRecord[],
): Promise<Change> => {
  const known = nearEnds(kind, fromEvents)
  const unread = [...nearEnds(kind, fromStates)].filter((key) => !known.has(key))
  const current = [...read, ...(await readFixed(transaction, kind, unread))]
  const claims = [...fromEvents, ...fromStates].filter((claim) => claim.kind === kind)
  return mergeClaims(claims, current)
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

/** Each row must find both its objects: one that was removed meanwhile would leave a relation out in silence. */
const insertRecords = async (transaction: Transaction, kind: RelationName, rows: readonly object[]): Promise<void> => {
  const [result] = await transaction.run<{ written: number }>(writeOf(kind), { rows })
  if (result?.written !== rows.length)
    throw new Error(`${kind}: wrote ${result?.written} of ${rows.length} records, an object was removed meanwhile`)
}

const split = <T>(rows: readonly T[], belongs: (row: T) => boolean): [T[], T[]] => [
  rows.filter(belongs),
  rows.filter((row) => !belongs(row)),
]

interface Found {
  readonly objects: readonly ObjectRow[]
  readonly states: readonly Record<string, unknown>[]
  readonly stale: readonly string[]
  readonly changes: readonly Change[]
  readonly gaps: readonly object[]
  readonly losses: readonly object[]
}

/** A transaction's writes: all started at once, run by the server in this order. */
const writeAll = async (transaction: Transaction, prepared: Prepared, now: number, found: Found): Promise<void> => {
  const running: Promise<unknown>[] = []
  const start = (cypher: string, rows: readonly unknown[], name = 'rows') => {
    if (rows.length > 0) running.push(transaction.run(cypher, { [name]: rows, now, cluster: prepared.cluster }))
  }
  for (const [kind, rows] of Map.groupBy(found.objects, (row) => row.kind)) start(writeOf(kind), rows)
  start(statement('contexts'), prepared.contexts)
  for (const [kind, rows] of prepared.events) start(writeOf(kind), rows)
  start(statement('states'), found.states)
  start(statement('stale'), found.stale, 'ids')
  const superseded = found.changes.flatMap(({ supersede }) => supersede.map((record) => record.id))
  start(statement('supersede'), superseded, 'ids')
  const inserted = found.changes.flatMap(({ insert }) => insert)
  for (const [kind, records] of Map.groupBy(inserted, (record) => record.kind)) {
    const rows = records.sort(byEnds).map((record) => recordRow(record, now))
    running.push(insertRecords(transaction, kind, rows))
  }
  start(statement('coverage'), prepared.coverage)
  start(statement('gaps'), found.gaps)
  start(statement('losses'), found.losses)
  await Promise.all(running)
}

const writeOnce = async (transaction: Transaction, { lane: number }: Batch, prepared: Prepared): Promise<Written> => {
  const { cluster, lane, count, claims } = prepared
  const stateLaw = [...STATE_LAW]
  const fixedLaw = [...FIXED_LAW]
  const given: StatesByKey = Map.groupBy(prepared.states, (state) => state.key)
  const [[head], [horizon], objects, stored, allAround, ...fixed] = await Promise.all([
    transaction.run<{ arrival: number; recordedAt: number }>(RAISE, {
      key: lane,
      cluster,
      number,
      count,
      now: clock(),
    }),
    transaction.run<{ at: number }>(HORIZON, { cluster }),
    objectsToWrite(transaction, prepared.objects),
    storedStates(transaction, prepared.states),
    readAround(transaction, cluster, given),
    ...fixedLaw.map((kind) => readFixed(transaction, kind, nearEnds(kind, claims))),
  ])
  if (head === undefined) throw new Error(`lane ${lane} could not be raised`)
  const { arrival: last, recordedAt } = head

  // What is older than the horizon derives nothing: that from which it would follow may be gone.
  const isLate = (at: number): boolean => horizon !== undefined && at <= horizon.at
  const [late, timely] = split(prepared.states, ({ view }) => isLate(view.at))
  const timelyAround = () =>
    readAround(
      transaction,
      cluster,
      Map.groupBy(timely, (state) => state.key),
    )
  const around = late.length > 0 ? await timelyAround() : allAround
  const isNew = ({ view }: StateRow): boolean => !stored.has(view.id)
  const arrived: StatesByKey = Map.groupBy(timely.filter(isNew), (state) => state.key)
  const aroundOf = (key: string): Surroundings => around.get(key) ?? NOTHING_AROUND
  const settled = new Map(
    [...arrived].map(([key, rows]) => [
      key,
      settle(
        aroundOf(key),
        rows.map((row) => row.view),
        STATE_LAW,
      ),
    ]),
  )
  const claimed = [...arrived].flatMap(([key, rows]) => newClaims(aroundOf(key).before, rows))
  const told = claims.filter(({ from }) => !isLate(from))
  const [stateChanges, fixedChanges] = await Promise.all([
    Promise.all(stateLaw.map((kind) => stateLawChanges(transaction, kind, settled))),
    Promise.all(fixedLaw.map((kind, at) => fixedLawChange(transaction, kind, told, claimed, fixed[at] ?? []))),
  ])

  let arrival = last - count
  for (const rows of prepared.events.values())
    for (const row of rows) Object.assign(row.properties, { recordedAt, arrival: ++arrival })
  const denied = new Set([...settled.values()].flatMap(({ stale }) => [...stale]))
  const states = [...[...arrived.values()].flat(), ...late.filter(isNew)].map(({ view, properties }) => {
    const stale = denied.delete(view.id) || isLate(view.at) || null
    return { ...properties, recordedAt, arrival: ++arrival, stale }
  })
  const arriving = <T extends { properties: object }>(row: T) => ({
    ...row,
    properties: { ...row.properties, lane, arrival: ++arrival },
  })
  const [gaps, losses] = [prepared.gaps.map(arriving), prepared.losses.map(arriving)]
  const changes = [...stateChanges.flat(), ...fixedChanges]
  await writeAll(transaction, prepared, recordedAt, { objects, states, stale: [...denied], changes, gaps, losses })
  return { lane, recordedAt, after: last - count, last, kinds: [...prepared.events.keys()] }
}

export interface Writer {
  /** Writes a batch whole or not at all; given again, whole or in part, it changes nothing. Throws InvalidBatch, or what Neo4j says. */
  write(batch: Batch): Promise<Written>
}

/** A writer into a graph that has the schema. Several may write at once, also into one lane: the lane's lock orders them. */
export const createWriter = (store: Store): Writer => ({
  write: async (batch) => {
    const reasons = problemsOfBatch(batch)
    if (reasons.length > 0) throw new InvalidBatch(reasons)
    const prepared = prepare(batch)
    // It may be run again from its start: `prepared` keeps nothing of a try.
    return store.write((transaction) => writeOnce(transaction, batch, prepared))
  },
})
