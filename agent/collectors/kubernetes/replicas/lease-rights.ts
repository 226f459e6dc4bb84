import type { KubeConfig } from '@kubernetes/client-node'
import { isAllowed } from '../../../reflector/access.ts'
import { ApiError } from '../../../reflector/request.ts'
import type { DoctorLine, Log } from '../../collector.ts'
import type { LeasePlace } from '../config.ts'

const verbs = ['get', 'create', 'update'] as const

/** What would have to be done with a Lease, and we may not. */
async function refusedVerbs(
  kubeConfig: KubeConfig,
  { namespace, name }: LeasePlace,
  stop?: AbortSignal,
): Promise<string[]> {
  const mayDo = (verb: (typeof verbs)[number]): Promise<boolean> => {
    // As one is made it has no name yet: a rule with resourceNames does not cover that.
    const what = { group: 'coordination.k8s.io', resource: 'leases', namespace, ...(verb !== 'create' && { name }) }
    return isAllowed(kubeConfig, { ...what, verb }, stop)
  }
  const allowed = await Promise.all(verbs.map(mayDo))
  return verbs.filter((_, index) => !allowed[index])
}

const role = (namespace: string): string =>
  `allow get, create and update of leases.coordination.k8s.io in ${namespace} (agent/collectors/kubernetes/README.md has the Role)`

/** What to do where rights to a Lease are missing. One that nobody asked for is asked about at the start alone. */
const rightsRemedy = ({ namespace, unasked }: LeasePlace): string =>
  unasked
    ? `${role(namespace)} and restart the agents, or name the collectors of all other agents with --collectors, without kubernetes`
    : `${role(namespace)}, or unset AITIA_LEASE where this is the only replica`

/** What to do where a Lease is refused as it is to be used: one that nobody asked for was allowed at the start. */
export const refusalRemedy = (place: LeasePlace): string =>
  place.unasked
    ? 'see to what the API server says (rights that were taken away, a quota, an admission webhook, a namespace that ends), or set AITIA_LEASE to the namespace/name of one that can be used'
    : rightsRemedy(place)

const eachSends = 'each agent that watches the cluster sends all of it'

/** An API server may refuse even to tell what we may do. */
const isUntold = (error: unknown): error is ApiError => error instanceof ApiError && error.httpStatus === 403

const notKnown = ({ namespace, name }: LeasePlace, error: Error): string =>
  `whether the Lease ${namespace}/${name} may be used is not known: ${error.message}`

const untoldRemedy = ({ namespace, name }: LeasePlace): string =>
  `${role(namespace)}, and set AITIA_LEASE=${namespace}/${name}`

/** Whether this agent may use the Lease that it is to hold while it sends. */
export async function leaseLine(kubeConfig: KubeConfig, place: LeasePlace): Promise<DoctorLine> {
  const { namespace, name, unasked } = place
  const subject = unasked ? 'kubernetes Lease' : 'kubernetes AITIA_LEASE'
  try {
    const refused = await refusedVerbs(kubeConfig, place)
    if (refused.length === 0)
      return { subject, state: 'ok', detail: `the one that holds the Lease ${namespace}/${name} sends` }
    const detail = `not allowed to ${refused.join(', ')} the Lease ${namespace}/${name}.`
    const [state, cost] = unasked
      ? (['degraded', `Without it ${eachSends}.`] as const)
      : (['missing', 'Without it nothing of the cluster is sent.'] as const)
    return { subject, state, detail: `${detail} ${cost}`, remedy: rightsRemedy(place) }
  } catch (error) {
    const line = { subject, state: 'degraded', detail: notKnown(place, error as Error) } as const
    if (!unasked || !isUntold(error)) return line
    return { ...line, detail: `${line.detail}. So ${eachSends}.`, remedy: untoldRemedy(place) }
  }
}

/** Whether a Lease that nobody asked for may be used; where it may not, this agent sends as if it were the only one, and says so. */
export async function isUsable(
  kubeConfig: KubeConfig,
  place: LeasePlace,
  log: Pick<Log, 'warn'>,
  stop?: AbortSignal,
): Promise<boolean> {
  const warn = (what: string, remedy: string): false => {
    log.warn(`${what}: ${eachSends}. For one of them to send, ${remedy}`)
    return false
  }
  try {
    const refused = await refusedVerbs(kubeConfig, place, stop)
    if (refused.length === 0) return true
    return warn(`not allowed to ${refused.join(', ')} the Lease ${place.namespace}/${place.name}`, rightsRemedy(place))
  } catch (error) {
    if (!isUntold(error)) throw error
    return warn(notKnown(place, error), untoldRemedy(place))
  }
}
