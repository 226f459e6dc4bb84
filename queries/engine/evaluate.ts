/** Runs a pattern on anchors and judges what it finds. Reads only: also for "as known at" and "what if it were not there". */
import type { K8sContext, OwnerReference } from '../../graph/model/context.ts'
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import { MINUTE, now } from '../../graph/model/time.ts'
import type { GraphNode, Store } from '../../graph/store/main.ts'
import { asKnown, type Coverage, type Hole, watchingOf } from '../reads/coverage.ts'
import { settledKnown } from '../reads/lanes.ts'
import { KNOWN_NOW } from '../reads/read.ts'
import { readContainers } from './containers.ts'
import { judge } from './judge.ts'
import type { Affected, Alternative, EventNode, Judgement, OfPod, Ownership } from './judgement.ts'
import { COUNTING, columnOf, kindOf, labelOf, type Pattern, parametersOf, spanBefore, toldAfter } from './pattern.ts'
import { readPlaces } from './places.ts'
import { statement } from './statements.ts'
import { readUnwatched } from './unwatched.ts'

/** What is taken to be known. */
export interface View {
  /** µs; only what was recorded up to then counts. Open: all. */
  readonly known?: number
  /** Ids of events to leave out. */
  readonly without?: readonly string[]
}

type Node = GraphNode<Record<string, unknown>>
type ResultRow = Record<string, unknown> & {
  anchor: string
  outcome: string | null
  affected: { object: Node; role: string }[]
}

const WATCHED_WORKLOADS = new Set(OBJECTS.Workload.alsoLabelled)

const affectedOf = ({ object, role }: { object: Node; role: string }): Affected => {
  const { key, kind, workloadKind, name, namespace } = object.properties as Record<string, string | undefined>
  return {
    key: key as string,
    role,
    kind: workloadKind ?? (kind as string),
    name: name ?? null,
    namespace: namespace ?? null,
  }
}

/** Sorted by key within a role, so that the order of rows does not count; owners stay in the order of the chain. */
const inOrder = (affected: readonly Affected[]): Affected[] =>
  [...Map.groupBy(affected, (each) => each.role)].flatMap(([role, group]) =>
    role === 'owner' ? group : group.sort((a, b) => (a.key < b.key ? -1 : 1)),
  )

const alternativeOf = (pattern: Pattern, row: ResultRow): Alternative | null => {
  const nodes = pattern.steps.map((step) => [step.event, row[columnOf(step.event)] as Node | null] as const)
  const found = new Map(
    nodes.flatMap(([event, node]) => (node ? [[event, node.properties as EventNode] as const] : [])),
  )
  const anchor = found.get(pattern.anchor)
  if (anchor === undefined || row.outcome === null) return null
  return { anchor, found, outcome: row.outcome, affected: inOrder(row.affected.map(affectedOf)) }
}

/** The last owner, or the pod where it has none. */
const topOf = ({ affected }: Alternative): Affected | undefined =>
  affected.find(({ role }) => role === 'workload') ?? affected.find(({ role }) => role === 'pod')

const ownsUnwatched = (top: Affected): boolean => top.kind !== 'Pod' && !WATCHED_WORKLOADS.has(top.kind)

const withoutRole = ({ key, kind, name, namespace }: Affected): NonNullable<Ownership['workload']> => ({
  key,
  kind,
  name,
  namespace,
})

/**
 * Who owns a pod in the end, as its agent knew it; undefined where that did not know the whole chain: a ReplicaSet below a
 * Deployment that could not be read would be another incident with each rollout. A pod without owner is its own.
 */
const ownerOf = ({ owners, workloadUid, podName, podUid }: K8sContext): OwnerReference | undefined =>
  owners.length === 0 ? { kind: 'Pod', name: podName, uid: podUid } : owners.find(({ uid }) => uid === workloadUid)

/** How the top owner of each alternative is known: by the chain, and when nothing more will come by the context of its events. */
const readOwnership = async (
  store: Store,
  cluster: string,
  alternatives: readonly Alternative[],
  known: number,
): Promise<(alternative: Alternative, settled: boolean) => Ownership> => {
  const asked = alternatives.flatMap((each) => {
    const top = topOf(each)
    return top === undefined ? [] : [{ key: top.key, at: each.anchor.at }]
  })
  const contextKeys = [...new Set(alternatives.flatMap(({ anchor }) => anchor.contextKey ?? []))]
  const [objects, contexts] = await Promise.all([
    store.read<{ key: string; at: number }>(statement('known-objects'), { rows: asked, known }),
    store.read<{ key: string; json: string }>(statement('contexts'), { keys: contextKeys }),
  ])
  const there = new Set(objects.map(({ key, at }) => `${key}@${at}`))
  const contextOf = new Map(contexts.map(({ key, json }) => [key, JSON.parse(json) as K8sContext]))
  return (alternative, settled) => {
    const { anchor } = alternative
    const top = topOf(alternative)
    const whole = top !== undefined && (ownsUnwatched(top) || there.has(`${top.key}@${anchor.at}`))
    const seen = top === undefined ? null : withoutRole(top)
    if (whole || !settled) return { whole, resolver: seen ? 'owner references' : 'none', workload: seen }
    const context = contextOf.get(anchor.contextKey ?? '')
    const owner = context && ownerOf(context)
    if (!owner) return { whole, resolver: seen ? 'owner references' : 'none', workload: seen }
    const workload = {
      key: `${cluster}/${owner.uid}`,
      kind: owner.kind,
      name: owner.name,
      namespace: context.namespace,
    }
    return { whole, resolver: 'K8sContext', workload }
  }
}

