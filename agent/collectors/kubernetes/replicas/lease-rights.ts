import type { KubeConfig } from '@kubernetes/client-node'
import { askJson } from '../../../reflector/request.ts'
import type { DoctorLine } from '../../collector.ts'
import type { LeasePlace } from '../config.ts'
import { leaseRemedy } from './lease.ts'

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const verbs = ['get', 'create', 'update'] as const

/** `authorization.k8s.io/v1` SelfSubjectAccessReview, as far as it is read here. */
interface Review {
  readonly status?: { readonly allowed: boolean }
}

/** Whether this agent may use the Lease that it is to hold while it sends. The API is asked for our rights: nothing is written. */
export async function leaseLine(kubeConfig: KubeConfig, { namespace, name }: LeasePlace): Promise<DoctorLine> {
  const subject = 'kubernetes AITIA_LEASE'
  const isAllowed = async (verb: (typeof verbs)[number]): Promise<boolean> => {
    // As one is made it has no name yet: a rule with resourceNames does not cover that.
    const what = { group: 'coordination.k8s.io', resource: 'leases', namespace, ...(verb !== 'create' && { name }) }
    const body = {
      ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
      spec: { resourceAttributes: { ...what, verb } },
    }
    const signal = new AbortController().signal
    const { status } = await askJson<Review>(kubeConfig, { method: 'POST', path, body }, signal)
    return status?.allowed === true
  }
  try {
    const allowed = await Promise.all(verbs.map(isAllowed))
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
