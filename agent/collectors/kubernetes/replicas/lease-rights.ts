import type { KubeConfig } from '@kubernetes/client-node'
import { isAllowed } from '../../../reflector/access.ts'
import type { DoctorLine } from '../../collector.ts'
import type { LeasePlace } from '../config.ts'
import { leaseRemedy } from './lease.ts'

const verbs = ['get', 'create', 'update'] as const

/** Whether this agent may use the Lease that it is to hold while it sends. */
export async function leaseLine(kubeConfig: KubeConfig, { namespace, name }: LeasePlace): Promise<DoctorLine> {
  const subject = 'kubernetes AITIA_LEASE'
  const mayDo = (verb: (typeof verbs)[number]): Promise<boolean> => {
    // As one is made it has no name yet: a rule with resourceNames does not cover that.
    const what = { group: 'coordination.k8s.io', resource: 'leases', namespace, ...(verb !== 'create' && { name }) }
    return isAllowed(kubeConfig, { ...what, verb })
  }
  try {
    const allowed = await Promise.all(verbs.map(mayDo))
    const refused = verbs.filter((_, index) => !allowed[index])
    if (refused.length === 0)
      return { subject, state: 'ok', detail: `the one that holds the Lease ${namespace}/${name} sends` }
    const detail = `not allowed to ${refused.join(', ')} the Lease ${namespace}/${name}. Without it nothing of the cluster is sent.`
    return { subject, state: 'missing', detail, remedy: leaseRemedy(namespace) }
  } catch (error) {
    const detail = `whether the Lease ${namespace}/${name} may be used is not known: ${(error as Error).message}`
    return { subject, state: 'degraded', detail }
  }
}
