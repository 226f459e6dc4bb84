import type { K8sContext, OwnerReference } from '../../graph/model/context.ts'
import { digestOf } from '../../graph/model/digest.ts'
import { fromRfc3339 } from '../../graph/model/time.ts'
import type { RawObject } from '../reflector/list.ts'
import { controllerOf, type Owner } from '../reflector/owner.ts'
import { type ContainerRole, containerIdOf, containersOf } from './pod-containers.ts'
import { podKeyOf } from './pod-key.ts'

/** A container of a pod, as far as a context tells it. */
export interface ContextContainer {
  readonly name: string
  readonly role: ContainerRole
  readonly image: string
  readonly imageId: string | undefined
  /** Of the present run, and of the one before it. */
  readonly ids: readonly string[]
  readonly restartCount: number
  readonly memoryLimit: number | undefined
  readonly memoryRequest: number | undefined
  readonly cpuLimit: number | undefined
  readonly cpuRequest: number | undefined
}

/** What is kept of a pod for attribution. */
export interface ContextPod {
  /** See `podKeyOf`. */
  readonly key: string
  readonly name: string
  readonly namespace: string
  readonly owner: Owner | undefined
  readonly containers: readonly ContextContainer[]
  readonly told: Readonly<Partial<K8sContext>>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const annotationLimit = 1024

// biome-ignore lint/suspicious/noExplicitAny: JSON of the API, read here with a fallback for each field.
type Raw = any

/**
 * Keeps of a raw pod what contexts are made of.
 * @param annotationPrefixes of the names of annotations that are kept: people put anything into them, secrets too
 */
export function trimPod(raw: RawObject, annotationPrefixes: readonly string[]): ContextPod {
  const { metadata, spec = {}, status = {} } = raw as Raw
  const annotations = Object.entries<string>(metadata.annotations ?? {})
    .filter(([name]) => annotationPrefixes.some((prefix) => name.startsWith(prefix)))
    .map(([name, value]) => [name, value.slice(0, annotationLimit)])
  return {
    key: podKeyOf(raw),
    name: metadata.name,
    namespace: metadata.namespace,
    owner: controllerOf(raw),
    labels: metadata.labels ?? {},
    annotations: Object.fromEntries(annotations),
    containers: containersOf(raw).map(({ state, lastState, id, ...container }) => {
      const previous = containerIdOf(lastState.terminated?.containerID)
      return { ...container, ids: [id, previous].filter((each) => each !== undefined) }
    }),
    told: {
      podIp: status.podIP,
      hostNetwork: spec.hostNetwork,
      phase: status.phase,
      qosClass: status.qosClass,
      serviceAccountName: spec.serviceAccountName,
      nodeName: spec.nodeName,
      priorityClassName: spec.priorityClassName,
      createdAt: fromRfc3339(metadata.creationTimestamp ?? '') ?? undefined,
    },
  }
}

/** What an event in a container of a pod (or in the pod, where no container is known) means in Kubernetes terms. */
export function contextOf(
  pod: ContextPod,
  owners: readonly OwnerReference[],
  container: ContextContainer | undefined,
  containerId: string | undefined,
): K8sContext {
  const context = {
    namespace: pod.namespace,
    podName: pod.name,
    podUid: pod.key,
    ...pod.told,
    labels: pod.labels,
    annotations: pod.annotations,
    owners,
    containerId,
    ...(container && {
      containerName: container.name,
      containerRole: container.role,
      image: container.image,
      imageId: container.imageId,
      restartCount: container.restartCount,
      memoryLimit: container.memoryLimit,
      memoryRequest: container.memoryRequest,
      cpuLimit: container.cpuLimit,
      cpuRequest: container.cpuRequest,
    }),
  }
  return JSON.parse(JSON.stringify(context))
}

/** Names a context by its content. */
export const contextKeyOf = (context: K8sContext): string => digestOf(context, 32)
