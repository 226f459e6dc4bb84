/** Which sources an answer about a family of objects rests on, and when they were not watching. */
import type { EventKind } from '../../graph/model/define.ts'
import { COLLECTORS, EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { SLOWEST_BEAT, sourceOf } from '../../graph/model/observation.ts'
import { now, SECOND } from '../../graph/model/time.ts'
import { concerns, type Interval, LAG, spansOf } from './coverage.ts'
import type { Member, Window } from './family.ts'
import type { Horizon } from './horizon.ts'
import { withoutCluster } from './read.ts'
import { type Source, unwatched, without } from './sources.ts'

/** A source that begins a little later than another is no blind one: heartbeats have a queue to pass. */
const EDGE = 15 * SECOND
/** What a heartbeat may need to get here. */
const ON_THE_WAY = 10 * SECOND
/** A source that was heard this lately is there, and what it has not told yet is under way. */
export const RECENT = SLOWEST_BEAT + ON_THE_WAY
/** Lag that an answer does not mention. */
export const SHORT = SLOWEST_BEAT + 5 * SECOND

/** A time within the window about which a source can't say anything, or not all. Of one that was silent all the time it begins when it was heard last. */
export interface Unwatched {
  /** Null where it is no source's fault: what they told was removed, or was not known yet. */
  readonly source: string | null
  readonly collector: string | null
  /** Name of the node or host; null for the whole cluster. */
  readonly on: string | null
  readonly from: number
  readonly to: number
  /** Why, where it is known: the reason of a gap, what was lost; `never-heard` where no such source ever reported, `beyond-horizon` where what happened then was removed, `known-beyond-horizon` where what was known then was, `not-known-yet` where it lies after what was known. */
  readonly reason: string | null
  /** Only these kinds of events are concerned; null: all that it tells. */
  readonly kinds: readonly EventName[] | null
  /** How many observations it knows that it lost; null where it was not watching. */
  readonly lost: number | null
}

/** How far an answer can rest on its sources. */
export interface Watch {
  readonly notSeen: readonly Unwatched[]
  /** What happened later is not told yet, as sources lag a little; null where that is not worth a word. */
  readonly toldUpTo: number | null
}

/** A source that would tell of a family. */
export interface ExpectedSource {
  readonly source: string
  readonly collector: string
  readonly on: string | null
}

/** Names of the nodes that hosts are, by the host's key without the cluster. */
export const hostNames = (cluster: string, members: readonly Member[]): Map<string, string> =>
  new Map(
    members.flatMap(({ nodes, hosts }) =>
      hosts.map((host) => [withoutCluster(cluster, host.key), nodes[0]?.name ?? host.name ?? host.key] as const),
    ),
  )

const collectorsOf = (scope: 'cluster' | 'host'): string[] => {
  const telling = new Set(Object.values(EVENTS).map((kind) => kind.collector))
  return [...telling].filter((collector) => COLLECTORS[collector].scope === scope)
}

/** The sources that would have told of anything in the cluster. */
export const expectedOfCluster = (): ExpectedSource[] =>
  collectorsOf('cluster').map((collector) => ({ source: sourceOf(collector), collector, on: null }))

/** Those of a host: its key without the cluster, and the name of the node that it is. */
export const expectedOfHost = (host: string, on: string): ExpectedSource[] =>
  collectorsOf('host').map((collector) => ({ source: sourceOf(collector, host), collector, on }))

/** The sources that would have told: those of the cluster, and those of every host on which a pod of the family ran. */
export const expected = (cluster: string, members: readonly Member[]): ExpectedSource[] => [
  ...expectedOfCluster(),
  ...[...hostNames(cluster, members)].flatMap(([host, on]) => expectedOfHost(host, on)),
]

/** Kinds whose absence means something. */
export const TELLING = Object.values(EVENTS)
  .filter((kind: EventKind) => kind.bestEffort === undefined)
  .map(({ name }) => name as EventName)

/** Those of one collector. */
export const tellsOf = (collector: string): EventName[] =>
  TELLING.filter((kind) => EVENTS[kind].collector === collector)

/** Holes of all kinds, and those of some: each with the kinds that it concerns. */
const holesOf = (source: Source, window: Interval): (Interval & { kinds: EventName[] | null })[] => {
  const whole = unwatched(source, window)
  const partial = tellsOf(source.collector).flatMap((kind) =>
    without(unwatched(source, window, kind), whole).map((hole) => ({ ...hole, kind })),
  )
  return [
    ...whole.map((hole) => ({ ...hole, kinds: null })),
    ...[...Map.groupBy(partial, ({ from, to }) => `${from} ${to}`).values()].map((same) => ({
      ...{ from: same[0]!.from, to: same[0]!.to },
      kinds: same.map(({ kind }) => kind),
    })),
  ]
}

/** Known losses of what may matter. */
const lossesOf = ({ collector, losses }: Source, want: ExpectedSource): Unwatched[] =>
  losses
    .filter((loss) => tellsOf(collector).some((kind) => concerns(loss, kind)))
    .map(({ from, to, what, count, kinds = null }) => ({ ...want, from, to, reason: what, kinds, lost: count }))

/** No source's fault, and of all that they tell. */
const ALL = { source: null, collector: null, on: null, kinds: null, lost: null }

/** What can't be told of a window since it was removed: what had ended by the horizon, and what was known by then. */
export const removed = (horizon: Horizon, { from, to, known }: Window): Unwatched[] => {
  return [
    ...(horizon.at !== null && from < horizon.at
      ? [{ ...ALL, from, to: Math.min(to, horizon.at), reason: 'beyond-horizon' }]
      : []),
    ...(known < horizon.known ? [{ ...ALL, from, to, reason: 'known-beyond-horizon' }] : []),
  ]
}

/** Up to when a source that is there has told all; the end of the window where it lags by nothing, or is not there. */
const toldBy = ({ sessions, ended, heardAt }: Source, to: number, clock: number): number => {
  // Of replicas the one that began first may be the one that tells.
  const told = Math.max(...sessions.map((session) => session.to))
  return !ended && clock - heardAt <= RECENT && told < to && to - told <= LAG ? told : to
}

/** Up to when a source had watched before a window in which it did not; null where it did, or never had. */
const silentSince = ({ sessions }: Source, window: Interval): number | null => {
  const before = spansOf(sessions).findLast(({ from }) => from < window.to)
  return before === undefined || before.to > window.from ? null : before.to
}

/** All that was not watched in the window, by source and time. `clock` tells a source that lags from one that is gone. */
export const watch = (
  wanted: readonly ExpectedSource[],
  heard: readonly Source[],
  window: Window,
  clock: number = now(),
): Watch => {
  const to = Math.min(window.to, window.known)
  const from = Math.min(window.from, to)
  const asOf = Math.min(clock, window.known)
  const looked = wanted.map((want): { told: number; unseen: Unwatched[] } => {
    const source = heard.find((it) => it.source === want.source)
    if (source === undefined)
      return { told: to, unseen: [{ ...want, from, to, reason: 'never-heard', kinds: null, lost: null }] }
    const told = toldBy(source, to, asOf)
    const since = silentSince(source, { from, to })
    const holes = holesOf(source, { from: since ?? Math.min(from, told), to: told })
      .filter((hole) => (hole.to < to && hole.from > from) || hole.to - hole.from > EDGE)
      .map((hole): Unwatched => {
        const gap = source.gaps.find(
          (it) =>
            it.from < hole.to && it.to > hole.from && (hole.kinds ?? [undefined]).some((kind) => concerns(it, kind)),
        )
        return { ...want, ...hole, reason: gap?.reason ?? null, lost: null }
      })
    return { told, unseen: [...holes, ...lossesOf(source, want)] }
  })
  const told = Math.min(to, ...looked.map((each) => each.told))
  const later = window.to > to ? [{ ...ALL, from: to, to: window.to, reason: 'not-known-yet' }] : []
  return {
    notSeen: [...later, ...looked.flatMap((each) => each.unseen)],
    toldUpTo: window.to - told > SHORT ? told : null,
  }
}
