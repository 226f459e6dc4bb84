/** What changed of an object within a window, and of what it rests on: states, relations and events, in time order. */
import type { Value } from '../../graph/model/observation.ts'
import { toRfc3339 } from '../../graph/model/time.ts'
import { eventsTouching } from './events.ts'
import type { Window } from './family.ts'
import type { Ground } from './ground.ts'
import { groundOfEvents } from './ground-of-events.ts'
import { beginAt, type Link, nameOfLink, type Step, stepsFrom, walk } from './links.ts'
import { InvalidRequest, pageSize, type Reader, statement } from './read.ts'
import { statesSince, type Told } from './states.ts'
import type { StoredEvent, StoredObject } from './stored.ts'
import { type Asking, type AsOfQuestion, settle, subjectsSince } from './subject.ts'

const UNCERTAINTY_AT = statement('uncertainty-at')

/** Objects whose changes one answer looks at. */
const OBJECTS = 500
/** Events of each kind and object that one answer looks at. */
const EVENTS = 200
const DEPTH = 8
/** Most changes in one answer. */
const LARGEST = 1_000

interface At {
  /** The change was seen then, µs, and may have happened `uncertainty` earlier; an event begins then, and may have happened as much later. */
  readonly at: number
  readonly uncertainty: number
  readonly object: StoredObject
}

export type Change = At &
  (
    | { readonly what: 'appeared' | 'deleted' }
    /** A field of its body; null where it has none. Of a list only what was taken away and what was added. */
    | { readonly what: 'field'; readonly field: string; readonly old: Value | null; readonly new: Value | null }
    | { readonly what: 'began' | 'ended'; readonly link: Link; readonly other: StoredObject }
    | {
        readonly what: 'property'
        readonly link: Link
        readonly other: StoredObject
        readonly field: string
        readonly old: Value | null
        readonly new: Value | null
      }
    | { readonly what: 'event'; readonly event: StoredEvent }
  )

export interface ChangesQuestion extends Omit<AsOfQuestion, 'at'> {
  readonly from: number
  /** µs; the cluster's own now unless given. */
  readonly to?: number
  /** Also of what it relies on: its pods, and what they use. */
  readonly around: boolean
  /** The newest so many are told, 1 to 1000. */
  readonly first: number
}

export interface Changes {
  readonly asking: Asking & { readonly from: number }
  /** Those of the name that were there in the window: a second one where it was made anew. */
  readonly objects: readonly StoredObject[]
  readonly ground: Ground
  /** By the time from which on each may have happened. */
  readonly changes: readonly Change[]
  /** There are more: older ones, or of more objects. */
  readonly cut: boolean
}

type Fields = Readonly<Record<string, Value>>
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Fields of which two bodies tell another value, with both. */
const differing = (before: Fields, after: Fields): { field: string; old: Value | null; new: Value | null }[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) => {
    const [old, now] = [before[field] ?? null, after[field] ?? null]
    if (same(old, now)) return []
    if (!Array.isArray(old) || !Array.isArray(now)) return [{ field, old, new: now }]
    const without = (all: Value, other: readonly unknown[]) => (all as unknown[]).filter((it) => !other.includes(it))
    return [{ field, old: without(old, now) as string[], new: without(now, old) as string[] }]
  })

const ofStates = (object: StoredObject, { states, since }: Told): Change[] =>
  states.flatMap((state, index): Change[] => {
    if (state.at <= since) return []
    const before = states[index - 1]
    const at: At = { at: state.at, uncertainty: state.uncertainty, object }
    const was = before !== undefined && !before.deleted
    if (state.deleted) return was ? [{ ...at, what: 'deleted' }] : []
    if (!was) return [{ ...at, what: 'appeared' }]
    return differing(before.body, state.body).map((change) => ({ ...at, what: 'field', ...change }))
  })

const inside = (time: number, { from, to }: Window): boolean => time > from && time < to

/** Names a state: a declarer's that declares a relation no more is where that ended. */
const nameOf = (key: string, at: number): string => `${key} ${at}`

/** How much earlier each relation that ended in the window may have ended. */
const uncertainEnds = async (
  reader: Reader,
  steps: readonly Step[],
  window: Window,
): Promise<ReadonlyMap<string, number>> => {
  const ends = new Map(
    steps
      .filter(({ link }) => inside(link.to, window))
      .map(({ link: { by, to } }) => [nameOf(by, to), { key: by, at: to }] as const),
  )
  if (ends.size === 0) return new Map()
  const rows = await reader.read<{ key: string; at: number; uncertainty: number }>(UNCERTAINTY_AT, {
    ...{ rows: [...ends.values()], known: window.known },
  })
  return new Map(rows.map(({ key, at, uncertainty }) => [nameOf(key, at), uncertainty]))
}

