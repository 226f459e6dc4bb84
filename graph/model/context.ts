/** What a workload's event means in Kubernetes terms. Built once, in agent/attribution; stored by digest as (:Context). */

export interface OwnerReference {
  readonly kind: string
  readonly name: string
  readonly uid: string
}

export interface K8sContext {
  readonly namespace: string
  readonly podName: string
  readonly podUid: string
  readonly podIp?: string
  readonly hostNetwork?: boolean
  readonly phase?: string
  readonly qosClass?: string
  readonly serviceAccountName?: string
  readonly nodeName?: string
  readonly priorityClassName?: string
  readonly createdAt?: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** From the pod's direct owner up to the top. */
  readonly owners: readonly OwnerReference[]
  readonly containerName?: string
  readonly containerId?: string
  readonly containerRole?: 'main' | 'init' | 'sidecar' | 'ephemeral'
  readonly image?: string
  readonly imageId?: string
  readonly restartCount?: number
  /** Bytes and millicores as Kubernetes computes them; absent where not set. */
  readonly memoryLimit?: number
  readonly memoryRequest?: number
  readonly cpuLimit?: number
  readonly cpuRequest?: number
}
