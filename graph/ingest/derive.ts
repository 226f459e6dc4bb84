/**
 * Relations that follow from the states of one object. Pure: the writer reads what is around the new states and gives it
 * here. The rules' meaning (an oracle in derive.test.ts holds this to it): of an object's states those count that no other
 * with a higher version and no later `at` denies; a relation holds at T if the last counting state at or before T declares
 * it, or the first after T declares it `since` a time no later than T.
 */
import { canonical } from '../model/digest.ts'
import type { RelationName } from '../model/generated/types.ts'
import type { Value } from '../model/observation.ts'
import { OPEN } from '../model/time.ts'

export type Properties = Readonly<Record<string, Value>>

/** A relation as a state declares it, with the graph's keys. */
export interface Target {
  readonly kind: RelationName
  readonly fromKey: string
  readonly toKey: string
  readonly since?: number
  readonly properties: Properties
}

/** What the derivation needs of a state. */
export interface StateView {
  readonly id: string
  readonly at: number
  readonly version: number
  readonly digest: string
  readonly uncertainty: number
  readonly targets: readonly Target[]
}

/** What was believed from `from` to `to` in the world. */
export interface RelationRecord {
  readonly kind: RelationName
  readonly by: string
  readonly fromKey: string
  readonly toKey: string
  readonly from: number
  readonly to: number
  /** µs back from `from`. */
  readonly uncertainty: number
  readonly properties: Properties
}

/** A record that is believed now; `id` names it in the graph. */
export interface CurrentRecord extends RelationRecord {
  readonly id: string
}

/** Counting states before a batch's earliest, after its latest (the first whose version is not lower), and between. */
export interface Surroundings {
  readonly before: StateView | null
  readonly between: readonly StateView[]
  readonly after: StateView | null
}

/** What the new states do to the order of an object's states. */
export interface Settled extends Surroundings {
  /** Counting states from `before` to `after`, in order. */
  readonly sequence: readonly StateView[]
  /** Ids of states, new or stored, that do not count any more. */
  readonly stale: ReadonlySet<string>
  /** State-law kinds of which something may differ now. */
  readonly changed: readonly RelationName[]
}

export interface Change {
  readonly supersede: readonly CurrentRecord[]
  readonly insert: readonly RelationRecord[]
}

type Pair = Pick<Target, 'fromKey' | 'toKey' | 'properties'>

/** A run of states declares the same relation while this is the same. */
const identityOf = ({ fromKey, toKey, properties }: Pair): string => `${fromKey}\n${toKey}\n${canonical(properties)}`

const byOrder = (a: StateView, b: StateView): number =>
  a.at - b.at || a.version - b.version || (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0)

/** Puts new states among those around them, and finds which kinds may have changed. */
export const settle = (
  around: Surroundings,
  arrived: readonly StateView[],
  stateLaw: Iterable<RelationName>,
): Settled => {
  const { before, between, after } = around
  const all = [...(before ? [before] : []), ...between, ...arrived, ...(after ? [after] : [])].sort(byOrder)
  const sequence: StateView[] = []
  const stale = new Set<string>()
  let highest = -1
  for (const [index, state] of all.entries()) {
    const lastOfInstant = all[index + 1]?.at !== state.at
    if (lastOfInstant && state.version >= highest) sequence.push(state)
    else stale.add(state.id)
    highest = Math.max(highest, state.version)
  }
  const arrivedStale = new Set(arrived.filter((state) => stale.has(state.id)))
  const seen = all.filter((state) => !arrivedStale.has(state))
  const changed = arrivedStale.size === arrived.length ? [] : [...stateLaw].filter((kind) => differ(kind, seen, before))
  return { ...around, sequence, stale, changed }
}

/** False where all states, those that counted until now included, declare the same of a kind, and one before them did. */
const differ = (kind: RelationName, states: readonly StateView[], before: StateView | null): boolean => {
  const declared = states.map((state) => [...declaredBy(state, kind).keys()].sort().join('\n\n'))
  return before === null ? declared.some((text) => text !== '') : declared.some((text) => text !== declared[0])
}

const declaredBy = (state: StateView, kind: RelationName): Map<string, Target> => {
  const targets = new Map<string, Target>()
  for (const target of state.targets) {
    if (target.kind !== kind) continue
    const identity = identityOf(target)
    const known = targets.get(identity)
    if (known === undefined || (target.since ?? OPEN) < (known.since ?? OPEN)) targets.set(identity, target)
  }
  return targets
}

/** Where a relation begins that `previous` did not declare: `since`, but never before `previous`; else when it was seen. */
const beginning = (state: StateView, target: Target, previous: StateView | undefined) => {
  const floor = previous?.at ?? -1
  if (target.since !== undefined) return { from: Math.min(state.at, Math.max(target.since, floor)), uncertainty: 0 }
  return { from: state.at, uncertainty: Math.min(state.uncertainty, previous ? state.at - floor : state.uncertainty) }
}

