/** What else could have broken a workload and did not, told only for the time that was watched; and since when its limit is as it is. */
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import { MINUTE } from '../../graph/model/time.ts'
import { concerns } from './coverage.ts'
import { events } from './events.ts'
import type { Horizon } from './horizon.ts'
import { beginAt, instant, walk } from './links.ts'
import type { OccurrenceDetail } from './occurrences.ts'
import type { AsOf, Reader } from './read.ts'
import { type Source, sources, unwatched } from './sources.ts'
import { firstSeen, states, statesInForce } from './states.ts'
import type { StoredEvent, StoredState } from './stored.ts'

/** How long before an occurrence a change may have led to it, µs. */
const BEFORE = 60 * MINUTE
/** What was watched for less than this proves nothing. */
const LEAST = MINUTE
/** How far back a limit is followed, µs. */
const LIMIT_BACK = 14 * 24 * 60 * MINUTE

/** A cause that can be left out: nothing of the kind happened from `from` on until the occurrence surely had, and a source would have told. */
export interface RuledOut {
  readonly rival: 'workload-changed' | 'configuration-changed' | 'node-under-pressure'
  readonly from: number
  /** Objects that were looked at, each of them watched. */
  readonly objects: number
}

/** The memory limit that a container hit, its own or its pod's. */
export interface Limit {
  readonly bytes: number
  /** It is known to be unchanged since, µs. */
  readonly since: number
  /** The change that was seen then; null where none was. */
  readonly changed: { readonly before: string; readonly after: string } | null
}

export interface Rivals {
  readonly notThis: readonly RuledOut[]
  readonly limit: Limit | null
}

/** From when on a kind was watched up to `to` without a break or a loss; null where that is too short a time. */
const watchedSince = (heard: readonly Source[], kind: EventName, from: number, to: number): number | null => {
  const source = heard.find((it) => it.source === sourceOf(EVENTS[kind].collector))
  if (source === undefined) return null
  const lost = source.losses.filter((loss) => concerns(loss, kind) && loss.from <= to).map((loss) => loss.to)
  const since = Math.max(unwatched(source, { from, to }, kind).at(-1)?.to ?? from, ...lost)
  return to - since < LEAST ? null : since
}

/** A state after which its object is told of. */
const isTold = (state: StoredState | undefined): state is StoredState =>
  state !== undefined && !state.deleted && !state.leftOut

/**
 * From when on all of `keys` were looked at up to `at`; null where one was not, or came into being since: what is new may be
 * the cause. `mayBeNew` excepts what its owner makes without anybody changing a thing, as pods of a workload.
 */
const toldFrom = async (
  reader: Reader,
  keys: readonly string[],
  from: number,
  { at, known }: AsOf,
  mayBeNew: (key: string) => boolean,
): Promise<number | null> => {
  const [before, then] = await Promise.all([
    statesInForce(reader, keys, { at: from, known }),
    statesInForce(reader, keys, { at, known }),
  ])
  if (!keys.every((key) => isTold(then.get(key)))) return null
  const later = keys.filter((key) => !before.has(key))
  const sights = await states(reader, later, { from, to: at, known })
  const first = [...before.values(), ...later.flatMap((key) => sights.get(key)?.[0] ?? [])]
  if (!first.every((state) => isTold(state) && (state.at - state.uncertainty <= from || mayBeNew(state.key))))
    return null
  // What was there already is compared from its first sight on.
  return Math.max(from, ...first.filter((state) => state.at - state.uncertainty <= from).map((state) => state.at))
}

/** The change of a container's memory limit among those of a workload's or pod's spec, if this is one. */
const changeOfLimit = ({ paths, before, after }: StoredEvent<'spec-changed'>, container: string) => {
  const index = paths.findIndex((path) => path.endsWith(`ontainers[${container}].resources.limits.memory`))
  return index < 0 ? null : { before: before[index] || 'none', after: after[index] || 'none' }
}

/** A pod's limit follows from those of all its containers, if it is not set itself. */
const touchesPodsLimit = ({ paths }: StoredEvent<'spec-changed'>): boolean =>
  paths.some((path) => path.endsWith('resources.limits.memory'))

const killOf = ({ occurrence, evidence }: OccurrenceDetail): StoredEvent<'oom-kill'> | null => {
  const anchor = evidence.find(({ event }) => event.id === occurrence.anchorId)?.event
  return anchor?.kind === 'oom-kill' ? (anchor as StoredEvent<'oom-kill'>) : null
}

/** The node was out of memory: no limit of the workload's was hit. */
const isOfNode = ({ global, limitOf }: StoredEvent<'oom-kill'>): boolean => global || limitOf === 'node'

