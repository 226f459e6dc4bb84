import { isDeepStrictEqual } from 'node:util'
import type { KubeConfig } from '@kubernetes/client-node'
import type { K8sContext } from '../../graph/model/context.ts'
import type { Batch, Status } from '../reflector/handler.ts'
import { Reflector } from '../reflector/reflector.ts'
import { defaultTimings, type Timings } from '../reflector/timings.ts'
import { type ContextPod, contextKeyOf, contextOf, trimPod } from './context.ts'
import { type ContextNode, trimNode } from './context-node.ts'
import { type OwnerChain, Owners } from './pods-owners.ts'

/** Whose a container is, in Kubernetes terms. */
export interface Attributed {
  readonly podName: string
  readonly namespace: string
  readonly containerName?: string
  /** Name of the top owner; absent while the chain is not whole. */
  readonly workloadName?: string
  readonly contextKey: string
  readonly context: K8sContext
}

export interface NodePodsOptions {
  readonly kubeConfig: KubeConfig
  /** Node whose pods are watched; without it those of all nodes that run on this boot of this machine are. */
  readonly nodeName?: string
  readonly bootId: string
  /** Annotations whose names begin so are put into contexts; without it none are. */
  readonly annotationPrefixes?: readonly string[]
  readonly log: { warn(message: string): void }
  readonly timings?: Partial<Timings>
}

/** Kernel events of a pod come after its deletion, by the delay of ring and queue. ms */
const keptAfterDeletion = 60_000

/** The pods of this machine's node, watched for attribution alone: the cluster-wide collector is who sends them. */
export class NodePods {
  readonly #options: NodePodsOptions
  readonly #owners: Owners
  readonly #stop = new AbortController()
  readonly #nodes: Reflector<ContextNode>
  /** Those of this machine, by name. */
  readonly #own = new Map<string, ContextNode>()
  readonly #pods = new Map<string, Reflector<ContextPod>>()
  readonly #byKey = new Map<string, ContextPod>()
  readonly #deleted: { pod: ContextPod; at: number }[] = []
  #contexts = new WeakMap<ContextPod, Map<string, Attributed>>()

  constructor(options: NodePodsOptions) {
    this.#options = options
    const { kubeConfig, log, timings } = options
    const { refused } = { ...defaultTimings, ...timings }
    this.#owners = new Owners({ kubeConfig, stop: this.#stop.signal, log, refused })
    this.#nodes = this.#watchNodes()
  }

  /** Pods that are known, those deleted a moment ago included. */
  get size(): number {
    return this.#byKey.size
  }

  /** How often the API said that an owner may not be read. */
  get refused(): number {
    return this.#owners.refused
  }

  start(): void {
    this.#nodes.start()
    if (this.#options.nodeName !== undefined) this.#watchPods(this.#options.nodeName)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all([this.#nodes, ...this.#pods.values()].map((reflector) => reflector.stop()))
  }

  /**
   * What the API knows of a container; undefined where it does not know the pod (yet).
   * @param podKey UID as the cgroup's path has it: see `podKeyOf`
   * @param containerName from the runtime, for a container that the status does not show yet
   */
  find(podKey: string, containerId?: string, containerName?: string): Attributed | undefined {
    const pod = this.#byKey.get(podKey)
    if (!pod) return undefined
    const chain = this.#owners.chain(pod.owner, pod.namespace)
    const key = `${chain.owners.length} ${chain.whole} ${containerId} ${containerName}`
    const made = this.#contexts.get(pod) ?? new Map<string, Attributed>()
    this.#contexts.set(pod, made)
    const found = made.get(key) ?? this.#attribute(pod, chain, containerId, containerName)
    made.set(key, found)
    return found
  }

  #attribute(pod: ContextPod, chain: OwnerChain, id?: string, name?: string): Attributed {
    const container =
      pod.containers.find(({ ids }) => id !== undefined && ids.includes(id)) ??
      pod.containers.find((each) => each.name === name)
    const context = contextOf(pod, chain, this.#own.get(pod.told.nodeName ?? ''), container, id)
    const { workloadName } = context
    return {
      podName: pod.name,
      namespace: pod.namespace,
      ...(container && { containerName: container.name }),
      ...(workloadName !== undefined && { workloadName }),
      contextKey: contextKeyOf(context),
      context,
    }
  }

  /** The own node, or all of them where it is to be found by its boot id. */
  #watchNodes(): Reflector<ContextNode> {
    const { kubeConfig, bootId, nodeName, timings } = this.#options
    const isOwn = (node: ContextNode): boolean =>
      nodeName === undefined ? node.bootId === bootId : node.name === nodeName
    const onBatch = ({ changes }: Batch<ContextNode>): void => {
      for (const { object } of changes.filter(({ type, object }) => type === 'present' && isOwn(object))) {
        this.#takeNode(object)
        this.#watchPods(object.name)
      }
    }
    return new Reflector<ContextNode>({
      kubeConfig,
      path: '/api/v1/nodes',
      ...(nodeName !== undefined && { query: { fieldSelector: `metadata.name=${nodeName}` } }),
      trim: (raw) => {
        const node = trimNode(raw)
        return isOwn(node) ? node : { ...node, told: {} }
      },
      handler: { onBatch, ...this.#told('nodes') },
      ...(timings && { timings }),
    })
  }

  /** A heartbeat changes nothing that contexts tell. */
  #takeNode(node: ContextNode): void {
    const known = this.#own.get(node.name)
    if (known && isDeepStrictEqual(known.told, node.told)) return
    this.#own.set(node.name, node)
    this.#contexts = new WeakMap()
  }

  #watchPods(nodeName: string): void {
    if (this.#pods.has(nodeName) || this.#stop.signal.aborted) return
    const { kubeConfig, timings, annotationPrefixes = [] } = this.#options
    const reflector = new Reflector<ContextPod>({
      kubeConfig,
      path: '/api/v1/pods',
      query: { fieldSelector: `spec.nodeName=${nodeName}` },
      trim: (raw) => trimPod(raw, annotationPrefixes),
      handler: { onBatch: (batch) => this.#take(batch), ...this.#told(`pods of node ${nodeName}`) },
      ...(timings && { timings }),
    })
    this.#pods.set(nodeName, reflector)
    reflector.start()
  }

  #told(what: string) {
    const { log } = this.#options
    return {
      onStatus: (status: Status) => {
        if (status.state !== 'watching') log.warn(`attribution: ${what}: ${status.error.message}`)
      },
      onError: (error: Error) => log.warn(`attribution: ${what}: ${error.message}`),
    }
  }

  #take({ changes }: Batch<ContextPod>): void {
    for (const { type, object } of changes) {
      if (type === 'deleted') this.#deleted.push({ pod: object, at: performance.now() })
      this.#byKey.set(object.key, object)
      // Asked for now, so that the chain is there when an event comes.
      this.#owners.chain(object.owner, object.namespace)
    }
    this.#forget()
  }

  #forget(): void {
    const { length } = this.#deleted
    while (this.#deleted[0] && this.#deleted[0].at < performance.now() - keptAfterDeletion) {
      const { pod } = this.#deleted.shift()!
      // The mirror of a static pod that was made anew has the same key.
      if (this.#byKey.get(pod.key) === pod) this.#byKey.delete(pod.key)
    }
    // Those of pods that are there stay, however quiet they are: an event of one would go out without its workload.
    if (this.#deleted.length < length) this.#owners.keepOnly([...this.#byKey.values()].map(({ owner }) => owner))
  }
}
