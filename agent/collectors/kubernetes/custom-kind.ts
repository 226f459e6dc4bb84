import type { KubeConfig } from '@kubernetes/client-node'
import { findCollection } from '../../reflector/discovery.ts'
import type { Owner } from '../../reflector/owner.ts'
import type { AnyKind } from './kind.ts'
import { workloadKind } from './kinds/workload.ts'

/** `apps/v1 Deployment`: what tells kinds of owners apart. */
export const ownerKindOf = ({ apiVersion, kind }: Pick<Owner, 'apiVersion' | 'kind'>): string => `${apiVersion} ${kind}`

/** What the owners of a watched kind are called so; undefined for what owns nothing. */
export const ownersOf = ({ path, workloadKind: kind }: AnyKind): string | undefined =>
  kind === undefined ? undefined : ownerKindOf({ apiVersion: path.split('/').slice(2, -1).join('/'), kind })

/** The kind of a custom owner as something to watch. Throws where the API does not tell its path. */
export async function findCustomKind(
  kubeConfig: KubeConfig,
  owner: Pick<Owner, 'apiVersion' | 'kind'>,
  stop: AbortSignal,
): Promise<AnyKind> {
  const { group, plural } = await findCollection(kubeConfig, owner, stop)
  return workloadKind(`${group}/${plural}`, owner.kind)
}
