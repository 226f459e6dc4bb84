/** Which anchors something new may concern. Cost follows what is new: each question is an index seek per new thing. */
import { LANES } from '../../graph/model/batch.ts'
import type { EventName, RelationName } from '../../graph/model/generated/types.ts'
import type { Declaration } from '../../graph/model/observation.ts'
import { OPEN } from '../../graph/model/time.ts'
import type { Store } from '../../graph/store/main.ts'
import { type Coverage, watchingOf } from '../reads/coverage.ts'
import { scopeOf } from './conclusion.ts'
import type { Cursor } from './cursor.ts'
import { joinOf, type Key } from './joins.ts'
import { COUNTING, isKubelets, kindOf, labelOf, type Pattern, spanBefore, toldAfter } from './pattern.ts'
import { GRACE } from './places.ts'
import { saysOtherwise, type Unsure } from './progress.ts'
import { SHARP } from './stamps.ts'
import { statement } from './statements.ts'

/** Events of one kind, states, or gaps and losses, that one pass takes from one lane. */
const LIMIT = 250

interface Arrived {
  readonly lane: string
  readonly arrival: number
}

interface NewEvent extends Arrived {
  readonly id: string
  readonly kind: EventName
  readonly at: number
  readonly uncertainty: number
  readonly objectKey: string
  readonly podKey: string | null
}

interface NewState extends Arrived {
  readonly key: string
  readonly at: number
  readonly relations: string
  readonly deleted: boolean
  /** Relations of the state before; null where it is the object's first. */
  readonly before: string | null
}

interface Near {
  readonly from: number
  readonly to: number
}

/** A gap or a loss. */
interface NewHole extends Arrived, Near {}

interface KeyedNear extends Near {
  readonly key: string
}

/** How to get from an event of a kind to the anchors that it may belong to. */
interface Way {
  readonly kind: EventName
  readonly property: Key | undefined
  readonly before: number
  readonly after: number
}

/**
 * By each step's join and within. Another anchor with the same key may claim the same evidence; and where a step's kind
 * counts restarts, all kinds that do tell whether one was left out.
 */
const waysOf = (pattern: Pattern): Way[] => {
  const ways = pattern.steps.flatMap((step): Way[] => {
    if (step.join === undefined) return []
    const { property } = joinOf(step.join)
    return [{ kind: step.event, property, before: step.within?.before ?? 0, after: step.within?.after ?? 0 }]
  })
  const reach = Math.max(...ways.map(({ after }) => after), 0)
  const rivals = [...new Set(ways.flatMap(({ property }) => property ?? []))]
  const counts = pattern.steps.some((step) => 'restartCount' in kindOf(step.event).fields)
  const after = pattern.window + toldAfter(pattern)
  return [
    ...ways,
    ...rivals.map((property): Way => ({ kind: pattern.anchor, property, before: reach, after: reach })),
    // A node that was not Ready, or whose Lease was stale, makes its kubelet's silence mean nothing, also when that is told of late.
    ...(pattern.steps.some((step) => isKubelets(kindOf(step.event)))
      ? [
          {
            kind: 'node-condition-changed',
            property: undefined,
            before: GRACE + spanBefore(pattern),
            after: after + GRACE,
          } as const,
        ]
      : []),
    // How often it had been restarted before is asked however long ago that was told: every later anchor may rest on it.
    ...(counts ? COUNTING.map((kind): Way => ({ kind, property: 'podKey', before: OPEN, after })) : []),
  ]
}

