/** Where the collector finds its cluster: the only reader of the environment here. */
export const apiOf = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): 'kubeconfig' | 'in-cluster' | null => {
  if (environment.KUBECONFIG) return 'kubeconfig'
  return environment.KUBERNETES_SERVICE_HOST ? 'in-cluster' : null
}
