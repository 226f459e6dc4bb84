import { apiOf, type Environment, loadKubeConfig } from '../../reflector/config.ts'
import type { Collector, DoctorLine } from '../collector.ts'
import { settingsOf, usualLeaseOf } from './config.ts'
import { doctorLines, whyAway } from './doctor.ts'
import { isChosen, takesAll } from './filter.ts'
import { nameOf } from './kind.ts'
import { leaseLine } from './replicas/lease-rights.ts'
import { watchedKinds } from './watched-kinds.ts'
import { ClusterWatcher } from './watcher.ts'

const NAME_ONE = 'set KUBECONFIG to the path of a kubeconfig, or run in a pod'

const collector: Collector = {
  name: 'kubernetes',
  available: async (environment) => (apiOf(environment) ? null : `no cluster is named: ${NAME_ONE}`),
  unasked: (environment) =>
    apiOf(environment)
      ? null
      : {
          detail:
            'Kubernetes side is not watched: pods are known by UID alone, and nothing of workloads, states and changes',
          remedy: `no cluster is named; to watch one, ${NAME_ONE}`,
        },
  start: async (context) => {
    const kubeConfig = await loadKubeConfig()
    const settings = settingsOf()
    const lease = settings.lease ?? usualLeaseOf(context.cluster)
    const watcher = new ClusterWatcher(kubeConfig, context, { ...settings, ...(lease && { lease }) })
    await watcher.start()
    return watcher
  },
  doctor: async (environment) => {
    const kubeConfig = await loadKubeConfig()
    const away = await whyAway(kubeConfig)
    if (away !== null) return [away]
    const { filter = takesAll, ...settings } = settingsOf(environment)
    const watched = watchedKinds.filter((kind) => isChosen(filter.kinds, nameOf(kind)))
    const lease = settings.lease ?? usualLeaseOf(environment.AITIA_CLUSTER || 'local', environment)
    const leaseLines = lease ? [await leaseLine(kubeConfig, lease)] : []
    return [...(await doctorLines(kubeConfig, watched)), ...leaseLines, ...filterLines(environment)]
  },
}

/** What is asked to be left out, which nobody should take for what is not there. */
const filterLines = (environment: Environment): DoctorLine[] =>
  (['AITIA_NAMESPACES', 'AITIA_KINDS', 'AITIA_LABELS'] as const).flatMap((name) => {
    const value = environment[name]
    return value ? [{ subject: `kubernetes ${name}`, state: 'ok', detail: `only a part is watched: ${value}` }] : []
  })

export default collector
