/** What an answer about a past time rests on: how far back the graph remembers, and whether anybody was watching then. */
import { COLLECTORS, EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import { now, SECOND } from '../../graph/model/time.ts'
import { asKnown, type Interval, LAG, type Session, type StoredCoverage, sessionsOf, spansOf } from './coverage.ts'
import { horizonOf } from './horizon.ts'
import { type AsOf, type Reader, statement } from './read.ts'
import { type Gap, type Loss, without } from './sources.ts'
import { many } from './units.ts'
import { RECENT, SHORT } from './watching.ts'
import { titleOf } from './words.ts'

const WATCHED = statement('watched')
const GAPS_OF = statement('gaps-of')
const LOSSES_OF = statement('losses-of')

/** A reason why an answer may be wrong or lack something. Times are µs. */
export interface Doubt {
  readonly kind:
    | 'future'
    | 'not-known-yet'
    | 'beyond-horizon'
    | 'never-heard'
    | 'not-watched'
    | 'gap'
    | 'loss'
    | 'lagging'
  readonly source: string | null
  /** Name of the node that it watches; null where that is the whole cluster. */
  readonly on: string | null
  readonly from: number
  readonly to: number
  readonly reason: string | null
  /** Only these kinds of events are concerned; null: all that it tells. */
  readonly kinds: readonly EventName[] | null
}

export interface Ground extends AsOf {
  /** What ended before was removed from the graph; null where nothing ever was. */
  readonly horizon: number | null
  /** From when on a source watched the cluster; null where none ever did. */
  readonly watchedFrom: number | null
  readonly doubts: readonly Doubt[]
}

/** Of all that a source of the cluster tells. */
const ALL = { on: null, kinds: null }
/** No source's fault. */
const NOBODY = { ...ALL, source: null, reason: null }

/** Objects and relations are told by those that watch the cluster from one place. */
export const SOURCES = Object.values(COLLECTORS)
  .filter(({ scope }) => scope === 'cluster')
  .map(({ name }) => sourceOf(name))

/** A gap of kinds of which nothing negative is ever said (Kubernetes' own Events) hides no state. */
const hidesStates = ({ kinds }: Gap): boolean =>
  kinds === undefined || kinds.length === 0 || !kinds.every((kind) => EVENTS[kind].bestEffort === true)

const touches = (a: Interval, b: Interval): boolean => a.from < b.to && a.to > b.from

const unwatchedBy = (source: string, sessions: readonly Session[], window: Interval, clock: number): Doubt[] => {
  const spans = spansOf(sessions)
  const last = sessions.at(-1)
  const told = spans.at(-1)?.to ?? 0
  if (spans.length === 0) return [{ ...ALL, kind: 'not-watched', source, ...window, reason: null }]
  const alive = last !== undefined && !last.ended && clock - last.heardAt <= RECENT
  return (
    without([{ from: 0, to: Math.max(window.to, told) }], spans)
      // A source has told all before its watermark: at the end of a recording it was watching.
      .filter((hole) => touches(hole, window) && hole.to - hole.from > 1)
      .flatMap((hole): Doubt[] => {
        if (hole.from < told || !alive || window.to - told > LAG)
          return [{ ...ALL, kind: 'not-watched', source, ...hole, reason: null }]
        return window.to - told > SHORT ? [{ ...ALL, kind: 'lagging', source, ...hole, reason: null }] : []
      })
  )
}

/** What a source lost, as one doubt. */
export const lossDoubt = (
  { source, on }: Pick<Doubt, 'source' | 'on'>,
  losses: readonly (Pick<Loss, 'from' | 'to' | 'count' | 'what'> & { kinds?: readonly EventName[] | null })[],
): Doubt[] => {
  if (losses.length === 0) return []
  const count = losses.reduce((sum, loss) => sum + loss.count, 0)
  const kinds = losses.some((loss) => loss.kinds == null)
    ? null
    : [...new Set(losses.flatMap((loss) => loss.kinds ?? []))].sort()
  return [
    {
      ...{ kind: 'loss', source, on, kinds },
      from: Math.min(...losses.map((loss) => loss.from)),
      to: Math.max(...losses.map((loss) => loss.to)),
      reason: `${many(count, 'observation')}: ${[...new Set(losses.map(({ what }) => what))].sort().join(', ')}`,
    },
  ]
}

/**
 * What a source lost before the end of the window, as one doubt. It hides states until that source tells all anew, which is
 * known of it only where nobody watched in between: a replica that joins another one holds back what it sees.
 */
const lostBy = (source: string, sessions: readonly Session[], losses: readonly Loss[], window: Interval): Doubt[] => {
  const anew = spansOf(sessions).findLast(({ from }) => from <= window.from)?.from ?? 0
  const lost = losses.filter((loss) => loss.source === source && loss.from < window.to && loss.to >= anew)
  return lossDoubt({ source, on: null }, lost)
}

/** The ground of an answer about [from, to], µs; an instant has both the same. */
export const groundOf = async (
  reader: Reader,
  cluster: string,
  { from, to }: Interval,
  known: number,
  clock: number = now(),
): Promise<Ground> => {
  const window: Interval = { from, to: Math.max(to, from + 1) }
  /** What lies after what was known is told of by nobody. */
  const within: Interval = { from: Math.min(from, known - 1), to: Math.min(window.to, known) }
  const [rows, gaps, losses, { at: horizon, known: knownFrom }] = await Promise.all([
    reader.read<{ coverage: StoredCoverage }>(WATCHED, { cluster, sources: SOURCES }),
    reader.read<{ gap: Gap }>(GAPS_OF, { cluster, sources: SOURCES, ...window, known }),
    reader.read<{ loss: Loss }>(LOSSES_OF, { cluster, sources: SOURCES, to: window.to, known }),
    horizonOf(reader, cluster),
  ])
  const coverages = asKnown(
    rows.map(({ coverage }) => coverage),
    known,
  )
  const sessions = [...Map.groupBy(coverages, (each) => each.source)].map(
    ([source, all]) => [source, sessionsOf(all)] as const,
  )
  const begun = sessions.flatMap(([, all]) => spansOf(all).map((span) => span.from))
  const future = to > clock + SECOND
  return {
    at: to,
    known,
    horizon,
    watchedFrom: begun.length === 0 ? null : Math.min(...begun),
    doubts: [
      ...(future ? [{ ...NOBODY, kind: 'future' as const, from: clock, to }] : []),
      ...(to > known && !future ? [{ ...NOBODY, kind: 'not-known-yet' as const, from: known, to }] : []),
      ...(horizon !== null && from < horizon
        ? [{ ...NOBODY, kind: 'beyond-horizon' as const, from, to: horizon }]
        : []),
      ...(known < knownFrom
        ? [{ ...NOBODY, kind: 'beyond-horizon' as const, from: known, to: knownFrom, reason: 'what was known' }]
        : []),
      ...(sessions.length === 0 ? [{ ...NOBODY, kind: 'never-heard' as const, ...window }] : []),
      ...(future ? [] : sessions.flatMap(([source, all]) => unwatchedBy(source, all, within, Math.min(clock, known)))),
      ...gaps
        .filter(({ gap }) => hidesStates(gap) && touches(gap, window))
        .map(({ gap: { source, from, to, reason, kinds = null } }): Doubt => {
          return { kind: 'gap', source, on: null, from, to, reason, kinds }
        }),
      ...sessions.flatMap(([source, all]) =>
        lostBy(
          source,
          all,
          losses.map(({ loss }) => loss),
          window,
        ),
      ),
    ],
  }
}

/** A doubt as a sentence; `time` writes a point in time for the reader. */
export const doubtText = (doubt: Doubt, time: (micros: number) => string): string => {
  const { kind, on, from, to, reason, kinds } = doubt
  const source = on === null ? doubt.source : `${doubt.source?.split('@')[0]} on ${on}`
  const what = kinds === null ? '' : ` for ${kinds.map(titleOf).join(', ')}`
  // What lasts is seen when the source is back, and the kernel's log tells of some kills.
  const untold = on === null ? 'what changed then was seen later, or not at all' : 'what happened then may not be told'
  switch (kind) {
    case 'future':
      return `${time(to)} is yet to come: what is told is the last that is known.`
    case 'not-known-yet':
      return `what happened after ${time(from)} was not known yet: what is told is the last that was known.`
    case 'beyond-horizon':
      return reason === null
        ? `history before ${time(to)} was removed: what had ended by then is not told.`
        : `${reason} before ${time(to)} was removed: it may have been told otherwise then.`
    case 'never-heard':
      return source === null
        ? 'no source that watches the cluster ever reported: nothing of it is told.'
        : `${source}: no such collector ever reported, nothing that it would tell is told.`
    case 'lagging':
      return `${source} has told all up to ${time(from)}: what happened later is not told yet.`
    case 'not-watched':
      return from === 0
        ? `${source} began to watch at ${time(to)}: of the time before nothing was seen.`
        : `${source} was not watching${what} from ${time(from)} to ${time(to)}: ${untold}.`
    case 'loss':
      return `${source} lost ${reason}${what} (${time(from)} to ${time(to)}): what they told is missing from then on.`
    case 'gap':
      return `${source} had a gap${what} from ${time(from)} to ${time(to)}${reason === null ? '' : ` (${reason})`}: ${untold}.`
  }
}