const readNew = async (store: Store, cluster: string, pattern: Pattern, cursor: Cursor, ends: readonly number[]) => {
  const lanes = Array.from({ length: LANES }, (_, lane) => ({
    ...{ key: `${cluster}/${lane}`, after: cursor.lanes[lane] ?? 0, upTo: ends[lane] ?? 0 },
  })).filter(({ after, upTo }) => upTo > after)
  const kinds = [...new Set([...pattern.steps.map((step) => step.event), ...waysOf(pattern).map(({ kind }) => kind)])]
  if (lanes.length === 0) return { events: [], states: [], holes: [], upTo: [...cursor.lanes] }
  const parameters = { lanes, limit: LIMIT }
  const [states, holes, ...byKind] = await Promise.all([
    store.read<NewState>(statement('new-states'), parameters),
    store.read<NewHole>(statement('new-holes'), parameters),
    ...kinds.map(async (kind) => {
      const found = await store.read<Omit<NewEvent, 'kind'>>(statement('new-events', labelOf(kind)), parameters)
      return found.map((event): NewEvent => ({ ...event, kind }))
    }),
  ])
  // A lane is read only as far as every question got an answer without being cut.
  const upTo = ends.map((end, lane) => {
    const cut = [states, holes, ...byKind].flatMap((list) => {
      const own = (list as readonly Arrived[]).filter((each) => each.lane === `${cluster}/${lane}`)
      return own.length === LIMIT ? [own.at(-1)?.arrival as number] : []
    })
    return Math.min(end, ...cut)
  })
  const within = <T extends Arrived>(list: readonly T[]) =>
    list.filter(({ lane, arrival }) => arrival <= (upTo[Number(lane.slice(cluster.length + 1))] ?? 0))
  return { events: within(byKind.flat()), states: within(states), holes: within(holes), upTo }
}

const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)

const byEvents = async (
  store: Store,
  scope: string,
  pattern: Pattern,
  events: readonly NewEvent[],
): Promise<string[]> => {
  const keyed: Record<Key, KeyedNear[]> = { objectKey: [], podKey: [] }
  const near: Near[] = []
  for (const { kind, property, before, after } of waysOf(pattern)) {
    for (const event of events) {
      if (event.kind !== kind) continue
      const span = { from: event.at - after - SHARP, to: Math.min(event.at + event.uncertainty + before, OPEN) }
      const key = property === undefined ? null : event[property]
      if (property === undefined) near.push(span)
      else if (key !== null) keyed[property].push({ key, ...span })
    }
  }
  const asked = [
    ...(Object.keys(keyed) as Key[])
      .filter((property) => keyed[property].length > 0)
      .map((property) =>
        store.read<{ id: string }>(statement('anchors-by-key', labelOf(pattern.anchor), property), {
          rows: keyed[property],
          sharp: SHARP,
        }),
      ),
    ...(near.length > 0 ? [store.read<{ id: string }>(statement('occurrences-near'), { scope, rows: near })] : []),
  ]
  const own = events.filter(({ kind }) => kind === pattern.anchor)
  return [...idsOf(own), ...(await Promise.all(asked)).flatMap(idsOf)]
}

/** Relations that lead from an anchor's object to its owners: they are followed from where they point to. */
const UPWARD: ReadonlySet<RelationName> = new Set(['RUNS', 'OWNS'])

/**
 * By what they say of objects from a time on. What completes a chain has no such bound: that a pod runs a container holds for all
 * of its time, and of what was never told of the first word is asked. It counts where it is said first: objects say the same again
 * with each state, and each run of a container names its pod.
 */
const byStates = async (
  store: Store,
  cluster: string,
  scope: string,
  pattern: Pattern,
  states: readonly NewState[],
): Promise<string[]> => {
  // That it is gone means something of what it had time to tell before.
  const reach = pattern.window + toldAfter(pattern)
  const earliest = new Map<string, number>()
  const note = (key: string, at: number) => earliest.set(key, Math.min(at, earliest.get(key) ?? at))
  const completed = new Set<string>()
  for (const { key, at, relations, deleted, before } of states) {
    note(key, deleted ? at - reach : at)
    if (before === null) completed.add(key)
    const known = new Set((JSON.parse(before ?? '[]') as Declaration[]).map((each) => JSON.stringify(each)))
    for (const declared of JSON.parse(relations) as Declaration[]) {
      const { kind, from, to, since } = declared
      const then = Math.min(at, since ?? at)
      for (const end of [from, to]) if (end !== undefined) note(`${cluster}/${end.key}`, then)
      if (known.has(JSON.stringify(declared))) continue
      note(key, then)
      if (UPWARD.has(kind)) completed.add(to === undefined ? key : `${cluster}/${to.key}`)
    }
  }
  if (earliest.size === 0) return []
  const rows = [...earliest].map(([key, at]) => ({ key, at, partialKey: completed.has(key) ? key : null }))
  return idsOf(await store.read(statement('occurrences-affecting'), { scope, rows }))
}

