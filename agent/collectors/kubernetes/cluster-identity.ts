import { join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import type { StateObservation } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import { isRefusal } from '../../reflector/position.ts'
import { getJson } from '../../reflector/request.ts'
import type { CollectorContext } from '../collector.ts'
import { note, noted } from './noted.ts'
import { source } from './observer.ts'

/** The configured name stood for another cluster before: what is sent now would be mixed with that one's. */
export class OtherClusterError extends Error {}

/**
 * The state of the Cluster object. A cluster is told apart by the UID of its kube-system, which is noted under the name in
 * `dataDir`. Undefined where we may not read that namespace, so that nothing can be checked. Throws OtherClusterError, or what the
 * request throws.
 */
export async function identify(
  kubeConfig: KubeConfig,
  { cluster, dataDir, log }: Pick<CollectorContext, 'cluster' | 'dataDir' | 'log'>,
  stop: AbortSignal,
): Promise<StateObservation | undefined> {
  const uid = await getJson<{ metadata: { uid: string } }>(kubeConfig, '/api/v1/namespaces/kube-system', stop).then(
    ({ metadata }) => metadata.uid,
    (error) => {
      if (isRefusal(error)) return undefined
      throw error
    },
  )
  if (uid === undefined) return undefined
  const file = join(dataDir, 'clusters.json')
  const known = noted(file, uidsOf, log) ?? {}
  const before = known[cluster]
  if (before !== undefined && before !== uid) {
    throw new OtherClusterError(
      `the cluster name ${cluster} stands for the cluster whose kube-system has UID ${before}; got one with ${uid}: set AITIA_CLUSTER to another name, or remove ${file}`,
    )
  }
  if (before === undefined) note(file, JSON.stringify({ ...known, [cluster]: uid }))
  const version = await getJson<{ gitVersion?: string }>(kubeConfig, '/version', stop).catch(() => undefined)
  return {
    type: 'state',
    object: { kind: 'Cluster', key: `cluster:${uid}`, name: cluster },
    at: now(),
    version: 0,
    uncertainty: 0,
    source,
    body: version?.gitVersion === undefined ? {} : { version: version.gitVersion },
    relations: [],
  }
}

/** UIDs of clusters by their names. */
function uidsOf(text: string): Readonly<Record<string, string>> | undefined {
  const read: unknown = JSON.parse(text)
  return typeof read === 'object' && read !== null ? (read as Record<string, string>) : undefined
}
