/** Relations as they held, and walks along them: breadth first, bounded, and never back out of what gathers a cluster's history. */
import { OBJECTS, RELATIONS } from '../../graph/model/generated/registry.ts'
import type { RelationName } from '../../graph/model/generated/types.ts'
import type { Value } from '../../graph/model/observation.ts'
import type { Window } from './family.ts'
import { type Reader, statement } from './read.ts'
import type { StoredObject } from './stored.ts'

/** One record of a relation. Times are µs. */
export interface Link {
  readonly kind: RelationName
  readonly fromKey: string
  readonly toKey: string
  /** Key of the object whose states declare it. */
  readonly by: string
  /** It held in [from, to); it may have begun `uncertainty` earlier. */
  readonly from: number
  readonly to: number
  readonly uncertainty: number
  readonly properties: Readonly<Record<string, Value>>
}

/** Where a walk goes from an object: to what it relies on, to what relies on it, to its parts, to all that an answer rests on, or anywhere. */
export type Direction = 'relies-on' | 'relied-on-by' | 'parts' | 'reach' | 'beside'

const STATEMENTS: Readonly<Record<Direction, string>> = {
  'relies-on': statement('generated/relies-on'),
  'relied-on-by': statement('generated/relied-on-by'),
  parts: statement('parts'),
  reach: statement('generated/reach'),
  beside: statement('generated/beside'),
}

/** Far ends that one step takes of an object and a branch of the statement, which may have several kinds: a Service has so many pods, a pod so few of all else. */
const MOST = 500

/** An object to step from; `own` takes only what it declares itself. */
export interface StepRow {
  readonly key: string
  readonly own: boolean
}

export interface Step {
  /** The object that the step began at. */
  readonly key: string
  readonly link: Link
  readonly other: StoredObject
}

type Row = {
  key: string
  branch: number
  kind: RelationName
  edge: Record<string, Value> & { from: number }
  other: StoredObject
}

/** The server gives rows in any order; the same question is answered in the same one. */
const wordsOf = ({ kind, other }: Row): string => [kind, other.kind, other.name ?? '', other.key].join(' ')
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const linkOf = ({ kind, edge }: Row): Link => {
  const { fromKey, toKey, by, from, to, uncertainty } = edge as unknown as Link
  const properties = Object.keys(RELATIONS[kind].properties).flatMap((name) =>
    edge[name] === undefined ? [] : [[name, edge[name]] as const],
  )
  return {
    kind,
    fromKey,
    toKey,
    by,
    from,
    to,
    uncertainty: uncertainty ?? 0,
    properties: Object.fromEntries(properties),
  }
}

/** All that is one step away within the window; `cut` where an object has more of it than one answer takes. */
export const stepsFrom = async (
  reader: Reader,
  direction: Direction,
  rows: readonly StepRow[],
  window: Window,
): Promise<{ steps: Step[]; cut: boolean }> => {
  const found = await reader.read<Row>(STATEMENTS[direction], {
    ...{ rows, limit: MOST + 1, ...window },
    after: Math.min(window.from, window.known),
  })
  const groups = Map.groupBy(found, ({ key, branch }) => `${key} ${branch}`)
  const turns = new Map(rows.map(({ key }, turn) => [key, turn]))
  const inOrder = found.toSorted(
    (a, b) => turns.get(a.key)! - turns.get(b.key)! || compare(wordsOf(a), wordsOf(b)) || a.edge.from - b.edge.from,
  )
  return {
    steps: inOrder.map((row) => ({ key: row.key, link: linkOf(row), other: row.other })),
    cut: [...groups.values()].some((group) => group.length > MOST),
  }
}

/** What holds at one instant: the window of a single µs. */
export const instant = ({ at, known }: { at: number; known: number }): Window => ({ from: at, to: at + 1, known })

/** Names a relation's record: the same declarer may tell it anew with other properties. */
export const nameOfLink = ({ kind, fromKey, toKey, by, from }: Link): string =>
  [kind, fromKey, toKey, by, from].join(' ')

/**
 * Relations that are never ended gather every run of a container: of those with one near end and the same properties the
 * latest is the one that is there. Without properties nothing tells them apart, and all stay.
 */
const latest = (steps: readonly Step[]): Step[] => {
  const key = ({ link }: Step): string => `${link.kind} ${link.fromKey} ${JSON.stringify(link.properties)}`
  const fixed = steps.filter(
    ({ link }) => RELATIONS[link.kind].law === 'fixed' && Object.keys(link.properties).length > 0,
  )
  const newest = new Map<string, Link>()
  for (const step of fixed) {
    const known = newest.get(key(step))
    if (known === undefined || step.link.from > known.from) newest.set(key(step), step.link)
  }
  const dropped = new Set(fixed.filter((step) => newest.get(key(step)) !== step.link))
  return steps.filter((step) => !dropped.has(step))
}

/** An object that a walk came to. */
export interface Reached {
  readonly object: StoredObject
  /** The relations that lead there, the first one from where the walk began; the fewest that do. */
  readonly path: readonly Link[]
}

export interface Walk {
  /** By distance; those that the walk began at first. */
  readonly reached: ReadonlyMap<string, Reached>
  /** All relations met between objects that were reached. */
  readonly links: readonly Link[]
  /** There is more than was walked: deeper, or beyond the most. */
  readonly cut: boolean
}

export interface Bounds {
  /** Steps from where it began. */
  readonly depth: number
  /** Objects in all. */
  readonly most: number
}

/** Gathers a cluster's whole history: from such an object only what it declares is followed, unless it is asked about. */
export const isCrowded = (object: StoredObject): boolean => OBJECTS[object.kind].crowded === true

/**
 * Walks on from all that `begun` has reached. `through` lets it also go on through crowded objects, as what relies on a
 * node is its pods. Of an instant only the latest of relations that never end is followed.
 */
export const walk = async (
  reader: Reader,
  direction: Direction,
  begun: Walk,
  window: Window,
  { depth, most, through = false }: Bounds & { through?: boolean },
): Promise<Walk> => {
  const reached = new Map(begun.reached)
  const links = new Map(begun.links.map((link) => [nameOfLink(link), link]))
  let cut = begun.cut
  let front = [...reached.values()].filter(({ path }) => path.length < depth)
  while (front.length > 0) {
    const rows = front.map(({ object, path }) => ({
      key: object.key,
      own: !through && path.length > 0 && isCrowded(object),
    }))
    const found = await stepsFrom(reader, direction, rows, window)
    const steps = window.to - window.from === 1 ? latest(found.steps) : found.steps
    cut ||= found.cut
    const next: Reached[] = []
    for (const { key, link, other } of steps) {
      if (!reached.has(other.key)) {
        if (reached.size >= most) {
          cut = true
          continue
        }
        const arrived: Reached = { object: other, path: [...reached.get(key)!.path, link] }
        reached.set(other.key, arrived)
        next.push(arrived)
      }
      links.set(nameOfLink(link), link)
    }
    front = next.filter(({ path }) => path.length < depth)
    if (next.length > front.length) cut = true
  }
  return { reached, links: [...links.values()], cut }
}

/** A walk that has not gone anywhere yet. */
export const beginAt = (...objects: readonly StoredObject[]): Walk => ({
  reached: new Map(objects.map((object) => [object.key, { object, path: [] }])),
  links: [],
  cut: false,
})