/** Times about which more is known than when the cursor was moved. */
const newlyCovered = (coverage: readonly Coverage[], cursor: Cursor): Near[] =>
  coverage.flatMap(({ id, from, to }) => {
    const known = cursor.coverage[id]?.to ?? from
    return to > known ? [{ from: known, to }] : []
  })

/** Sessions that say otherwise than before what they can't see: that holds for all of their time. */
const newlyBlind = (coverage: readonly Coverage[], cursor: Cursor): Near[] =>
  coverage.filter(({ id, blind }) => {
    const known = cursor.coverage[id]
    return known !== undefined && known.blind.join() !== blind.join()
  })

const merged = (spans: readonly Near[]): Near[] => {
  const joined: { from: number; to: number }[] = []
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}

/** Where the anchors lie that evidence of such times may reach. */
const nearTo = (pattern: Pattern, spans: readonly Near[]): Near[] => {
  const reach = pattern.window + toldAfter(pattern) + SHARP
  return merged(spans).map(({ from, to }) => ({ from: from - reach, to: to + spanBefore(pattern) }))
}

/** Anchors of occurrences near such times. */
const near = async (store: Store, scope: string, pattern: Pattern, spans: readonly Near[]): Promise<string[]> => {
  if (spans.length === 0) return []
  return idsOf(await store.read(statement('occurrences-near'), { scope, rows: nearTo(pattern, spans) }))
}

/** Final occurrences of which a source that their verdict names may say otherwise now. */
const byProgress = async (
  store: Store,
  scope: string,
  pattern: Pattern,
  coverage: readonly Coverage[],
  cursor: Cursor,
): Promise<string[]> => {
  const spans = newlyCovered(coverage, cursor)
  if (spans.length === 0) return []
  const rows = nearTo(pattern, spans)
  const found = await store.read<Unsure>(statement('occurrences-unseen'), { scope, rows })
  return found.length === 0 ? [] : idsOf(found.filter(saysOtherwise(pattern, coverage, cursor)))
}

const byWaiting = async (store: Store, scope: string, coverage: readonly Coverage[]): Promise<string[]> => {
  const open = await store.read<{ id: string; awaits: string }>(statement('occurrences-open'), { scope })
  const watching = watchingOf(coverage, [])
  return idsOf(
    open.filter(({ awaits }) =>
      (JSON.parse(awaits) as { source: string; until: number }[]).some(({ source, until }) =>
        watching.settled(source, until),
      ),
    ),
  )
}

export interface Woken {
  /** Anchors to evaluate, each once. */
  readonly anchors: readonly string[]
  /** The cursor after they are. */
  readonly next: Cursor
}

/** Reads what is new since the cursor, in lanes that end at `ends`, and names the anchors that it may concern. */
export const wake = async (
  store: Store,
  cluster: string,
  pattern: Pattern,
  cursor: Cursor,
  ends: readonly number[],
  coverage: readonly Coverage[],
): Promise<Woken> => {
  const scope = scopeOf(cluster, pattern)
  const { events, states, holes, upTo } = await readNew(store, cluster, pattern, cursor, ends)
  const ids = await Promise.all([
    byEvents(store, scope, pattern, events),
    byStates(store, cluster, scope, pattern, states),
    byProgress(store, scope, pattern, coverage, cursor),
    near(store, scope, pattern, [...holes, ...newlyBlind(coverage, cursor)]),
    byWaiting(store, scope, coverage),
  ])
  return {
    anchors: [...new Set(ids.flat())].sort(),
    next: {
      lanes: upTo,
      coverage: Object.fromEntries(coverage.map(({ id, to, blind }) => [id, { to, blind }])),
    },
  }
}
