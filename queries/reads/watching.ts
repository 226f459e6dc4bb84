/** Which sources an answer about a family of objects rests on, and when they were not watching. */
import { COLLECTORS, EVENTS } from '../../graph/model/generated/registry.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import { SECOND } from '../../graph/model/time.ts'
import type { Member, Window } from './family.ts'
import { withoutCluster } from './read.ts'
import { type Source, unwatched } from './sources.ts'

/** Collectors that watch a whole cluster from one place; all others watch the host that they run on. */
export const CLUSTER_WIDE: ReadonlySet<string> = new Set(
  Object.values(COLLECTORS).flatMap(({ name, scope }) => (scope === 'cluster' ? name : [])),
)

/** A source that begins a little later than another, or is a little behind, is no blind one: heartbeats have a queue to pass. */
const EDGE = 15 * SECOND

/** A time within the window about which a source can't say anything. */
export interface Unwatched {
  readonly source: string
  readonly collector: string
  /** Name of the node or host; null for the whole cluster. */
  readonly on: string | null
  readonly from: number
  readonly to: number
  /** Why, where it is known: the reason of a gap; `never-heard` where no such source ever reported. */
  readonly reason: string | null
}

interface Expected {
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

/** The sources that would have told: those of the cluster, and those of every host on which a pod of the family ran. */
const expected = (cluster: string, members: readonly Member[]): Expected[] => {
  const collectors = [...new Set(Object.values(EVENTS).map((kind) => kind.collector))]
  const hosts = hostNames(cluster, members)
  return collectors.flatMap((collector): Expected[] =>
    CLUSTER_WIDE.has(collector)
      ? [{ source: sourceOf(collector), collector, on: null }]
      : [...hosts].map(([host, on]) => ({ source: sourceOf(collector, host), collector, on })),
  )
}

/** All that was not watched in the window, by source and time. */
export const notSeen = (
  cluster: string,
  members: readonly Member[],
  known: readonly Source[],
  window: Window,
): Unwatched[] =>
  expected(cluster, members).flatMap((want): Unwatched[] => {
    const source = known.find((it) => it.source === want.source)
    if (source === undefined) return [{ ...want, from: window.from, to: window.to, reason: 'never-heard' }]
    return unwatched(source, window)
      .filter((hole) => (hole.to < window.to && hole.from > window.from) || hole.to - hole.from > EDGE)
      .map((hole) => {
        const gap = source.gaps.find((it) => it.from < hole.to && it.to > hole.from)
        return { ...want, ...hole, reason: gap?.reason ?? null }
      })
  })
