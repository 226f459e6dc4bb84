/** What a recording says of a time whose history was removed from the graph: what is left, and that nobody vouches for the rest. */
import type { Observation, SourceObservation } from '../../graph/model/observation.ts'
import type { Recording } from '../../graph/model/recording.ts'
import type { Window } from './family.ts'
import { SOURCES } from './ground.ts'
import type { Horizon } from './horizon.ts'

const REASON = 'history was removed'

/** Up to when a part of the window was removed; null where the graph still has all of it. */
export const removedWithin = ({ at }: Horizon, { from, to }: Window): number | null =>
  at === null || at <= from ? null : Math.min(at, to)

/**
 * A gap of each source up to `until`, also of those whose own word on their watching is gone: what they told is in `told`. The
 * stream of these ends, or nothing that they might have told would ever be settled; they vouch for no time at all.
 */
export const withoutRemoved = (
  told: readonly Observation[],
  { from, to }: Window,
  until: number,
): SourceObservation[] => {
  const heard = new Set(told.flatMap((each) => (each.type === 'heartbeat' ? [each.source] : [])))
  return [...new Set([...SOURCES, ...told.map(({ source }) => source)])].flatMap((source): SourceObservation[] => [
    { type: 'gap', source, from, to: until, reason: REASON },
    ...(heard.has(source)
      ? []
      : [
          {
            ...({ type: 'heartbeat', source, session: 'removed', ended: true } as const),
            ...{ since: to, watermark: to, at: to },
          },
        ]),
  ])
}

/** Up to when what a recording holds is only what was left of its time; null where it is whole. */
export const removedUntil = ({ observations }: Recording): number | null => {
  const ends = observations.flatMap((each) => (each.type === 'gap' && each.reason === REASON ? [each.to] : []))
  return ends.length === 0 ? null : Math.max(...ends)
}
