/** What the container runtime on this machine knows of a container: whether it is a sandbox, and its names. */
import { readFileSync, readlinkSync } from 'node:fs'

/** From the host alone, without the API. */
export interface RuntimeFacts {
  /** It only holds a pod's namespaces. */
  readonly sandbox: boolean
  readonly containerName?: string
  readonly podName?: string
  readonly namespace?: string
}

/** Of a process that works in a container's bundle, removed or not. What works below one is no runtime: runc's child in `rootfs`. */
const BUNDLE = /\/([0-9a-f]{64})(?:\/userdata)?(?: \(deleted\))?$/

/** Annotations of the OCI spec, of containerd and of CRI-O (pkg/cri/annotations, pkg/annotations). */
const read = (path: string): RuntimeFacts | null => {
  const { annotations = {} } = JSON.parse(readFileSync(path, 'utf8')) as { annotations?: Record<string, string> }
  const type = annotations['io.kubernetes.cri.container-type'] ?? annotations['io.kubernetes.cri-o.ContainerType']
  if (type === undefined) return null
  const containerName = annotations['io.kubernetes.cri.container-name'] ?? annotations['io.kubernetes.container.name']
  const podName = annotations['io.kubernetes.cri.sandbox-name'] ?? annotations['io.kubernetes.pod.name']
  const namespace = annotations['io.kubernetes.cri.sandbox-namespace'] ?? annotations['io.kubernetes.pod.namespace']
  return {
    sandbox: type === 'sandbox',
    ...(containerName !== undefined && type !== 'sandbox' && { containerName }),
    ...(podName !== undefined && { podName }),
    ...(namespace !== undefined && { namespace }),
  }
}

/**
 * Asks the process that started a container: a containerd shim works in the bundle of its pod's sandbox, beside which
 * the containers' bundles are, and CRI-O's conmon in the container's own. Through /proc, as the runtime may have a mount
 * namespace of its own.
 * @param parent pid of the parent of the container's first process
 * @param command name of that first process, the last resort
 */
export const readRuntimeFacts = (containerId: string, parent: number, command: string): RuntimeFacts => {
  const folder = `/proc/${parent}/cwd`
  let bundle = ''
  try {
    bundle = readlinkSync(folder)
    const ofPod = BUNDLE.exec(bundle)?.[1]
    if (ofPod !== undefined) {
      const facts = read(ofPod === containerId ? `${folder}/config.json` : `${folder}/../${containerId}/config.json`)
      if (facts !== null) return facts
    }
  } catch {
    // The runtime is gone, or has removed the bundle of a container that lived for a moment: what is left tells.
  }
  const sandboxId = BUNDLE.exec(bundle)?.[1]
  // The namespace of containers that Kubernetes starts there. Docker, below cri-dockerd, has its own: a shim for each container.
  if (bundle.includes('/k8s.io/') && sandboxId !== undefined) return { sandbox: sandboxId === containerId }
  return { sandbox: command === 'pause' }
}
