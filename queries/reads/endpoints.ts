/** How many endpoints of a Service took traffic. */
import type { Window } from './family.ts'
import { type Reader, statement } from './read.ts'

const ENDPOINTS = statement('endpoints')

/** One claim that a pod is an endpoint, in [from, to). */
export interface Endpoint {
  readonly pod: string
  readonly from: number
  readonly to: number
  readonly ready: boolean
}

/** Claims about each service that touch the window. */
export const endpoints = async (
  reader: Reader,
  services: readonly string[],
  window: Window,
): Promise<Map<string, Endpoint[]>> =>
  Map.groupBy(await reader.read<Endpoint & { key: string }>(ENDPOINTS, { keys: services, ...window }), (row) => row.key)

/** Pods that are ready endpoints at a time: ready in any slice is ready. */
export const readyAt = (claims: readonly Endpoint[], at: number): number =>
  new Set(claims.filter((claim) => claim.ready && claim.from <= at && at < claim.to).map((claim) => claim.pod)).size
