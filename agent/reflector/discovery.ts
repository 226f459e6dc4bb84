import type { KubeConfig } from '@kubernetes/client-node'
import { ApiError, getJson } from './request.ts'

interface Resource {
  name: string
  kind: string
  namespaced: boolean
}

/** A collection of the API. */
export interface Collection {
  /** `/apis/apps/v1` */
  group: string
  /** `replicasets` */
  plural: string
  namespaced: boolean
}

/** The API has no kind of that name. */
export class NoSuchKindError extends Error {}

/** Where objects of a kind are found; the API's discovery tells. Throws where it does not: NoSuchKindError, or what the request throws. */
export async function findCollection(
  kubeConfig: KubeConfig,
  { apiVersion, kind }: { apiVersion: string; kind: string },
  stop: AbortSignal,
): Promise<Collection> {
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const { resources } = await getJson<{ resources: Resource[] }>(kubeConfig, group, stop).catch((error) => {
    const isUnknown = error instanceof ApiError && error.httpStatus === 404
    throw isUnknown ? new NoSuchKindError(error.message) : error
  })
  // Those with a slash are parts of a resource, such as its status.
  const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'))
  if (!found) throw new NoSuchKindError(`GET ${group}: got ${resources.length} resources, expected one of kind ${kind}`)
  return { group, plural: found.name, namespaced: found.namespaced }
}
