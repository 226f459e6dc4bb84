/** What else could have broken a workload and did not, told only for the time that was watched; and since when its limit is as it is. */
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import { MINUTE } from '../../graph/model/time.ts'
import { concerns } from './coverage.ts'
import { events } from './events.ts'
import type { Horizon } from './horizon.ts'
import { isOfNode, killOf, LIMIT_BACK, type Limit, limitOf } from './limit.ts'
import { beginAt, instant, walk } from './links.ts'
import type { OccurrenceDetail } from './occurrences.ts'
import type { AsOf, Reader } from './read.ts'
import { type Source, sources, unwatched } from './sources.ts'
import { isTold, states, statesInForce } from './states.ts'
import type { StoredEvent, StoredState } from './stored.ts'

/** How long before an occurrence a change may have led to it, µs. */
const BEFORE = 60 * MINUTE
/** What was watched for less than this proves nothing. */
const LEAST = MINUTE

/** A cause that can be left out: nothing of the kind happened from `from` on until the occurrence surely had, and a source would have told. */
export interface RuledOut {
  readonly rival: 'workload-changed' | 'configuration-changed' | 'node-under-pressure'
  readonly from: number
  /** Objects that were looked at, each of them watched. */
  readonly objects: number
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

/** A state after which changes of its object are told. Of content that is rewritten by the clock none is. */
const tellsChanges = (state: StoredState | undefined): boolean => isTold(state) && state.body.rewritten !== true

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
  if (!keys.every((key) => tellsChanges(then.get(key)))) return null
  const later = keys.filter((key) => !before.has(key))
  const sights = await states(reader, later, { from, to: at, known })
  const first = [...before.values(), ...later.flatMap((key) => sights.get(key)?.[0] ?? [])]
  if (!first.every((state) => tellsChanges(state) && (state.at - state.uncertainty <= from || mayBeNew(state.key))))
    return null
  // What was there already is compared from its first sight on.
  return Math.max(from, ...first.filter((state) => state.at - state.uncertainty <= from).map((state) => state.at))
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
  const watched = watchedSince(heard, 'spec-changed', at - LIMIT_BACK, until)
  const [hit, ...ruledOut] = await Promise.all([
    watched === null ? null : limitOf(reader, detail, watched, known),
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
  // A pod that was made with another limit than those before it was changed, though nobody changed what makes it.
  const remade = hit?.remadeAt ?? null
  return {
    notThis: ruledOut
      .flat()
      .filter(({ rival, from }) => rival !== 'workload-changed' || remade === null || remade <= from),
    limit: hit?.limit ?? null,
  }
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
