/** What the sources of a cluster were watching, and when not: the ground of every "it did not happen". */
import { LANES } from '../../graph/model/batch.ts'
import { now } from '../../graph/model/time.ts'
import { type Reader, statement } from './read.ts'

const SOURCES = statement('sources')
const GAPS = statement('gaps')
const CLUSTERS = statement('clusters')

/** [from, to) in µs. */
export interface Interval {
  readonly from: number
  readonly to: number
}

export interface Gap extends Interval {
  readonly source: string
  readonly reason: string
}

export interface Loss extends Interval {
  readonly source: string
  readonly count: number
  readonly what: string
}

/** One run of a collector; `to` is what it vouches for in every lane. */
export interface Session extends Interval {
  readonly session: string
  readonly ended: boolean
  readonly heardAt: number
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

interface Coverage extends Interval {
  readonly source: string
  readonly collector: string
  readonly host?: string
  readonly session: string
  readonly lane: string
  readonly ended?: boolean
  readonly heardAt: number
  readonly counters?: string
}

/** What one session vouches for: a lane in which it was not heard yet holds it back. */
const sessionOf = (rows: readonly Coverage[]): Session => {
  const from = Math.max(...rows.map((row) => row.from))
  return {
    session: rows[0]!.session,
    from,
    to: rows.length < LANES ? from : Math.min(...rows.map((row) => row.to)),
    ended: rows.every((row) => row.ended === true),
    heardAt: Math.max(...rows.map((row) => row.heardAt)),
  }
}

const sourceFrom = (rows: readonly Coverage[], gaps: readonly Gap[], losses: readonly Loss[]): Source => {
  const first = rows[0]!
  const newest = rows.reduce((a, b) => (b.heardAt >= a.heardAt ? b : a))
  const sessions = [...Map.groupBy(rows, (row) => row.session).values()].map(sessionOf).sort((a, b) => a.from - b.from)
  return {
    source: first.source,
    collector: first.collector,
    host: first.host ?? null,
    sessions,
    watermark: Math.max(...sessions.map((session) => session.to)),
    heardAt: newest.heardAt,
    ended: sessions.at(-1)!.ended,
    counters: JSON.parse(newest.counters ?? '{}') as Record<string, number>,
    gaps: gaps.filter((gap) => gap.source === first.source),
    losses: losses.filter((loss) => loss.source === first.source),
  }
}

/** All sources of a cluster that were heard in the window, by name, with their gaps and losses in it. */
export const sources = async (reader: Reader, cluster: string, window: Interval): Promise<Source[]> => {
  const [coverage, facts] = await Promise.all([
    reader.read<{ coverage: Coverage }>(SOURCES, { cluster, ...window }),
    reader.read<{ type: 'gap'; fact: Gap } | { type: 'loss'; fact: Loss }>(GAPS, { cluster, ...window }),
  ])
  const gaps = facts.flatMap((row) => (row.type === 'gap' ? [row.fact] : []))
  const losses = facts.flatMap((row) => (row.type === 'loss' ? [row.fact] : []))
  const bySource = Map.groupBy(
    coverage.map((row) => row.coverage),
    (row) => row.source,
  )
  return [...bySource.values()].map((rows) => sourceFrom(rows, gaps, losses))
}

/** The parts of the window in which the source was not watching, in order: outside its sessions, and its gaps. */
export const unwatched = (source: Source, window: Interval): Interval[] => {
  let open: Interval[] = [window]
  const cut = (holes: Interval[], { from, to }: Interval): Interval[] =>
    holes
      .flatMap((hole) => [
        { from: hole.from, to: Math.min(hole.to, from) },
        { from: Math.max(hole.from, to), to: hole.to },
      ])
      .filter((hole) => hole.from < hole.to)
  for (const session of source.sessions) open = cut(open, session)
  const gaps = source.gaps.map((gap) => ({ from: Math.max(gap.from, window.from), to: Math.min(gap.to, window.to) }))
  const holes = [...open, ...gaps.filter((gap) => gap.from < gap.to)].sort((a, b) => a.from - b.from)
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
