import type { KubeConfig } from '@kubernetes/client-node'
import { getJson } from '../../reflector/request.ts'
import type { Collector, DoctorLine } from '../collector.ts'
import { apiOf } from './config.ts'
import { watchedKinds } from './kinds/all.ts'
import { ClusterWatcher } from './watcher.ts'

/** Loads what KUBECONFIG names, or what a pod is given. The client is large: only who runs this collector pays for it. */
async function load(): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const kubeConfig = new KubeConfig()
  if (apiOf() === 'in-cluster') kubeConfig.loadFromCluster()
  else kubeConfig.loadFromDefault()
  return kubeConfig
}

const collector: Collector = {
  name: 'kubernetes',
  available: async (environment) =>
    apiOf(environment) ? null : 'no cluster is named: set KUBECONFIG to the path of a kubeconfig, or run in a pod',
  start: async (context) => {
    const watcher = new ClusterWatcher(await load(), context)
    await watcher.start()
    return watcher
  },
  doctor: async () => {
    const kubeConfig = await load()
    return Promise.all(watchedKinds.map(({ path, plural }) => line(kubeConfig, path, plural)))
  },
}

async function line(kubeConfig: KubeConfig, path: string, plural: string): Promise<DoctorLine> {
  const subject = `kubernetes ${plural}`
  try {
    await getJson(kubeConfig, `${path}?limit=1`, new AbortController().signal)
    return { subject, state: 'ok', detail: 'can be listed' }
  } catch (error) {
    return {
      subject,
      state: 'missing',
      detail: `${(error as Error).message}. Without them nothing that rests on ${plural} is known.`,
      remedy: 'check KUBECONFIG, and allow list and watch: agent/collectors/kubernetes/README.md has the ClusterRole',
    }
  }
}

export default collector
