/**
 * Whether what a source tells of its watching changes what a verdict could not say. Every heartbeat tells of more time: if that
 * alone woke what it is near to, there would be no end to it. Pure.
 */
import type { EventName } from '../../graph/model/generated/types.ts'
import { type Coverage, type Interval, watchingOf } from '../reads/coverage.ts'
import type { Cursor } from './cursor.ts'
import type { Unseen } from './judgement.ts'
import { isKubelets, kindOf, type Pattern, SILENCE_TOLD, spanOf } from './pattern.ts'

/** An occurrence whose verdict could not say something. */
export interface Unsure {
  readonly id: string
  /** The anchor's, µs. */
  readonly at: number
  readonly uncertainty: number
  /** JSON of what it could not say. */
  readonly unseen: string
}

/** What the cursor has of the sessions that are heard of now. */
const heardBefore = (coverage: readonly Coverage[], cursor: Cursor): Coverage[] =>
  coverage.flatMap((each) => {
    const known = cursor.coverage[each.id]
    return known === undefined ? [] : [{ ...each, ...known }]
  })

/** Whether a source that the verdict names says otherwise of where it looked than when the cursor was moved. */
export const saysOtherwise = (
  pattern: Pattern,
  coverage: readonly Coverage[],
  cursor: Cursor,
): ((occurrence: Unsure) => boolean) => {
  const [before, after] = [watchingOf(heardBefore(coverage, cursor), []), watchingOf(coverage, [])]
  const differs = (source: string, kind: EventName, span: Interval): boolean =>
    before.blindness(source, kind, span) !== after.blindness(source, kind, span)
  // That a kubelet was silent is told later: the source had to watch for that too.
  const differsOnSilence = (source: string, { from, to }: Interval): boolean =>
    differs(source, 'node-condition-changed', { from, to: to + SILENCE_TOLD })
  return ({ unseen, ...anchor }) =>
    (JSON.parse(unseen) as Unseen[]).some(({ step: event, source }) => {
      const step = pattern.steps.find((each) => each.event === event)
      // The pattern has changed since: nothing is known of where it looked.
      if (step === undefined) return true
      const span = spanOf(step, anchor)
      return differs(source, event, span) || (isKubelets(kindOf(event)) && differsOnSilence(source, span))
    })
}
