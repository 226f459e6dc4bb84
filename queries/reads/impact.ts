/** What an occurrence did to those who rely on the workload: replicas and endpoints lost in the minutes after it. */
import { MINUTE } from '../../graph/model/time.ts'
import { type Endpoints, endpoints, readyAt } from './endpoints.ts'
import type { Affected } from './occurrences.ts'
import type { Reader } from './read.ts'
import { states } from './states.ts'
import { kindOf, type StoredObject, type StoredState } from './stored.ts'

/** How long after an occurrence a loss is counted as its. */
export const AFTERMATH = 5 * MINUTE

/** Replicas of a workload, as its own status tells. */
export interface Replicas {
  readonly wanted: number
  readonly ready: number
}

export interface Impact {
  readonly role: string
  readonly key: string
  readonly kind: string
  readonly name: string | null
  readonly namespace: string | null
  /**
   * Replicas that were wanted, and ready replicas or endpoints, when it happened; null where not told: what was first seen after it
   * happened does not say how many there had been.
   */
  readonly wanted: number | null
  readonly before: number | null
  /** Most of those that were missed at one time up to five minutes after, while they were wanted: what was scaled down is not lost. */
  readonly lost: number | null
  /** How many were ready then, or where it is not told how many there had been, the fewest that were. */
  readonly fewest: number | null
  readonly fewestAt: number | null
  /** The same at the time of the question. */
  readonly wantedAfter: number | null
  readonly after: number | null
  /** It had more endpoints than are counted: how many is not told. */
  readonly cut: boolean
}

/** What a workload's state says of its replicas; null where it says nothing. `absent`: how many are ready where it leaves that out. */
export const replicasOf = (state: StoredState | undefined | null, absent?: number): Replicas | null => {
  if (!state || state.deleted) return null
  const { replicas: wanted, readyReplicas: ready = absent } = state.body
  return typeof wanted === 'number' && typeof ready === 'number' ? { wanted, ready } : null
}

const named = ({ role, object }: Affected) => ({
  role,
  key: object.key,
  kind: kindOf(object),
  name: object.name ?? null,
  namespace: object.namespace ?? null,
})

/** How many were ready at an instant, and of those that had been before, how many were still wanted. */
interface Point {
  readonly at: number
  readonly ready: number
  readonly expected: number
}

/** What was lost in the worst instant of those given; of nothing before nothing is lost. */
const lossIn = (
  before: number | null,
  points: readonly Point[],
): Pick<Impact, 'before' | 'lost' | 'fewest' | 'fewestAt'> => {
  const lossAt = ({ expected, ready }: Point): number => expected - ready
  const worst = points.reduce<Point | null>(
    (worst, point) => (worst === null || lossAt(point) > lossAt(worst) ? point : worst),
    null,
  )
  return {
    before,
    lost: before === null || worst === null ? null : Math.max(0, lossAt(worst)),
    fewest: worst?.ready ?? null,
    fewestAt: worst?.at ?? null,
  }
}

const ofWorkload = (it: Affected, told: readonly StoredState[], now: StoredState | undefined, at: number): Impact => {
  // A custom kind that tells how many are ready, and leaves it out at another time, has none then.
  const absent = [...told, now].some((state) => replicasOf(state) !== null) ? 0 : undefined
  const inForce = told[0] !== undefined && told[0].at <= at ? told[0] : null
  const before = replicasOf(inForce, absent)?.ready ?? null
  let expected = before ?? 0
  const points = told.flatMap((state): Point[] => {
    const replicas = replicasOf(state, absent)
    if (replicas === null) return []
    // One that was given up and is wanted again was not lost.
    expected = Math.min(expected, replicas.wanted)
    return [{ at: state.at, ready: replicas.ready, expected }]
  })
  const after = replicasOf(now, absent)
  return {
    ...named(it),
    wanted: replicasOf(told[0], absent)?.wanted ?? null,
    ...lossIn(before, points),
    wantedAfter: after?.wanted ?? null,
    after: after?.ready ?? null,
    cut: false,
  }
}

/** How many replicas that were ready a workload was told to give up, up to a time: as `ofWorkload` counts them. */
const givenUp = (told: readonly StoredState[], until: number): number => {
  const wanted = told.flatMap((state) => {
    if (state.at > until) return []
    return state.deleted ? 0 : (replicasOf(state, 0)?.wanted ?? [])
  })
  const ready = replicasOf(told[0], 0)?.ready ?? 0
  return wanted.length === 0 ? 0 : Math.max(0, ready - Math.min(...wanted))
}

/** `claims`: in the minutes after it, and at the time of the question; `scaled`: states of the workloads whose pods it selects. */
const ofService = (
  it: Affected,
  [around, now]: readonly [Endpoints, Endpoints],
  scaled: readonly (readonly StoredState[])[],
  { at, end, asked }: { at: number; end: number; asked: number },
): Impact => {
  const { claims } = around
  const changes = claims.flatMap((claim) => [claim.from, claim.to]).filter((time) => time > at && time <= end)
  // Where no claim holds, none was told: a Service without endpoints looks just the same.
  const told = !around.cut && claims.some(({ from, to }) => from <= at && at < to)
  const before = told ? readyAt(claims, at) : null
  const times = before === null ? [] : [at, ...new Set(changes.sort((a, b) => a - b))]
  const points = times.map((time): Point => {
    const gone = scaled.reduce((sum, states) => sum + givenUp(states, time), 0)
    return { at: time, ready: readyAt(claims, time), expected: before! - gone }
  })
  return {
    ...named(it),
    ...{ wanted: null, wantedAfter: null },
    ...lossIn(before, points),
    after: now.cut ? null : readyAt(now.claims, asked),
    cut: around.cut || now.cut,
  }
}

const isWorkload = (object: StoredObject): boolean => object.kind === 'Workload'

/** The impact on each affected workload and Service of what happened at some time of [at, until]; `asked` is the time of the question. */
export const impact = async (
  reader: Reader,
  affected: readonly Affected[],
  { at, until, asked, known }: { at: number; until: number; asked: number; known: number },
): Promise<Impact[]> => {
  const end = Math.min(until + AFTERMATH, asked)
  const workloads = affected.filter((it) => isWorkload(it.object))
  const services = affected.filter((it) => it.object.kind === 'Service')
  const keys = workloads.map((it) => it.object.key)
  const served = services.map((it) => it.object.key)
  // Of what changed in between, which may be a day of rollouts, nothing is counted.
  const [told, current, around, now] = await Promise.all([
    states(reader, keys, { from: at, to: end, known }),
    states(reader, keys, { from: asked, to: asked, known }),
    endpoints(reader, served, { from: at, to: end + 1, known }),
    endpoints(reader, served, { from: asked, to: asked + 1, known }),
  ])
  const scaled = workloads.filter(({ role }) => role === 'workload').map((it) => told.get(it.object.key) ?? [])
  return [
    ...workloads.map((it) => ofWorkload(it, told.get(it.object.key) ?? [], current.get(it.object.key)?.[0], at)),
    ...services.map((it) => {
      const claims = [around.get(it.object.key)!, now.get(it.object.key)!] as const
      return ofService(it, claims, scaled, { at, end, asked })
    }),
  ]
}
