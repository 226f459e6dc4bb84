/**
 * What the graph must say, by brute force from the meaning of the rules alone: for a time T and a knowledge time K, take
 * all that was known at K and look. Nothing here is incremental, and nothing is shared with derive.ts but its types.
 */

import type { Properties, StateView, Target } from '../derive.ts'
import { FIXED_LAW, type Prepared } from '../prepare.ts'

type State = Prepared['states'][number]

/** All that is known, each with the recorded time from which on it was. */
export interface Known {
  readonly states: readonly { readonly state: State; readonly recordedAt: number }[]
  readonly claims: readonly { readonly claim: Prepared['claims'][number]; readonly recordedAt: number }[]
}

const textOf = (properties: Properties): string => JSON.stringify(Object.entries(properties).sort())

/** A relation that holds, in words. */
export const say = (kind: string, by: string, fromKey: string, toKey: string, properties: Properties): string =>
  `(${fromKey})-[:${kind} by ${by} ${textOf(properties)}]->(${toKey})`

/** A state does not count if another denies it: a higher version no later, or, at the same instant, a later one in order. */
const counts = (one: StateView, all: readonly StateView[]): boolean =>
  !all.some(
    (other) =>
      (other.at <= one.at && other.version > one.version) ||
      (other.at === one.at && other.version === one.version && other.digest > one.digest),
  )

/** Ids of the states that do not count. */
export const staleIds = (states: readonly State[]): string[] =>
  [...Map.groupBy(states, (state) => state.key).values()].flatMap((ofObject) => {
    const views = ofObject.map((state) => state.view)
    return views.filter((view) => !counts(view, views)).map((view) => view.id)
  })

const last = <T>(list: readonly T[]): T | undefined => list[list.length - 1]

/** By one object's states, at a time. */
const heldByStates = (by: string, states: readonly StateView[]): ((time: number) => string[]) => {
  const counting = states
    .filter((state) => counts(state, states))
    .sort((a, b) => a.at - b.at)
    .map(({ at, targets }) => ({
      at,
      targets: targets
        .filter((target) => !FIXED_LAW.has(target.kind))
        .map(({ kind, fromKey, toKey, properties, since }) => ({
          ...{ since, text: say(kind, by, fromKey, toKey, properties) },
        })),
    }))
  return (time) => {
    const inForce = last(counting.filter((state) => state.at <= time))
    const next = counting.find((state) => state.at > time)
    const already = next?.targets.filter(({ since }) => since !== undefined && since <= time) ?? []
    return [...(inForce?.targets ?? []), ...already].map(({ text }) => text)
  }
}

interface Mention {
  readonly at: number
  readonly target: Pick<Target, 'kind' | 'fromKey' | 'toKey' | 'properties'>
}

const heldByClaims = (mentions: readonly Mention[]): ((time: number) => string[]) => {
  const pairs = Map.groupBy(mentions, ({ target }) => `${target.kind} ${target.fromKey} ${target.toKey}`)
  const held = [...pairs.values()].map((ofPair) => {
    const { kind, fromKey, toKey } = (ofPair[0] as Mention).target
    const values = ofPair.flatMap(({ target }) => Object.entries(target.properties))
    const smallest = [...Map.groupBy(values, ([name]) => name)].map(([name, named]) => [
      name,
      named.map(([, value]) => value).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))[0],
    ])
    const text = say(kind, fromKey, fromKey, toKey, Object.fromEntries(smallest) as Properties)
    return { text, times: ofPair.map(({ at }) => at) }
  })
  return (time) => held.flatMap(({ text, times }) => (times.some((at) => at <= time) ? text : []))
}

/** Relations that hold at a time, as known at `knownAt`. */
export const heldAsKnown = (known: Known, knownAt: number): ((time: number) => Set<string>) => {
  const states = known.states.filter(({ recordedAt }) => recordedAt <= knownAt).map(({ state }) => state)
  const mentions: Mention[] = [
    ...states.flatMap(({ view }) =>
      view.targets
        .filter((target) => FIXED_LAW.has(target.kind))
        .map((target) => ({ at: Math.min(target.since ?? view.at, view.at), target })),
    ),
    ...known.claims
      .filter(({ recordedAt }) => recordedAt <= knownAt)
      .map(({ claim }) => ({ at: claim.from, target: claim })),
  ]
  const holders = [...Map.groupBy(states, (state) => state.key)].map(([key, ofObject]) =>
    heldByStates(
      key,
      ofObject.map((state) => state.view),
    ),
  )
  holders.push(heldByClaims(mentions))
  return (time) => new Set(holders.flatMap((heldAt) => heldAt(time)))
}

/** Instants at which an answer can change, and those just before and after. */
export const instantsOf = (known: Known): number[] => {
  const times = [
    ...known.states.flatMap(({ state: { view } }) => [view.at, ...view.targets.flatMap(({ since }) => since ?? [])]),
    ...known.claims.map(({ claim }) => claim.from),
  ]
  return [...new Set(times.flatMap((time) => [time - 1, time, time + 1]))].sort((a, b) => a - b)
}
