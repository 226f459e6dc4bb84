import type { KubeConfig } from '@kubernetes/client-node'
import { findCollection } from '../../reflector/discovery.ts'
import { isNode, type Owner } from '../../reflector/owner.ts'
import type { AnyKind } from './kinds/kind.ts'
import { workloadKind, workloads } from './kinds/workload.ts'

/** `apps/v1 Deployment`: what tells kinds apart. */
export const kindOf = ({ apiVersion, kind }: Owner): string => `${apiVersion} ${kind}`

/** An owner whose kind is not watched from the start. */
export const isCustom = (owner: Owner): boolean => !(kindOf(owner) in workloads) && !isNode(owner)

/** The kind of a custom owner as something to watch. Throws where the API does not tell its path. */
export async function findCustomKind(kubeConfig: KubeConfig, owner: Owner, stop: AbortSignal): Promise<AnyKind> {
  const { group, plural } = await findCollection(kubeConfig, owner, stop)
  return workloadKind(`${group}/${plural}`, owner.kind)
}