const contains = (record: RelationRecord, at: number): boolean => record.from <= at && at < record.to

/**
 * Records of one kind that an object's settled states demand, against those that are believed now. Runs that reach
 * beyond the window keep the far end of the record that they belong to.
 */
export const deriveRecords = (
  by: string,
  kind: RelationName,
  { sequence, before, after }: Settled,
  current: readonly CurrentRecord[],
): Change => {
  const declared = sequence.map((state) => declaredBy(state, kind))
  const atEnd = declared.at(-1)
  const touching = current.filter(
    (record) =>
      (before === null || record.to > before.at) &&
      (after === null || record.from < after.at || (record.from === after.at && atEnd?.has(identityOf(record)))),
  )
  const wanted: RelationRecord[] = []
  for (const [index, state] of sequence.entries()) {
    for (const [identity, target] of declared[index] ?? []) {
      if (index > 0 && declared[index - 1]?.has(identity)) continue
      const stored = touching.filter((record) => identityOf(record) === identity)
      const reachesBack =
        index === 0 && before !== null ? stored.find((record) => contains(record, before.at)) : undefined
      const { from, uncertainty } = reachesBack ?? beginning(state, target, sequence[index - 1])
      const end = declared.findIndex((targets, later) => later > index && !targets.has(identity))
      const reachesOn = end < 0 && after !== null ? stored.find((record) => contains(record, after.at)) : undefined
      const to = end < 0 ? (reachesOn?.to ?? OPEN) : (sequence[end]?.at ?? OPEN)
      wanted.push({
        kind,
        by,
        fromKey: target.fromKey,
        toKey: target.toKey,
        from,
        to,
        uncertainty,
        properties: target.properties,
      })
    }
  }
  return difference(touching, wanted)
}

const textOf = (record: RelationRecord): string =>
  `${identityOf(record)}\n${record.from}\n${record.to}\n${record.uncertainty}`

const difference = (current: readonly CurrentRecord[], wanted: readonly RelationRecord[]): Change => {
  const kept = new Set(current.map(textOf))
  const needed = new Set(wanted.map(textOf))
  return {
    supersede: current.filter((record) => !needed.has(textOf(record))),
    insert: wanted.filter((record) => !kept.has(textOf(record))),
  }
}

/** That a fixed relation was there at `from`. */
export type Claim = Omit<RelationRecord, 'by' | 'to'>

const firstProperties = (a: Properties, b: Properties): Properties => {
  const merged: Record<string, Value> = { ...a }
  for (const [name, value] of Object.entries(b)) {
    const other = merged[name]
    merged[name] = other === undefined || canonical(value) < canonical(other) ? value : other
  }
  return merged
}

/**
 * The one record of a fixed relation: from its earliest claim on, never ended. It belongs to the pair, whoever claimed it
 * (`by` is the near end), so that the API and attribution make one edge. Properties are united; of two values the smaller
 * in writing stays, so that the order of claims does not count.
 */
export const mergeClaims = (claims: readonly Claim[], current: readonly CurrentRecord[]): Change => {
  const pairOf = (pair: Pair): string => `${pair.fromKey}\n${pair.toKey}`
  const stored = new Map(current.map((record) => [pairOf(record), record]))
  const merged = new Map<string, RelationRecord>()
  for (const claim of claims) {
    const pair = pairOf(claim)
    const known = merged.get(pair) ?? stored.get(pair)
    const record: RelationRecord = { ...claim, by: claim.fromKey, to: OPEN }
    if (known === undefined) merged.set(pair, record)
    else {
      const first = record.from - known.from || record.uncertainty - known.uncertainty
      const { from, uncertainty } = first < 0 ? record : known
      merged.set(pair, {
        ...record,
        from,
        uncertainty,
        properties: firstProperties(known.properties, record.properties),
      })
    }
  }
  const touched = [...merged.keys()].flatMap((pair) => stored.get(pair) ?? [])
  return difference(touched, [...merged.values()])
}

/** What a state claims of fixed relations. Stale states claim too; nothing clamps their `since`. */
export const claimsOf = (state: StateView, fixedLaw: ReadonlySet<RelationName>): Claim[] =>
  state.targets
    .filter((target) => fixedLaw.has(target.kind))
    .map(({ kind, fromKey, toKey, since, properties }) => ({
      kind,
      fromKey,
      toKey,
      from: Math.min(since ?? state.at, state.at),
      uncertainty: since === undefined ? state.uncertainty : 0,
      properties,
    }))