/** Changes of one pair of objects and kind: several declarers may claim it, and each change of a property makes a new record. */
const ofPair = (
  steps: readonly (Step & { object: StoredObject })[],
  uncertain: ReadonlyMap<string, number>,
  window: Window,
): Change[] => {
  return steps.flatMap(({ link, object, other }): Change[] => {
    const before = steps.find((it) => it.link.by === link.by && it.link.to === link.from)?.link
    const claimedAt = (time: number, by: (it: Link) => boolean) =>
      steps.some(({ link: it }) => it !== link && by(it) && it.from <= time && time <= it.to)
    const changes: Change[] = []
    if (inside(link.from, window)) {
      const at: At = { at: link.from, uncertainty: link.uncertainty, object }
      if (before !== undefined)
        changes.push(
          ...differing(before.properties, link.properties).map(
            (change): Change => ({ ...at, what: 'property', link, other, ...change }),
          ),
        )
      else if (!claimedAt(link.from, (it) => it.from < link.from)) changes.push({ ...at, what: 'began', link, other })
    }
    if (inside(link.to, window) && !claimedAt(link.to, (it) => it.to > link.to)) {
      const uncertainty = Math.min(uncertain.get(nameOf(link.by, link.to)) ?? 0, link.to - link.from)
      changes.push({ at: link.to, uncertainty, object, what: 'ended', link, other })
    }
    return changes
  })
}

const ofRelations = async (
  reader: Reader,
  asked: ReadonlySet<string>,
  objects: ReadonlyMap<string, StoredObject>,
  window: Window,
): Promise<{ changes: Change[]; cut: boolean }> => {
  // Of what it rests on only what that declares itself: who else mounts a ConfigMap is not what was asked.
  const rows = [...objects.keys()].map((key) => ({ key, own: !asked.has(key) }))
  const { steps, cut } = await stepsFrom(reader, 'beside', rows, window)
  const once = new Map(steps.map((step) => [nameOfLink(step.link), { ...step, object: objects.get(step.key)! }]))
  const pairs = Map.groupBy(once.values(), ({ link }) => `${link.kind} ${link.fromKey} ${link.toKey}`)
  const uncertain = await uncertainEnds(reader, steps, window)
  return { changes: [...pairs.values()].flatMap((pair) => ofPair(pair, uncertain, window)), cut }
}

const begin = ({ what, at, uncertainty }: Change): number => (what === 'event' ? at : at - uncertainty)

/** All changes within (from, to]: what may have happened then. Throws NotFound where there was no such object in the window. */
export const changes = async (reader: Reader, question: ChangesQuestion): Promise<Changes> => {
  const { cluster, kind, name, namespace, from, around } = question
  const first = pageSize(question.first, LARGEST)
  const times = await settle(reader, { ...question, ...(question.to === undefined ? {} : { at: question.to }) })
  const { at: to, known } = times
  if (from >= to) throw new InvalidRequest(`from: got ${toRfc3339(from)}, expected a time before to, ${toRfc3339(to)}`)
  const asking = { cluster, asked: { kind, name, namespace }, ...times, from }
  const { objects: asked, cut: more } = await subjectsSince(reader, asking, from)
  const window: Window = { from, to: to + 1, known }
  const begun = { ...beginAt(...asked), cut: more }
  const { reached, cut } = around
    ? await walk(reader, 'relies-on', begun, window, { depth: DEPTH, most: OBJECTS })
    : begun
  const objects = new Map([...reached].map(([key, { object }]) => [key, object]))
  const keys = [...objects.keys()]
  const [told, relations, happened, ground] = await Promise.all([
    statesSince(reader, keys, { from, to, known }),
    ofRelations(reader, new Set(asked.map(({ key }) => key)), objects, window),
    eventsTouching(reader, keys, { ...window, limit: EVENTS }),
    groundOfEvents(reader, cluster, { from, to }, keys, window),
  ])
  const all: Change[] = [
    ...[...told].flatMap(([key, each]) => ofStates(objects.get(key)!, each)),
    ...relations.changes,
    ...happened.events.map(
      (event): Change => ({
        ...{ at: event.at, uncertainty: event.uncertainty, what: 'event', event },
        object: objects.get(event.objectKey)!,
      }),
    ),
  ]
  const older = [...told.values()].some(({ since }) => since > from)
  return {
    asking,
    objects: asked,
    ground,
    changes: all.sort((a, b) => begin(a) - begin(b) || a.at - b.at).slice(-first),
    cut: cut || relations.cut || happened.cut || older || all.length > first,
  }
}
