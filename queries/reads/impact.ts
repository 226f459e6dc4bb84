/** What an occurrence did to those who rely on the workload: replicas and endpoints lost in the minutes after it. */
import { MINUTE } from '../../graph/model/time.ts'
import { type Endpoint, endpoints, readyAt } from './endpoints.ts'
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
   * Ready replicas or endpoints when it happened, the fewest in the five minutes after, and at the time of the question; null where
   * not told: what was first seen after it happened does not say how many there had been.
   */
  readonly wanted: number | null
  readonly before: number | null
  readonly fewest: number | null
  readonly fewestAt: number | null
  readonly after: number | null
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

/** The instant at which the fewest were ready, of those given. */
const fewestOf = (points: readonly { at: number; ready: number }[]) =>
  points.reduce<{ at: number; ready: number } | null>(
    (least, point) => (least === null || point.ready < least.ready ? point : least),
    null,
  )

const ofWorkload = (it: Affected, told: readonly StoredState[], now: StoredState | undefined, at: number): Impact => {
  // A custom kind that tells how many are ready, and leaves it out at another time, has none then.
  const absent = [...told, now].some((state) => replicasOf(state) !== null) ? 0 : undefined
  const inForce = told[0] !== undefined && told[0].at <= at ? told[0] : null
  const points = told.flatMap((state) => {
    const replicas = replicasOf(state, absent)
    return replicas === null ? [] : [{ at: state.at, ready: replicas.ready }]
  })
  const fewest = fewestOf(points)
  return {
    ...named(it),
    wanted: replicasOf(told[0], absent)?.wanted ?? null,
    before: replicasOf(inForce, absent)?.ready ?? null,
    fewest: fewest?.ready ?? null,
    fewestAt: fewest?.at ?? null,
    after: replicasOf(now, absent)?.ready ?? null,
  }
}

const ofService = (it: Affected, claims: readonly Endpoint[], at: number, until: number, asked: number): Impact => {
  const changes = claims.flatMap((claim) => [claim.from, claim.to]).filter((time) => time > at && time <= until)
  // Where no claim holds, none was told: a Service without endpoints looks just the same.
  const told = claims.some(({ from, to }) => from <= at && at < to)
  const times = told ? [at, ...changes.sort((a, b) => a - b)] : []
  const fewest = fewestOf(times.map((time) => ({ at: time, ready: readyAt(claims, time) })))
  return {
    ...named(it),
    wanted: null,
    before: told ? readyAt(claims, at) : null,
    fewest: fewest?.ready ?? null,
    fewestAt: fewest?.at ?? null,
    after: readyAt(claims, asked),
  }
}

const isWorkload = (object: StoredObject): boolean => object.kind === 'Workload'

/** The impact on each affected workload and Service of what happened at `at`; `asked` is the time of the question. */
export const impact = async (
  reader: Reader,
  affected: readonly Affected[],
  time: { at: number; asked: number; known: number },
): Promise<Impact[]> => {
  const { at, asked, known } = time
  const until = Math.min(at + AFTERMATH, asked)
  const workloads = affected.filter((it) => isWorkload(it.object))
  const services = affected.filter((it) => it.object.kind === 'Service')
  const [told, current, claims] = await Promise.all([
    states(
      reader,
      workloads.map((it) => it.object.key),
      { from: at, to: until, known },
    ),
    states(
      reader,
      workloads.map((it) => it.object.key),
      { from: asked, to: asked, known },
    ),
    endpoints(
      reader,
      services.map((it) => it.object.key),
      { from: at, to: asked + 1, known },
    ),
  ])
  return [
    ...workloads.map((it) => ofWorkload(it, told.get(it.object.key) ?? [], current.get(it.object.key)?.[0], at)),
    ...services.map((it) => ofService(it, claims.get(it.object.key) ?? [], at, until, asked)),
  ]
}
