/** What the sources of a cluster were watching, and when not: the ground of every "it did not happen". */
import type { EventName } from '../../graph/model/generated/types.ts'
import { now } from '../../graph/model/time.ts'
import {
  asKnown,
  type Coverage,
  concerns,
  type Interval,
  type Session,
  type StoredCoverage,
  sessionsOf,
  spansOf,
  watermarkOf,
} from './coverage.ts'
import type { Window } from './family.ts'
import { type Reader, statement } from './read.ts'

const SOURCES = statement('sources')
const WATCHED = statement('watched')
const GAPS = statement('gaps')
const CLUSTERS = statement('clusters')

export interface Gap extends Interval {
  readonly source: string
  readonly reason: string
  /** Only events of these kinds were missed; absent: all that the source tells. */
  readonly kinds?: readonly EventName[]
}

export interface Loss extends Interval {
  readonly source: string
  readonly count: number
  readonly what: string
  readonly kinds?: readonly EventName[]
  /** Digest of the one observation that was lost, where it is known. */
  readonly of?: string
}

export interface Source {
  /** `ebpf@<host>`, `kubernetes@cluster`. */
  readonly source: string
  readonly collector: string
  readonly host: string | null
  readonly sessions: readonly Session[]
  /** All that it saw before is in the graph, µs. */
  readonly watermark: number
  readonly heardAt: number
  /** Its stream is over (a recording). */
  readonly ended: boolean
  /** Of the newest session, since its start. */
  readonly counters: Readonly<Record<string, number>>
  readonly gaps: readonly Gap[]
  readonly losses: readonly Loss[]
}

interface Told {
  readonly collector: string
  readonly host?: string
  readonly counters?: string
}

const sourceFrom = (rows: readonly (Coverage & Told)[], gaps: readonly Gap[], losses: readonly Loss[]): Source => {
  const first = rows[0]!
  const newest = rows.reduce((a, b) => (b.heardAt >= a.heardAt ? b : a))
  const sessions = sessionsOf(rows)
  const watermark = watermarkOf(rows)
  return {
    source: first.source,
    collector: first.collector,
    host: first.host ?? null,
    sessions,
    watermark: Number.isFinite(watermark) ? watermark : Math.max(...sessions.map((session) => session.to)),
    heardAt: newest.heardAt,
    ended: sessions.at(-1)!.ended,
    counters: JSON.parse(newest.counters ?? '{}') as Record<string, number>,
    gaps: gaps.filter((gap) => gap.source === first.source),
    losses: losses.filter((loss) => loss.source === first.source),
  }
}

const sourcesWith = async (
  reader: Reader,
  cluster: string,
  { from, to, known }: Window,
  rows: Promise<{ coverage: StoredCoverage & Told }[]>,
): Promise<Source[]> => {
  const [coverage, facts] = await Promise.all([
    rows,
    reader.read<{ type: 'gap'; fact: Gap } | { type: 'loss'; fact: Loss }>(GAPS, { cluster, from, to, known }),
  ])
  const gaps = facts.flatMap((row) => (row.type === 'gap' ? [row.fact] : []))
  const losses = facts.flatMap((row) => (row.type === 'loss' ? [row.fact] : []))
  const told = asKnown(
    coverage.map((row) => row.coverage).filter((row) => row.from <= to),
    known,
  )
  const bySource = Map.groupBy(told, (row) => row.source)
  return [...bySource.values()].map((rows) => sourceFrom(rows, gaps, losses))
}

/** All sources of a cluster that were heard in the window, by name, with their gaps and losses in it: as known at `window.known`. */
export const sources = (reader: Reader, cluster: string, window: Window): Promise<Source[]> =>
  sourcesWith(reader, cluster, window, reader.read(SOURCES, { cluster, from: window.from, to: window.to }))

/** Those of the names that were heard by the end of the window, with all their sessions, and with their gaps and losses in it. */
export const sourcesNamed = (
  reader: Reader,
  cluster: string,
  names: readonly string[],
  window: Window,
): Promise<Source[]> => sourcesWith(reader, cluster, window, reader.read(WATCHED, { cluster, sources: names }))

/** What is left of `intervals` outside of `taken`. */
export const without = (intervals: readonly Interval[], taken: readonly Interval[]): Interval[] =>
  taken.reduce<Interval[]>(
    (left, { from, to }) =>
      left
        .flatMap((each) => [
          { from: each.from, to: Math.min(each.to, from) },
          { from: Math.max(each.from, to), to: each.to },
        ])
        .filter((each) => each.from < each.to),
    [...intervals],
  )

/**
 * The parts of the window in which the source was not watching, for a kind where one is named, in order: outside its
 * sessions, and its gaps.
 */
export const unwatched = (source: Source, window: Interval, kind?: EventName): Interval[] => {
  const gaps = source.gaps
    .filter((gap) => concerns(gap, kind))
    .map((gap) => ({ from: Math.max(gap.from, window.from), to: Math.min(gap.to, window.to) }))
    .filter((gap) => gap.from < gap.to)
  const holes = [...without([window], spansOf(source.sessions, kind)), ...gaps].sort((a, b) => a.from - b.from)
  const merged: Interval[] = []
  for (const hole of holes) {
    const last = merged.at(-1)
    if (last !== undefined && hole.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, hole.to) }
    else merged.push(hole)
  }
  return merged
}

export interface ClusterHeard {
  readonly cluster: string
  /** Newest word of any source, µs by the collectors' clocks. */
  readonly heardAt: number
  /** Newest time that a source vouches for. */
  readonly to: number
  /** False for a recording: all its streams have ended. */
  readonly live: boolean
}

/** Clusters that the graph knows of, the one heard last first. */
export const clusters = (reader: Reader): Promise<ClusterHeard[]> => reader.read<ClusterHeard>(CLUSTERS, {})

/** "Now" of a cluster: the clock's, or for a recording the end of its streams, since nothing is known of the time after. */
export const clusterNow = async (reader: Reader, cluster: string): Promise<number> => {
  const heard = (await clusters(reader)).find((it) => it.cluster === cluster)
  return heard === undefined || heard.live ? now() : heard.to
}
