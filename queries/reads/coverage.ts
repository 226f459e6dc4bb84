/** Which source was watching when, and how far each has passed on what it saw. Pure: facts in, answers out. */
import { LANES } from '../../graph/model/batch.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { now, SECOND } from '../../graph/model/time.ts'

/** One session of a source as one lane has heard of it. Times in µs. */
export interface Coverage {
  readonly id: string
  readonly source: string
  readonly session: string
  readonly lane: number | string
  readonly from: number
  readonly to: number
  readonly ended: boolean
  /** Its newest word, by its own clock. */
  readonly heardAt: number
  /** Kinds that it can't see in the whole session. */
  readonly blind: readonly EventName[]
}

/** As the graph holds it. */
export type StoredCoverage = Omit<Coverage, 'ended' | 'blind'> & Partial<Pick<Coverage, 'ended' | 'blind'>>

/** From and to in µs. */
export interface Interval {
  readonly from: number
  readonly to: number
}

/** One run of a collector: what it vouches for in every lane. */
export interface Session extends Interval {
  readonly session: string
  readonly ended: boolean
  readonly heardAt: number
  readonly blind: readonly EventName[]
}

/** A time of which a source knows that it saw nothing (gap) or not all (loss). */
export interface Hole {
  readonly id: string
  readonly hole: 'gap' | 'loss'
  readonly source: string
  readonly from: number
  readonly to: number
  /** Why, or what was lost. */
  readonly what: string
  readonly count?: number
  /** Only these kinds are concerned; null: all. */
  readonly kinds: readonly EventName[] | null
}

/**
 * A source that is this far behind every other one, for what is asked of it, is idle: it does not hold back a verdict, and
 * supports nothing negative. Heartbeats come every few seconds (SLOWEST_BEAT), and a restart of an agent takes some.
 */
export const IDLE_AFTER = 60 * SECOND

/** What a source has not told for longer than this after it happened is no normal lag. */
export const LAG = 60 * SECOND

/**
 * What sources had said of their watching by `known`. How far each had come then is not kept: it knew nothing of the time
 * after, and may have been behind by what is normal.
 */
export const asKnown = <Stored extends StoredCoverage>(
  stored: readonly Stored[],
  known: number,
): (Stored & Coverage)[] =>
  stored
    .filter(({ from }) => from <= known)
    .map((each) => {
      const to = Math.min(each.to, known - LAG)
      const { ended = false, blind = [] } = each
      return { ...each, to, ended: ended && to === each.to, blind, heardAt: Math.min(each.heardAt, known) }
    })

interface Source {
  /** All below it is passed on; infinite where the stream has ended. */
  readonly watermark: number
  /** How far it has told of the world: what the other sources are measured by. */
  readonly reached: number
  readonly sessions: readonly Session[]
}

const NEVER = Number.NEGATIVE_INFINITY

/**
 * All that a source saw before is passed on. Of a lane's sessions the one that began last speaks; a lane that heard nothing
 * holds everything back (minus infinity), and the end of the stream nothing (infinity).
 */
export const watermarkOf = (coverages: readonly Coverage[]): number => {
  const lanes = [...Map.groupBy(coverages, (each) => String(each.lane)).values()]
  if (lanes.length < LANES) return NEVER
  return Math.min(
    ...lanes.map((lane) => {
      const last = lane.reduce((a, b) => (b.from > a.from || (b.from === a.from && b.to > a.to) ? b : a))
      return last.ended ? Number.POSITIVE_INFINITY : Math.max(...lane.map((each) => each.to))
    }),
  )
}

/** A source's sessions by their begin. One that a lane has not heard of yet vouches for nothing. */
export const sessionsOf = (coverages: readonly Coverage[]): Session[] =>
  [...Map.groupBy(coverages, (each) => each.session)]
    .map(([session, rows]): Session => {
      const from = Math.max(...rows.map((each) => each.from))
      return {
        session,
        from,
        to: rows.length < LANES ? from : Math.max(from, Math.min(...rows.map((each) => each.to))),
        ended: rows.every((each) => each.ended),
        heardAt: Math.max(...rows.map((each) => each.heardAt)),
        blind: [...new Set(rows.flatMap((each) => each.blind))],
      }
    })
    .sort((a, b) => a.from - b.from)

/** Times that it was watching, for a kind where one is named: its sessions, joined where they touch. */
export const spansOf = (sessions: readonly Session[], kind?: EventName): Interval[] => {
  const joined: Interval[] = []
  for (const { from, to, blind } of sessions) {
    if (from >= to || (kind !== undefined && blind.includes(kind))) continue
    const last = joined.at(-1)
    if (last !== undefined && from <= last.to)
      joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, to) }
    else joined.push({ from, to })
  }
  return joined
}

/** A gap or loss that names no kinds concerns all; one that names some concerns only those. */
export const concerns = (hole: { readonly kinds?: readonly EventName[] | null }, kind?: EventName): boolean =>
  hole.kinds == null || (kind !== undefined && hole.kinds.includes(kind))

/** Answers for one cluster. */
export interface Watching {
  /** All that the source saw below `until` is here, or the source is idle. */
  settled(source: string, until: number): boolean
  /** Null where it watched for a kind all of the span, without a gap or loss; else why not. */
  blindness(source: string, kind: EventName, span: Interval): string | null
  /** Gaps and losses of a source that touch a span and concern a kind. */
  holes(source: string, kind: EventName, span: Interval): readonly Hole[]
}

/** `clock` bounds what a source can claim: one whose clock is fast would make every other look idle. */
export const watchingOf = (coverages: readonly Coverage[], holes: readonly Hole[], clock: number = now()): Watching => {
  const sources = new Map<string, Source>(
    [...Map.groupBy(coverages, (each) => each.source)].map(([name, of]) => [
      name,
      { watermark: watermarkOf(of), reached: Math.max(...of.map((each) => each.to)), sessions: sessionsOf(of) },
    ]),
  )
  const all = [...sources.values()]
  const allEnded = all.length > 0 && all.every((source) => source.watermark === Number.POSITIVE_INFINITY)
  const front = allEnded
    ? Number.POSITIVE_INFINITY
    : Math.min(clock, Math.max(NEVER, ...all.map((source) => source.reached)))
  const holesOf = (source: string, kind: EventName, span: Interval) =>
    holes.filter(
      (hole) => hole.source === source && hole.from <= span.to && hole.to >= span.from && concerns(hole, kind),
    )
  return {
    settled: (source, until) => (sources.get(source)?.watermark ?? NEVER) >= until || front >= until + IDLE_AFTER,
    holes: holesOf,
    blindness: (source, kind, span) => {
      const known = sources.get(source)
      if (known === undefined) return 'was never heard of'
      const hole = holesOf(source, kind, span)[0]
      if (hole !== undefined) return hole.hole === 'gap' ? `had a gap: ${hole.what}` : `lost observations: ${hole.what}`
      const within = (each: Interval) => each.from <= span.from && span.to <= each.to
      if (spansOf(known.sessions, kind).some(within)) return null
      return known.sessions.some((each) => each.blind.includes(kind)) ? `can't see ${kind}` : 'was not watching'
    },
  }
}
