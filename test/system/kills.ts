/** Workloads that are OOM-killed a given number of times and then live, and the kubelet's own count of that. */
import type { Cluster } from '../cluster/cluster.ts'
import { shopNamespace, workload } from '../cluster/workloads.ts'
import { eventually } from './stack.ts'

/** So often each is killed, if nothing else is said. */
export const TIMES = 4

export const eater = (name: string, times = TIMES): object[] =>
  workload(name, { eat: ['main', '256'], times, memoryMiB: 64 })

interface PodList {
  items: {
    status: {
      containerStatuses?: {
        restartCount: number
        state: { waiting?: { reason: string }; running?: object; terminated?: object }
      }[]
    }
  }[]
}

/** Of a crashing container the kubelet starts the next 10 to 15 s later. For a cluster: waits until one of `eater` was killed `atLeast` so often, and says how often it was. `times` as given to `eater`. */
export const killsIn =
  (cluster: Cluster) =>
  (name: string, atLeast = 1, times = TIMES): Promise<number> =>
    eventually(`${name} is killed`, 240 + 15 * atLeast, async () => {
      const pods = `/api/v1/namespaces/${shopNamespace.metadata.name}/pods?labelSelector=app%3D${name}`
      const status = (await cluster.get<PodList>(pods)).items[0]?.status.containerStatuses?.[0]
      if (status === undefined) return null
      // The kubelet shows CrashLoopBackOff for a moment only, as it starts the container again: before that it says terminated.
      const { restartCount, state } = status
      const hasEnded = state.terminated !== undefined || state.waiting?.reason === 'CrashLoopBackOff'
      const kills = Math.min(restartCount + (hasEnded ? 1 : 0), times)
      return kills >= atLeast ? kills : null
    })
