/** What a cgroup's path says: the container and pod that it belongs to, by the forms of all runtimes and drivers. */

/** Whose a cgroup is. A container outside of Kubernetes has no `podUid`; the cgroup above a pod's containers no container. */
export interface CgroupPlace {
  readonly containerId?: string
  /** metadata.uid; for a static pod its config hash, 32 hex digits. */
  readonly podUid?: string
  /** Below the cgroup of a pod's container: one that it made for its processes, or that of a container which it runs itself. */
  readonly inner?: 'cgroup' | 'container'
}

// cri-containerd-<id>.scope, crio-<id>.scope, docker-<id>.scope, libpod-<id>.scope (systemd driver), <id>, crio-<id>
// (cgroupfs driver), and `...slice:cri-containerd:<id>`, which a runtime of one driver makes of the other's path
const CONTAINER = /(?:^|[:*-])([0-9a-f]{64})(?:\.scope)?$/
// what watches a container is not in it
const MONITOR = /(?:^|[:-])(?:crio|libpod)-conmon-/
// kubepods-burstable-pod<uid with _>.slice, pod<uid>; a static pod's uid is its config's hash
const POD = /pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])/

/** Where CRI-O puts a container's processes, below the container's cgroup. */
const OWN_CHILD = 'container'

const containerOf = (component: string): string | undefined =>
  MONITOR.test(component) ? undefined : CONTAINER.exec(component)?.[1]

/**
 * Reads a path within its hierarchy. The innermost pod counts (a cluster may run inside a container), and of the
 * containers in it the outermost (a pod may run containers of its own, which Kubernetes doesn't know).
 */
export const parseCgroupPath = (path: string): CgroupPlace => {
  const components = path.split('/')
  const pod = components.findLastIndex((component) => POD.test(component))
  if (pod === -1) {
    const containerId = components.map(containerOf).findLast((id) => id !== undefined)
    return containerId === undefined ? {} : { containerId }
  }
  const podUid = POD.exec(components[pod]!)![1]!.replaceAll('_', '-')
  const own = components.findIndex((component, index) => index >= pod && containerOf(component) !== undefined)
  if (own === -1) return { podUid }
  const containerId = containerOf(components[own]!)!
  const below = components.slice(components[own + 1] === OWN_CHILD ? own + 2 : own + 1)
  if (below.length === 0) return { containerId, podUid }
  return {
    containerId,
    podUid,
    inner: below.some((component) => containerOf(component) !== undefined) ? 'container' : 'cgroup',
  }
}

/**
 * Whether the first process of a cgroup, which is what the kernel's word is about, may be that of its container. In the cgroups that
 * a container made for itself it is a service or another container; but number 1 may have moved into one, as systemd does.
 */
export const mayBeFirst = (place: CgroupPlace | undefined, nsPid: number): boolean =>
  place?.inner === undefined || (place.inner === 'cgroup' && nsPid === 1)

/**
 * Whose the limit is that stops a pod's cgroup; undefined for a cgroup of no pod. Above the pod all is the node's: the
 * cgroup of all pods, which the kubelet limits to what it gives them, and a node that is itself a container or in a pod.
 */
export const ownerOfLimit = (cgroup: CgroupPlace, limited: CgroupPlace): 'container' | 'pod' | 'node' | undefined => {
  if (cgroup.podUid === undefined) return undefined
  if (limited.podUid !== cgroup.podUid) return 'node'
  return limited.containerId === undefined ? 'pod' : 'container'
}
