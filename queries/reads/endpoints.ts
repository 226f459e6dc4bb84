/** How many endpoints of a Service took traffic. */
import type { Window } from './family.ts'
import { type Reader, statement } from './read.ts'

const ENDPOINTS = statement('endpoints')

/** Claims about one Service that one answer looks at. */
const MOST = 2_000

/** One claim that a pod is an endpoint, in [from, to). */
export interface Endpoint {
  readonly pod: string
  readonly from: number
  readonly to: number
  readonly ready: boolean
}

export interface Endpoints {
  readonly claims: readonly Endpoint[]
  /** There are more of them than one answer looks at: those that are left out would count. */
  readonly cut: boolean
}

/** Claims about each service that touch the window; all that ever changed in it count, so that it had better be short. */
export const endpoints = async (
  reader: Reader,
  services: readonly string[],
  window: Window,
): Promise<Map<string, Endpoints>> => {
  const rows = await reader.read<Endpoint & { key: string }>(ENDPOINTS, { keys: services, limit: MOST + 1, ...window })
  const byService = Map.groupBy(rows, (row) => row.key)
  return new Map(
    services.map((key) => {
      const claims = byService.get(key) ?? []
      return [key, { claims: claims.slice(0, MOST), cut: claims.length > MOST }]
    }),
  )
}

/** Pods that are ready endpoints at a time: ready in any slice is ready. */
export const readyAt = (claims: readonly Endpoint[], at: number): number =>
  new Set(claims.filter((claim) => claim.ready && claim.from <= at && at < claim.to).map((claim) => claim.pod)).size
