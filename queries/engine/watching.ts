/** Which source was watching when, and how far each has passed on what it saw. Pure: facts in, answers out. */
import { LANES } from '../../graph/model/batch.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { SECOND } from '../../graph/model/time.ts'

/** One session of a source as one lane has heard of it. Times in µs. */
export interface Coverage {
  readonly id: string
  readonly source: string
  readonly session: string
  readonly lane: number | string
  readonly from: number
  readonly to: number
  readonly ended: boolean
  /** Kinds that it can't see in the whole session. */
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
 * supports nothing negative. Heartbeats come each second; a restart of an agent takes some.
 */
export const IDLE_AFTER = 60 * SECOND

interface Span {
  readonly from: number
  readonly to: number
}

interface Source {
  /** All below it is passed on; infinite where the stream has ended. */
  readonly watermark: number
  /** How far it has told of the world: what the other sources are measured by. */
  readonly reached: number
  readonly coverages: readonly Coverage[]
}

const NEVER = Number.NEGATIVE_INFINITY

const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

/** Of a lane's sessions the one that began last speaks; a lane that heard nothing holds everything back. */
const watermarkOf = (coverages: readonly Coverage[]): number => {
  const lanes = [...groupBy(coverages, (each) => String(each.lane)).values()]
  if (lanes.length < LANES) return NEVER
  return Math.min(
    ...lanes.map((lane) => {
      const last = lane.reduce((a, b) => (b.from > a.from || (b.from === a.from && b.to > a.to) ? b : a))
      return last.ended ? Number.POSITIVE_INFINITY : Math.max(...lane.map((each) => each.to))
    }),
  )
}

/** Times that it was watching for a kind: what all lanes have heard of a session, joined with the sessions that it touches. */
const spansOf = (coverages: readonly Coverage[], kind: EventName): Span[] => {
  const sessions = [...groupBy(coverages, (each) => each.session).values()]
    .filter((session) => session.length >= LANES && !session.some((each) => each.blind.includes(kind)))
    .map((session) => ({
      from: Math.max(...session.map((each) => each.from)),
      to: Math.min(...session.map((each) => each.to)),
    }))
    .filter((span) => span.from < span.to)
    .sort((a, b) => a.from - b.from)
  const joined: Span[] = []
  for (const span of sessions) {
    const last = joined.at(-1)
    if (last !== undefined && span.from <= last.to)
      joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
    else joined.push(span)
  }
  return joined
}

/** Answers for one cluster. */
export interface Watching {
  /** All that the source saw below `until` is here, or the source is idle. */
  settled(source: string, until: number): boolean
  /** Null where it watched for a kind all of the span, without a gap or loss; else why not. */
  blindness(source: string, kind: EventName, span: Span): string | null
  /** Gaps and losses of a source that touch a span and concern a kind. */
  holes(source: string, kind: EventName, span: Span): readonly Hole[]
}

export const watchingOf = (coverages: readonly Coverage[], holes: readonly Hole[]): Watching => {
  const sources = new Map<string, Source>(
    [...groupBy(coverages, (each) => each.source)].map(([name, of]) => [
      name,
      { watermark: watermarkOf(of), reached: Math.max(...of.map((each) => each.to)), coverages: of },
    ]),
  )
  const all = [...sources.values()]
  const allEnded = all.length > 0 && all.every((source) => source.watermark === Number.POSITIVE_INFINITY)
  const front = allEnded ? Number.POSITIVE_INFINITY : Math.max(NEVER, ...all.map((source) => source.reached))
  const holesOf = (source: string, kind: EventName, span: Span) =>
    holes.filter(
      (hole) =>
        hole.source === source &&
        hole.from <= span.to &&
        hole.to >= span.from &&
        (hole.kinds === null || hole.kinds.includes(kind)),
    )
  return {
    settled: (source, until) => (sources.get(source)?.watermark ?? NEVER) >= until || front >= until + IDLE_AFTER,
    holes: holesOf,
    blindness: (source, kind, span) => {
      const known = sources.get(source)
      if (known === undefined) return 'was never heard of'
      const hole = holesOf(source, kind, span)[0]
      if (hole !== undefined) return hole.hole === 'gap' ? `had a gap: ${hole.what}` : `lost observations: ${hole.what}`
      const within = (each: Span) => each.from <= span.from && span.to <= each.to
      if (spansOf(known.coverages, kind).some(within)) return null
      return known.coverages.some((each) => each.blind.includes(kind)) ? `can't see ${kind}` : 'was not watching'
    },
  }
}
