import type { Observation } from '../../graph/model/observation.ts'
import { apiOf, loadKubeConfig, nodeNameOf } from '../reflector/config.ts'
import { type Enriched, enrich } from './context-enrich.ts'
import { NodePods } from './pods.ts'

/** What the node's own witnesses told, in Kubernetes terms. */
export interface Attribution {
  /** At once, with what is known now: names, workload and context of the pods that observations are about. */
  enrich(observations: readonly Observation[]): Enriched
  stop(): Promise<void>
}

/**
 * Watches the pods of this machine's node. Null where no cluster is named: then the host's own names are all there is.
 * Without AITIA_NODE_NAME the node is found by its boot id, which costs a watch of all nodes.
 */
export async function openAttribution(options: {
  bootId: string
  log: { warn(message: string): void }
}): Promise<Attribution | null> {
  if (apiOf() === null) return null
  const nodeName = nodeNameOf()
  const kubeConfig = await loadKubeConfig()
  const pods = new NodePods({ kubeConfig, ...options, ...(nodeName !== undefined && { nodeName }) })
  pods.start()
  return { enrich: (observations) => enrich(observations, pods), stop: () => pods.stop() }
}
