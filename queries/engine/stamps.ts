/** The order of two events, by their stamps. */
import { SECOND } from '../../graph/model/time.ts'
import type { EventNode } from './judgement.ts'

/** Stamps are no wider than this, µs: the kernel's are exact, Kubernetes' whole seconds. Those that are have an index of their own. */
export const SHARP = SECOND

/** µs from one kernel event to another of the same boot: exact, also where the wall clock was set in between. */
export const bootLag = (from: EventNode, to: EventNode): number | undefined =>
  from.bootClock === undefined || to.bootClock === undefined || from.bootId !== to.bootId
    ? undefined
    : to.bootClock - from.bootClock

/** Nothing is an effect that surely ended before its cause: stamps are the intervals [at, at + uncertainty]. */
export const precedes = (cause: EventNode, effect: EventNode): boolean =>
  (bootLag(cause, effect) ?? effect.at + effect.uncertainty - cause.at) >= 0

/** Surely one after the other. */
export const orderKnown = (cause: EventNode, effect: EventNode): boolean => cause.at + cause.uncertainty < effect.at
