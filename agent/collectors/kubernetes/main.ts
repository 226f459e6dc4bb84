import type { KubeConfig } from '@kubernetes/client-node'
import { apiOf, type Environment, loadKubeConfig } from '../../reflector/config.ts'
import { ApiError, getJson } from '../../reflector/request.ts'
import type { Collector, DoctorLine } from '../collector.ts'
import { settingsOf } from './config.ts'
import { isChosen, takesAll } from './filter.ts'
import { nameOf } from './kind.ts'
import { watchedKinds } from './watched-kinds.ts'
import { ClusterWatcher } from './watcher.ts'

const collector: Collector = {
  name: 'kubernetes',
  available: async (environment) =>
    apiOf(environment) ? null : 'no cluster is named: set KUBECONFIG to the path of a kubeconfig, or run in a pod',
  start: async (context) => {
    const watcher = new ClusterWatcher(await loadKubeConfig(), context, settingsOf())
    await watcher.start()
    return watcher
  },
  doctor: async (environment) => {
    const kubeConfig = await loadKubeConfig()
    const away = await whyAway(kubeConfig)
    if (away !== null) return [away]
    const { filter = takesAll } = settingsOf(environment)
    const watched = watchedKinds.filter((kind) => isChosen(filter.kinds, nameOf(kind)))
    return Promise.all([
      ...watched.map((kind) => line(kubeConfig, kind.path, nameOf(kind))),
      ...filterLines(environment),
    ])
  },
}

/** A server that does not answer is said once, not for each kind. `/version` needs no rights but to be known. */
async function whyAway(kubeConfig: KubeConfig): Promise<DoctorLine | null> {
  try {
    await getJson(kubeConfig, '/version', AbortSignal.timeout(10_000))
    return null
  } catch (error) {
    if (error instanceof ApiError) return null
    const server = kubeConfig.getCurrentCluster()?.server ?? 'no server'
    return {
      subject: 'kubernetes API',
      state: 'missing',
      detail: `${server} can't be asked (${(error as Error).message}). Nothing of the cluster is known.`,
      remedy: 'start it, or set KUBECONFIG to the kubeconfig of another',
    }
  }
}

/** What is asked to be left out, which nobody should take for what is not there. */
const filterLines = (environment: Environment): DoctorLine[] =>
  (['AITIA_NAMESPACES', 'AITIA_KINDS', 'AITIA_LABELS'] as const).flatMap((name) => {
    const value = environment[name]
    return value ? [{ subject: `kubernetes ${name}`, state: 'ok', detail: `only a part is watched: ${value}` }] : []
  })

async function line(kubeConfig: KubeConfig, path: string, name: string): Promise<DoctorLine> {
  const subject = `kubernetes ${name}`
  try {
    await getJson(kubeConfig, `${path}?limit=1`, new AbortController().signal)
    return { subject, state: 'ok', detail: 'can be listed' }
  } catch (error) {
    return {
      subject,
      state: 'missing',
      detail: `${(error as Error).message}. Without them nothing that rests on ${name} is known.`,
      remedy: 'check KUBECONFIG, and allow list and watch: agent/collectors/kubernetes/README.md has the ClusterRole',
    }
  }
}

export default collector