const limitOf = async (
  reader: Reader,
  detail: OccurrenceDetail,
  heard: readonly Source[],
  known: number,
): Promise<Limit | null> => {
  const { occurrence, verdict, affected } = detail
  const kill = killOf(detail)
  const container = verdict?.containerName
  if (kill?.podKey === undefined || container === undefined) return null
  if (isOfNode(kill) || kill.limitBytes === undefined) return null
  const { at, until } = occurrence
  const from = at - LIMIT_BACK
  const watched = watchedSince(heard, 'spec-changed', from, until)
  if (watched === null) return null
  // The pod holds the limit; it was the same in the pods before where the top owner's template says so.
  const top = affected.find(({ role }) => role === 'workload')?.object.key
  const wanted = [kill.podKey, ...(top === undefined ? [] : [top])]
  const inForce = await statesInForce(reader, wanted, { at, known })
  const keys = wanted.filter((key) => isTold(inForce.get(key)))
  if (!keys.includes(kill.podKey)) return null
  const [told, first] = await Promise.all([
    events(reader, keys, { from, to: until, known }, ['spec-changed']),
    firstSeen(reader, keys),
  ])
  // One that leaves out paths may have changed the limit too, and so may those older than one answer takes.
  const doubtful = told.events.findLast(({ morePaths = 0 }) => morePaths > 0)?.at ?? 0
  const oldest = [...Map.groupBy(told.events, ({ objectKey }) => objectKey).values()].map((all) => all[0]!.at)
  const last = told.events.findLast((event) =>
    kill.limitOf === 'pod' ? touchesPodsLimit(event) : changeOfLimit(event, container) !== null,
  )
  const since = Math.max(watched, Math.min(...first.values()), last?.at ?? 0, doubtful, ...(told.cut ? oldest : []))
  const changed = last === undefined || last.at < since ? null : changeOfLimit(last, container)
  // It may have happened before that.
  return since > at && changed === null ? null : { bytes: kill.limitBytes, since, changed }
}

const isPressure = ({ condition, status }: StoredEvent<'node-condition-changed'>): boolean =>
  condition.endsWith('Pressure') && status === 'True'

/** What can be left out as a cause of an occurrence, by what happened before it, or may have. */
export const rivals = async (
  reader: Reader,
  cluster: string,
  detail: OccurrenceDetail,
  known: number,
): Promise<Rivals> => {
  const { at, until } = detail.occurrence
  const kill = killOf(detail)
  const pods = detail.affected.filter(({ role }) => role === 'pod').map(({ object }) => object)
  const owners = detail.affected.filter(({ object }) => object.kind === 'Workload').map(({ object }) => object.key)
  const top = detail.affected.find(({ role }) => role === 'workload')?.object.key
  const [heard, below] = await Promise.all([
    sources(reader, cluster, { from: at - LIMIT_BACK, to: until, known }),
    walk(reader, 'relies-on', beginAt(...pods), instant({ at, known }), { depth: 3, most: 200 }),
  ])
  const keysOf = (...kinds: string[]): string[] =>
    [...below.reached.values()].flatMap(({ object }) => (kinds.includes(object.kind) ? object.key : []))
  const wanted = [...owners, ...pods.map(({ key }) => key)]
  const look = async <K extends EventName>(
    rival: RuledOut['rival'],
    kind: K,
    keys: readonly string[],
    counts: (event: StoredEvent<K>) => boolean = () => true,
    mayBeNew: (key: string) => boolean = () => false,
  ): Promise<RuledOut[]> => {
    const watched = watchedSince(heard, kind, at - BEFORE, until)
    if (watched === null || keys.length === 0) return []
    const from = await toldFrom(reader, keys, watched, { at: until, known }, mayBeNew)
    if (from === null || at - from < LEAST) return []
    const told = await events(reader, keys, { from, to: until, known }, [kind])
    return told.cut || told.events.some(counts) ? [] : [{ rival, from, objects: keys.length }]
  }
  /** Pressure may have begun long before, and go on: of each condition the last that was told counts too. */
  const underPressure = async (): Promise<RuledOut[]> => {
    const nodes = keysOf('Node')
    const [found] = await look('node-under-pressure', 'node-condition-changed', nodes, isPressure)
    if (found === undefined) return []
    const earlier = await events(reader, nodes, { from: 0, to: found.from, known }, ['node-condition-changed'])
    const last = new Map(earlier.events.map((event) => [`${event.objectKey} ${event.condition}`, event]))
    return earlier.cut || [...last.values()].some(isPressure) ? [] : [found]
  }
  const [limit, ...ruledOut] = await Promise.all([
    limitOf(reader, detail, heard, known),
    look(
      'workload-changed',
      'spec-changed',
      wanted,
      () => true,
      (key) => top !== undefined && key !== top,
    ),
    look('configuration-changed', 'config-changed', keysOf('ConfigMap', 'Secret')),
    // What a full node did not report is nothing that can be left out.
    kill !== null && isOfNode(kill) ? [] : underPressure(),
  ])
  return { notThis: ruledOut.flat(), limit }
}

/** What of it still stands where history was removed up to the horizon; nothing does where what was known was removed. */
export const sinceHorizon = ({ notThis, limit }: Rivals, { at, known }: AsOf, horizon: Horizon): Rivals => {
  if (known < horizon.known) return { notThis: [], limit: null }
  const { at: kept } = horizon
  if (kept === null) return { notThis, limit }
  const stillToldOf = at - kept >= LEAST
  return {
    notThis: stillToldOf ? notThis.map((it) => ({ ...it, from: Math.max(it.from, kept) })) : [],
    limit:
      limit === null || limit.since >= kept ? limit : stillToldOf ? { ...limit, since: kept, changed: null } : null,
  }
}
