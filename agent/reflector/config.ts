import type { KubeConfig } from '@kubernetes/client-node'

/** What the environment says of the cluster. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where the API of the cluster is named: KUBECONFIG, or what a pod is given. */
export const apiOf = (environment: Environment = process.env): 'kubeconfig' | 'in-cluster' | null => {
  if (environment.KUBECONFIG) return 'kubeconfig'
  return environment.KUBERNETES_SERVICE_HOST ? 'in-cluster' : null
}

/** Reads the kubeconfig that `apiOf` finds. The client takes some 85 MB: only who watches a cluster loads it. */
export async function loadKubeConfig(): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const kubeConfig = new KubeConfig()
  try {
    if (apiOf() === 'in-cluster') kubeConfig.loadFromCluster()
    else kubeConfig.loadFromDefault()
  } catch (error) {
    const place = process.env.KUBECONFIG ? `KUBECONFIG (${process.env.KUBECONFIG})` : "the pod's service account"
    throw new Error(`${place} can't be read: ${(error as Error).message}. Name a kubeconfig that is there`)
  }
  return kubeConfig
}
