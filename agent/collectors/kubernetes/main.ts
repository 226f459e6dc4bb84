import type { KubeConfig } from '@kubernetes/client-node'
import { apiOf, loadKubeConfig } from '../../reflector/config.ts'
import { getJson } from '../../reflector/request.ts'
import type { Collector, DoctorLine } from '../collector.ts'
import { settingsOf } from './config.ts'
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
  doctor: async () => {
    const kubeConfig = await loadKubeConfig()
    return Promise.all(watchedKinds.map((kind) => line(kubeConfig, kind.path, nameOf(kind))))
  },
}

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
