import type { KubeConfig } from '@kubernetes/client-node'
import type { DoctorLine } from '../collectors/collector.ts'
import { isAllowed } from '../reflector/access.ts'
import { ApiError } from '../reflector/request.ts'

/** What is watched of the node, and the owners that are read one by one up to the top. */
const needed = [
  ...['pods', 'nodes'].map((resource) => ({ group: '', resource, verbs: ['list', 'watch'] })),
  ...['replicasets', 'deployments', 'statefulsets', 'daemonsets'].map((resource) => ({
    ...{ group: 'apps', resource, verbs: ['get'] },
  })),
  ...['jobs', 'cronjobs'].map((resource) => ({ group: 'batch', resource, verbs: ['get'] })),
]

/** Whether attribution may read pods, nodes and owners. */
export async function rightsLine(kubeConfig: KubeConfig): Promise<DoctorLine> {
  const subject = 'attribution'
  try {
    const asked = needed.flatMap(({ group, resource, verbs }) =>
      verbs.map(async (verb) =>
        (await isAllowed(kubeConfig, { verb, group, resource })) ? [] : [`${verb} ${resource}`],
      ),
    )
    const refused = (await Promise.all(asked)).flat()
    if (refused.length === 0) return { subject, state: 'ok', detail: 'pods of this node and their owners can be read' }
    return {
      subject,
      state: 'degraded',
      detail: `not allowed to ${refused.join(', ')}. What happens in pods of this node is sent without their names, or without the workload that they belong to.`,
      remedy: 'allow it: agent/collectors/kubernetes/README.md has the ClusterRole',
    }
  } catch (error) {
    // Of an API server that is away the Kubernetes collector's line tells the reason.
    const why = error instanceof ApiError ? error.message : 'the API server can not be asked'
    const detail = `whether pods and their owners can be read is not known: ${why}`
    return { subject, state: 'degraded', detail }
  }
}