/** What one kind says of a container's restarts: last at the anchor, or first after it. */
interface Counted {
  readonly anchor: string
  readonly containerName: string
  readonly before: boolean
  readonly count: number
  /** It is about the anchor's own run. */
  readonly ofRun: boolean
}

/**
 * Anchors around which the restart count of their container, or of one that it may be, leaves out a run. Only asked where a kind
 * that counts was looked for in vain.
 */
const readJumps = async (
  store: Store,
  pattern: Pattern,
  alternatives: readonly Alternative[],
  containerOf: (anchor: EventNode) => OfPod,
  view: Required<View>,
): Promise<Set<string>> => {
  const kinds = pattern.steps.filter(({ event }) => COUNTING.includes(event)).map((step) => step.event)
  const rows = alternatives
    .filter(({ found, anchor }) => anchor.podKey !== undefined && kinds.some((kind) => !found.has(kind)))
    .flatMap(({ anchor }) => containerOf(anchor).mayBe.map((containerName) => ({ anchor, containerName })))
    .map(({ anchor: { id, podKey, objectKey, at, uncertainty }, containerName }) => ({
      ...{ anchor: id, podKey, containerName, key: objectKey, at },
      to: at + uncertainty + pattern.window + Math.max(...kinds.map((kind) => kindOf(kind).delay)),
    }))
  if (rows.length === 0) return new Set()
  const counts = await Promise.all(
    COUNTING.map((kind) => store.read<Counted>(statement('restarts', labelOf(kind)), { rows, ...view })),
  )
  // Each kind by itself: a run may be told of when it began, and go by untold when it ended.
  const jumped = rows.filter(({ anchor, containerName }) =>
    counts.some((ofKind) => {
      const own = ofKind.filter((each) => each.anchor === anchor && each.containerName === containerName)
      const after = own.find((each) => !each.before)
      if (after === undefined) return false
      // Of a container of which nothing was told before, all runs are left out that were before the first that was; but not where
      // that is the anchor's own: those may have been before anybody watched.
      const before = own.find((each) => each.before)?.count ?? (after.ofRun ? after.count : -1)
      return after.count - before > 1
    }),
  )
  return new Set(jumped.map(({ anchor }) => anchor))
}

const readHoles = (store: Store, pattern: Pattern, cluster: string, anchors: readonly EventNode[], known: number) => {
  const before = spanBefore(pattern)
  const after = pattern.window + toldAfter(pattern)
  return store.read<Hole>(statement('holes-between'), {
    cluster,
    known,
    from: Math.min(...anchors.map(({ at }) => at)) - before,
    to: Math.max(...anchors.map(({ at, uncertainty }) => at + uncertainty)) + after,
  })
}

/**
 * How far behind a cluster's newest word sessions are read in each pass, µs: collectors start again and again, and what they
 * said of last month concerns nothing new. An anchor of an earlier time reads further back.
 */
export const COVERAGE_BACK = 7 * 24 * 60 * MINUTE

/**
 * What every source of a cluster has said of its watching, back to `since` or further. Read it before the anchors are
 * evaluated: what it promises is then there.
 */
export const readCoverage = async (
  store: Store,
  cluster: string,
  known: number = KNOWN_NOW,
  since: number = KNOWN_NOW,
): Promise<Coverage[]> =>
  asKnown(
    await store.read<Coverage>(statement('coverage'), { cluster, since, back: COVERAGE_BACK, clock: now() }),
    known,
  )

/** From when on sessions have been read, for certain. */
const readBackTo = (coverage: readonly Coverage[]): number =>
  Math.min(now(), Math.max(...coverage.map(({ heardAt }) => heardAt))) - COVERAGE_BACK

/**
 * Judges each anchor of one pattern; null where the pattern does not apply to it. Throws where `known` is later than all
 * lanes have come.
 */
export const evaluate = async (
  store: Store,
  pattern: Pattern,
  cluster: string,
  anchorIds: readonly string[],
  { known = KNOWN_NOW, without = [] }: View = {},
): Promise<Map<string, Judgement | null>> => {
  await settledKnown(store, cluster, known)
  let heard = await readCoverage(store, cluster, known)
  const match = async (): Promise<Alternative[]> => {
    const parameters = parametersOf(pattern, { anchors: anchorIds, cluster, known, without })
    const rows = await store.read<ResultRow>(pattern.cypher, parameters)
    return rows.flatMap((row) => alternativeOf(pattern, row) ?? [])
  }
  let alternatives = await match()
  const judged = new Map<string, Judgement | null>(anchorIds.map((id) => [id, null]))
  if (alternatives.length === 0) return judged

  const since = Math.min(...alternatives.map(({ anchor }) => anchor.at)) - spanBefore(pattern)
  if (since < readBackTo(heard)) {
    heard = await readCoverage(store, cluster, known, since)
    // Once more: what a promise speaks of is there only after the promise was read.
    alternatives = await match()
  }
  const anchors = alternatives.map(({ anchor }) => anchor)
  const containerOf = await readContainers(store, anchors, known)
  const [ownershipOf, placeOf, jumps, unwatchedOf, holes] = await Promise.all([
    readOwnership(store, cluster, alternatives, known),
    readPlaces(store, cluster, pattern, anchors, { known, without }),
    readJumps(store, pattern, alternatives, containerOf, { known, without }),
    readUnwatched(store, pattern, alternatives, known),
    readHoles(store, pattern, cluster, anchors, known),
  ])
  const watching = watchingOf(heard, holes)
  for (const [id, of] of Map.groupBy(alternatives, ({ anchor }) => anchor.id)) {
    const told = { watching, ownershipOf, containerOf, placeOf, unwatchedOf, restartsJumped: jumps.has(id) }
    judged.set(id, judge(pattern, of, told))
  }
  return judged
}
