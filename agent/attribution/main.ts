import type { DoctorLine, Emit, Log, RunningCollector } from '../collectors/collector.ts'
import { apiOf, type Environment, loadKubeConfig } from '../reflector/config.ts'
import { annotationPrefixesOf, nodeNameOf } from './config.ts'
import { enrich } from './context-enrich.ts'
import { NodePods } from './pods.ts'
import { rightsLine } from './rights.ts'

/** Names, workload and context of the pods that the node's own witnesses tell of. */
export interface Attribution {
  /** Adds, at once, what is known now to what passes. */
  before(emit: Emit): Emit
  /** The collector with what went wrong here among the counters of its heartbeats. */
  counting(running: RunningCollector): RunningCollector
  stop(): Promise<void>
}

/**
 * Watches the pods of this machine's node. Null where no cluster is named, or not so that it can be understood: then the host's
 * own names are all there is. Without AITIA_NODE_NAME the node is found by its boot id, which costs a watch of all nodes instead of one.
 */
export async function openAttribution({ bootId, log }: { bootId: string; log: Log }): Promise<Attribution | null> {
  if (apiOf() === null) return null
  try {
    const nodeName = nodeNameOf()
    const options = { kubeConfig: await loadKubeConfig(), annotationPrefixes: annotationPrefixesOf(), bootId, log }
    const pods = new NodePods({ ...options, ...(nodeName && { nodeName }) })
    pods.start()
    const before = (emit: Emit): Emit => {
      return (observations, contexts) => {
        const enriched = enrich(observations, pods)
        return emit(enriched.observations, { ...contexts, ...enriched.contexts })
      }
    }
    const counting = (running: RunningCollector): RunningCollector => {
      const progress = () =>
        (running.progress?.() ?? []).map((each) =>
          pods.refused === 0 ? each : { ...each, counters: { ...each.counters, 'owners.refused': pods.refused } },
        )
      return { stop: () => running.stop(), ...(running.progress && { progress }) }
    }
    return { before, counting, stop: () => pods.stop() }
  } catch (error) {
    log.error({ error: (error as Error).message }, 'no attribution: KUBECONFIG names no cluster that can be reached')
    return null
  }
}

/** Whether the API lets attribution read what it rests on; nothing is told where no cluster is named. */
export const doctor = async (environment: Environment): Promise<readonly DoctorLine[]> =>
  apiOf(environment) === null ? [] : [await rightsLine(await loadKubeConfig(environment))]
