/** What a batch's transaction reads, once its lane is raised, before it can tell what to write. */
import type { RelationName } from '../model/generated/types.ts'
import type { Declaration } from '../model/observation.ts'
import { OPEN } from '../model/time.ts'
import type { Transaction } from '../store/main.ts'
import type { CurrentRecord, Settled, StateView, Surroundings } from './derive.ts'
import { type Naming, type ObjectRow, saysMore } from './objects.ts'
import { digestOfId, type Prepared, type StateRow, targetsOf } from './prepare.ts'
import { readOf, statement } from './statements.ts'

type StoredState = Omit<StateView, 'digest' | 'targets'> & { readonly relations: string }
interface StoredAround {
  readonly key: string
  readonly before: StoredState | null
  readonly between: readonly StoredState[]
  readonly after: StoredState | null
}

const OBJECTS_THERE = statement('objects-there')
const STATES_THERE = statement('states-there')
const STATES_AROUND = statement('states-around')

/** Objects of which the graph does not yet know all that the batch says, by kind and key: the one order in which all transactions lock them. */
export const objectsToWrite = async (transaction: Transaction, objects: Prepared['objects']): Promise<ObjectRow[]> => {
  if (objects.size === 0) return []
  const there = await transaction.run<Naming & { key: string }>(OBJECTS_THERE, { keys: [...objects.keys()] })
  const known = new Map(there.map((row) => [row.key, row]))
  const isNew = (row: ObjectRow): boolean => {
    const naming = known.get(row.key)
    return naming === undefined || saysMore(row, naming)
  }
  return [...objects.values()]
    .filter(isNew)
    .sort((a, b) => (a.kind === b.kind ? (a.key < b.key ? -1 : 1) : a.kind < b.kind ? -1 : 1))
}

/** Ids of the batch's states that are stored already. */
export const storedStates = async (transaction: Transaction, states: readonly StateRow[]): Promise<Set<string>> => {
  if (states.length === 0) return new Set()
  const there = await transaction.run<{ id: string }>(STATES_THERE, { ids: states.map((state) => state.view.id) })
  return new Set(there.map((row) => row.id))
}

/** Counting states around each object's given ones, whether these are new or not: a wider window is as good. */
export const readAround = async (
  transaction: Transaction,
  cluster: string,
  given: ReadonlyMap<string, readonly StateRow[]>,
): Promise<Map<string, Surroundings>> => {
  if (given.size === 0) return new Map()
  const rows = [...given].map(([key, states]) => {
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

/** Records of a state-law kind that objects' windows touch. One without states around it has none yet. */
export const readTouched = (
  transaction: Transaction,
  kind: RelationName,
  windows: Iterable<readonly [by: string, window: Settled]>,
): Promise<CurrentRecord[]> => {
  const ranges = [...windows]
    .filter(([, { before, between, after }]) => before !== null || after !== null || between.length > 0)
    .map(([by, { before, after }]) => ({ by, after: before?.at ?? -1, until: after?.at ?? OPEN }))
  return readRecords(transaction, kind, ranges)
}

/** Records of a fixed kind that belong to these near ends, whatever their time. */
export const readFixed = (
  transaction: Transaction,
  kind: RelationName,
  nearEnds: Iterable<string>,
): Promise<CurrentRecord[]> =>
  readRecords(
    transaction,
    kind,
    [...nearEnds].map((by) => ({ by, after: -1, until: OPEN })),
  )
