/** What is told in the place of observations that could not be kept. */
import { digestOf } from './digest.ts'
import { EVENTS } from './generated/registry.ts'
import type { LossObservation, Observation } from './observation.ts'

/**
 * A loss for each event and state; `what` says where they were lost. A lost event may have happened within its uncertainty,
 * and nothing but its kind is missing. A lost state is missed where it was observed: what it shows may be older by months,
 * which were watched all the same. What speaks of its source alone claims nothing by being absent.
 */
export const lossOf = (observations: readonly Observation[], what: string): LossObservation[] =>
  observations.flatMap((observation): LossObservation[] => {
    if (observation.type !== 'event' && observation.type !== 'state') return []
    const { source, at } = observation
    const loss = { type: 'loss', source, from: at, to: at, count: 1, what } as const
    if (observation.type === 'state') return [loss]
    const { kind, uncertainty } = observation
    // what could not be kept may be unsound: the loss of it must not be
    const kinds = Object.hasOwn(EVENTS, kind) ? { kinds: [kind] } : {}
    return [{ ...loss, to: at + uncertainty, ...kinds }]
  })

/** The losses of observations that are put aside as dead letters: each is known, so that no two count as one. */
export const deadLetterLosses = (observations: readonly Observation[]): LossObservation[] =>
  observations.flatMap((observation) =>
    lossOf([observation], 'dead-letter').map((loss) => ({ ...loss, of: digestOf(observation) })),
  )
