import type { RawObject } from '../reflector/list.ts'
import { controllerOf, isNode } from '../reflector/owner.ts'

/**
 * Key of a pod: the UID by which its kubelet knows it, so that the API, the cgroup, the runtime and the kubelet's Events name one
 * pod, whoever comes first. For a static pod it is the hash of its manifest and node (or what the manifest itself says), which the
 * annotation config.mirror of its mirror tells; the mirror's own UID is known to the API alone, and another each time that the mirror is made. Else metadata.uid.
 */
export function podKeyOf(pod: RawObject): string {
  const { uid, annotations } = pod.metadata
  const mirrored = (annotations as Record<string, string> | undefined)?.['kubernetes.io/config.mirror']
  const owner = controllerOf(pod)
  return mirrored !== undefined && /^[0-9a-f]{32}$|^[0-9a-f-]{36}$/.test(mirrored) && owner && isNode(owner)
    ? mirrored
    : uid
}
