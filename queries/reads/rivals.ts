/** What else could have broken a workload and did not, told only for the time that was watched; and since when its limit is as it is. */
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import { MINUTE } from '../../graph/model/time.ts'
import { events } from './events.ts'
import { beginAt, instant, walk } from './links.ts'
import type { OccurrenceDetail } from './occurrences.ts'
import type { Reader } from './read.ts'
import { type Source, sources, unwatched } from './sources.ts'
import { firstSeen } from './states.ts'
import type { StoredEvent } from './stored.ts'

/** How long before an occurrence a change may have led to it, µs. */
const BEFORE = 60 * MINUTE
/** What was watched for less than this proves nothing. */
const LEAST = MINUTE
/** How far back a limit is followed, µs. */
const LIMIT_BACK = 14 * 24 * 60 * MINUTE

/** A cause that can be left out: nothing of the kind happened in [from, the occurrence), and a source would have told. */
export interface RuledOut {
  readonly rival: 'workload-changed' | 'configuration-changed' | 'node-under-pressure'
  readonly from: number
  /** Objects that were looked at. */
  readonly objects: number
}

/** The memory limit that a container hit. */
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

/** From when on a kind was watched without a break up to `to`; null where that is too short a time. */
const watchedSince = (heard: readonly Source[], kind: EventName, from: number, to: number): number | null => {
  const source = heard.find((it) => it.source === sourceOf(EVENTS[kind].collector))
  if (source === undefined) return null
  const since = unwatched(source, { from, to }, kind).at(-1)?.to ?? from
  return to - since < LEAST ? null : since
}

/** The change of a container's memory limit among those of a workload's or pod's spec, if this is one. */
const changeOfLimit = ({ paths, before, after }: StoredEvent<'spec-changed'>, container: string) => {
  const index = paths.findIndex((path) => path.endsWith(`ontainers[${container}].resources.limits.memory`))
  return index < 0 ? null : { before: before[index] || 'none', after: after[index] || 'none' }
}

const limitOf = async (
  reader: Reader,
  detail: OccurrenceDetail,
  keys: readonly string[],
  heard: readonly Source[],
  known: number,
): Promise<Limit | null> => {
  const { occurrence, verdict, evidence } = detail
  const anchor = evidence.find(({ event }) => event.id === occurrence.anchorId)?.event
  const container = verdict?.containerName
  if (anchor?.kind !== 'oom-kill' || container === undefined) return null
  const { global: ofNode, limitBytes } = anchor as StoredEvent<'oom-kill'>
  if (ofNode || limitBytes === undefined) return null
  const from = occurrence.at - LIMIT_BACK
  const watched = watchedSince(heard, 'spec-changed', from, occurrence.at)
  if (watched === null) return null
  const [told, first] = await Promise.all([
    events(reader, keys, { from, to: occurrence.at, known }, ['spec-changed']),
    firstSeen(reader, keys),
  ])
  // One that leaves out paths may have changed the limit too.
  const doubtful = told.events.findLast(({ morePaths = 0 }) => morePaths > 0)?.at ?? 0
  const last = told.events.findLast((event) => changeOfLimit(event, container) !== null)
  const since = Math.max(watched, Math.min(...first.values()), last?.at ?? 0, doubtful)
  return {
    bytes: limitBytes,
    since,
    changed: last === undefined || last.at < since ? null : changeOfLimit(last, container),
  }
}

/** What can be left out as a cause of an occurrence, by what happened before it. */
export const rivals = async (
  reader: Reader,
  cluster: string,
  detail: OccurrenceDetail,
  known: number,
): Promise<Rivals> => {
  const { at } = detail.occurrence
  const pods = detail.affected.filter(({ role }) => role === 'pod').map(({ object }) => object)
  const owners = detail.affected.filter(({ object }) => object.kind === 'Workload').map(({ object }) => object.key)
  const [heard, below] = await Promise.all([
    sources(reader, cluster, { from: at - LIMIT_BACK, to: at }),
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
  ): Promise<RuledOut[]> => {
    const from = watchedSince(heard, kind, at - BEFORE, at)
    if (from === null || keys.length === 0) return []
    const told = await events(reader, keys, { from, to: at, known }, [kind])
    return told.events.some(counts) ? [] : [{ rival, from, objects: keys.length }]
  }
  const [limit, ...ruledOut] = await Promise.all([
    limitOf(reader, detail, wanted, heard, known),
    look('workload-changed', 'spec-changed', wanted),
    look('configuration-changed', 'config-changed', keysOf('ConfigMap', 'Secret')),
    look(
      'node-under-pressure',
      'node-condition-changed',
      keysOf('Node'),
      ({ condition, status }) => condition.endsWith('Pressure') && status === 'True',
    ),
  ])
  return { notThis: ruledOut.flat(), limit }
}
