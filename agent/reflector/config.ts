import { statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { delimiter } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'

/** What the environment says of the cluster. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where the API of the cluster is named: KUBECONFIG, or what a pod is given. */
export const apiOf = (environment: Environment = process.env): 'kubeconfig' | 'in-cluster' | null => {
  if (environment.KUBECONFIG) return 'kubeconfig'
  return environment.KUBERNETES_SERVICE_HOST ? 'in-cluster' : null
}

/** What each kubeconfig was read from, and how the files were then. */
const read = new WeakMap<KubeConfig, { environment: Environment; stamp: string }>()

const stampOf = ({ KUBECONFIG = '' }: Environment): string =>
  KUBECONFIG.split(delimiter)
    .map((file) => statSync(file, { throwIfNoEntry: false }))
    .map((stat) => `${stat?.ino} ${stat?.mtimeMs} ${stat?.size}`)
    .join()

/** Reads a kubeconfig again where its file has changed since: what it holds (certificates, tokens) is renewed by others. */
export function refresh(kubeConfig: KubeConfig): void {
  const last = read.get(kubeConfig)
  if (!last || apiOf(last.environment) === 'in-cluster') return
  const stamp = stampOf(last.environment)
  if (stamp === last.stamp) return
  try {
    const fresh = new (kubeConfig.constructor as typeof KubeConfig)()
    load(fresh, last.environment)
    const { clusters, users, contexts, currentContext } = fresh
    Object.assign(kubeConfig, { clusters, users, contexts, currentContext })
    read.set(kubeConfig, { ...last, stamp })
  } catch {
    // Half written: what was read last holds until it can be read.
  }
}

function load(kubeConfig: KubeConfig, environment: Environment): void {
  if (apiOf(environment) === 'in-cluster') kubeConfig.loadFromCluster()
  else {
    const [first, ...others] = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
    kubeConfig.loadFromFile(first!)
    for (const file of others) {
      const more = new (kubeConfig.constructor as typeof KubeConfig)()
      more.loadFromFile(file)
      kubeConfig.mergeConfig(more)
    }
  }
}

const standIn = (...names: string[]): string =>
  `data:text/javascript,export const ${names.map((name) => `${name} = undefined`).join()}`

/**
 * What stands for the parts of the client by which it makes calls itself, of which none is made here: typed calls of every API,
 * which are most of its memory, and a client for fetch.
 */
const noCalls = new Map([
  ['./gen/index.js', standIn('createConfiguration', 'ServerConfiguration')],
  ['undici', standIn('Agent', 'ProxyAgent')],
])

/** The client's class alone. What it needs to make calls is left out while it is loaded. */
async function loadClient(): Promise<typeof KubeConfig> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const url = context.parentURL?.endsWith('/@kubernetes/client-node/dist/config.js') && noCalls.get(specifier)
      return url ? { url, shortCircuit: true } : next(specifier, context)
    },
  })
  try {
    return (await import('@kubernetes/client-node/dist/config.js')).KubeConfig
  } finally {
    hooks.deregister()
  }
}

/** Reads the kubeconfig that `apiOf` finds. The client takes some 40 MB: only who watches a cluster loads it. */
export async function loadKubeConfig(environment: Environment = process.env): Promise<KubeConfig> {
  const kubeConfig = new (await loadClient())()
  const stamp = stampOf(environment)
  try {
    load(kubeConfig, environment)
  } catch (error) {
    const place = environment.KUBECONFIG ? `KUBECONFIG (${environment.KUBECONFIG})` : "the pod's service account"
    throw new Error(`${place} can't be read: ${(error as Error).message}. Name a kubeconfig that is there`)
  }
  read.set(kubeConfig, { environment, stamp })
  return kubeConfig
}
