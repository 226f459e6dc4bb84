import type { KubeConfig } from '@kubernetes/client-node'
import { isAllowed } from '../../../reflector/access.ts'
import type { DoctorLine, Log } from '../../collector.ts'
import type { LeasePlace } from '../config.ts'
import { leaseRemedy } from './lease.ts'

const verbs = ['get', 'create', 'update'] as const

/** What would have to be done with a Lease, and we may not. */
async function refusedVerbs(kubeConfig: KubeConfig, { namespace, name }: LeasePlace): Promise<string[]> {
  const mayDo = (verb: (typeof verbs)[number]): Promise<boolean> => {
    // As one is made it has no name yet: a rule with resourceNames does not cover that.
    const what = { group: 'coordination.k8s.io', resource: 'leases', namespace, ...(verb !== 'create' && { name }) }
    return isAllowed(kubeConfig, { ...what, verb })
  }
  const allowed = await Promise.all(verbs.map(mayDo))
  return verbs.filter((_, index) => !allowed[index])
}

/** Whether this agent may use the Lease that it is to hold while it sends. `asked`: AITIA_LEASE names it. */
export async function leaseLine(kubeConfig: KubeConfig, place: LeasePlace, asked = true): Promise<DoctorLine> {
  const { namespace, name } = place
  const subject = asked ? 'kubernetes AITIA_LEASE' : 'kubernetes Lease'
  try {
    const refused = await refusedVerbs(kubeConfig, place)
    if (refused.length === 0)
      return { subject, state: 'ok', detail: `the one that holds the Lease ${namespace}/${name} sends` }
    const detail = `not allowed to ${refused.join(', ')} the Lease ${namespace}/${name}.`
    const [state, cost] = asked
      ? (['missing', 'Without it nothing of the cluster is sent.'] as const)
      : (['degraded', 'Without it each agent that watches the cluster sends all of it.'] as const)
    return { subject, state, detail: `${detail} ${cost}`, remedy: leaseRemedy(namespace, asked) }
  } catch (error) {
    const detail = `whether the Lease ${namespace}/${name} may be used is not known: ${(error as Error).message}`
    return { subject, state: 'degraded', detail }
  }
}

/** A Lease that nobody asked for, where it may be used; else this agent sends as if it were the only one, and says so. */
export async function usableLease(
  kubeConfig: KubeConfig,
  place: LeasePlace,
  log: Pick<Log, 'warn'>,
): Promise<LeasePlace | undefined> {
  const refused = await refusedVerbs(kubeConfig, place)
  if (refused.length === 0) return place
  const { namespace, name } = place
  const what = `not allowed to ${refused.join(', ')} the Lease ${namespace}/${name}`
  const remedy = leaseRemedy(namespace, false)
  log.warn(`${what}: each agent that watches the cluster sends all of it. For one of them to send, ${remedy}`)
  return undefined
}
