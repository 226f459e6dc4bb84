import type { K8sContext, OwnerReference } from '../../graph/model/context.ts'
import { digestOf } from '../../graph/model/digest.ts'
import type { RawObject } from '../reflector/list.ts'
import { controllerOf, type Owner } from '../reflector/owner.ts'
import type { ContextNode } from './context-node.ts'
import { type Raw, toldOfContainer, toldOfPod } from './context-pod.ts'
import { type ContainerRole, containerIdOf, containersOf } from './pod-containers.ts'
import { podKeyOf } from './pod-key.ts'
import type { OwnerChain } from './pods-owners.ts'

/** A container of a pod, as far as a context tells it. */
export interface ContextContainer {
  readonly name: string
  readonly role: ContainerRole
  /** Of the present run, and of the one before it. */
  readonly ids: readonly string[]
  readonly told: Readonly<Partial<K8sContext>>
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
/** A copy of the manifest, the values of its environment included: nobody can ask for it. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Keeps of a raw pod what contexts are made of.
 * @param annotationPrefixes of the names of annotations that are kept: people put anything into them, secrets too
 */
export function trimPod(raw: RawObject, annotationPrefixes: readonly string[]): ContextPod {
  const { metadata } = raw as Raw
  const annotations = Object.entries<string>(metadata.annotations ?? {})
    .filter(([name]) => name !== lastApplied && annotationPrefixes.some((prefix) => name.startsWith(prefix)))
    .map(([name, value]) => [name, value.slice(0, annotationLimit)])
  return {
    key: podKeyOf(raw),
    name: metadata.name,
    namespace: metadata.namespace,
    owner: controllerOf(raw),
    labels: metadata.labels ?? {},
    annotations: Object.fromEntries(annotations),
    containers: containersOf(raw).map(({ name, role, lastState, id, raw: { spec, status } }) => {
      const previous = containerIdOf(lastState.terminated?.containerID)
      return {
        name,
        role,
        ids: [id, previous].filter((each) => each !== undefined),
        told: toldOfContainer(spec, status, raw),
      }
    }),
    told: toldOfPod(raw),
  }
}

/** What an event in a container of a pod (or in the pod, where no container is known) means in Kubernetes terms. */
export function contextOf(
  pod: ContextPod,
  { owners, whole }: OwnerChain,
  node: ContextNode | undefined,
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
    ...(whole && workloadOf(owners)),
    ...node?.told,
    containerId,
    ...(container && { containerName: container.name, containerRole: container.role, ...container.told }),
  }
  return JSON.parse(JSON.stringify(context))
}

const workloadOf = (owners: readonly OwnerReference[]) => {
  const top = owners.at(-1)
  return top && { workloadKind: top.kind, workloadName: top.name, workloadUid: top.uid }
}

/** Names a context by its content. */
export const contextKeyOf = (context: K8sContext): string => digestOf(context, 32)
