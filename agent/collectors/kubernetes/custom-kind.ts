import type { KubeConfig } from '@kubernetes/client-node'
import { getJson } from '../../reflector/request.ts'
import type { AnyKind, Owner } from './kinds/kind.ts'
import { workloadKind, workloads } from './kinds/workload.ts'

/** `apps/v1 Deployment`: what tells kinds apart. */
export const kindOf = ({ apiVersion, kind }: Owner): string => `${apiVersion} ${kind}`

/** An owner whose kind is not watched from the start. */
export const isCustom = (owner: Owner): boolean => !(kindOf(owner) in workloads) && kindOf(owner) !== 'v1 Node'

interface Resource {
  name: string
  kind: string
}

/** The kind of a custom owner as something to watch; the API's discovery tells its path. Throws where it does not. */
export async function findCustomKind(kubeConfig: KubeConfig, owner: Owner, stop: AbortSignal): Promise<AnyKind> {
  const path = owner.apiVersion === 'v1' ? '/api/v1' : `/apis/${owner.apiVersion}`
  const { resources } = await getJson<{ resources: Resource[] }>(kubeConfig, path, stop)
  // Those with a slash are parts of a resource, such as its status.
  const found = resources.find(({ name, kind }) => kind === owner.kind && !name.includes('/'))
  if (!found) throw new Error(`GET ${path}: got ${resources.length} resources, expected one of kind ${owner.kind}`)
  return workloadKind(`${path}/${found.name}`, owner.kind)
}
