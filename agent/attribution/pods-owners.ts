import type { KubeConfig } from '@kubernetes/client-node'
import type { OwnerReference } from '../../graph/model/context.ts'
import { findCollection } from '../reflector/discovery.ts'
import type { RawObject } from '../reflector/list.ts'
import { controllerOf, isNode, type Owner } from '../reflector/owner.ts'
import { ApiError, getJson } from '../reflector/request.ts'

export interface OwnerChain {
  /** From the direct owner up. */
  readonly owners: readonly OwnerReference[]
  /** The last one is the top. */
  readonly whole: boolean
}

interface Known {
  /** The owner above it; null at the top, undefined while it is not known. */
  above: Owner | null | undefined
  askedAt: number
}

const knownLimit = 2_000
/** What could not be read is asked again no sooner, ms. */
const askAgain = 30_000

/** Owner chains, read from the API one owner at a time and kept: an owner does not change its owner. */
export class Owners {
  readonly #kubeConfig: KubeConfig
  readonly #stop: AbortSignal
  readonly #known = new Map<string, Known>()
  readonly #collections = new Map<string, ReturnType<typeof findCollection>>()

  constructor(kubeConfig: KubeConfig, stop: AbortSignal) {
    this.#kubeConfig = kubeConfig
    this.#stop = stop
  }

  /** From the direct owner up, as far as it is known now; asks for the rest. A Node is left out. */
  chain(owner: Owner | undefined, namespace: string): OwnerChain {
    const owners: OwnerReference[] = []
    let whole = true
    for (let next = owner; next && !isNode(next) && !owners.some(({ uid }) => uid === next?.uid); ) {
      owners.push({ kind: next.kind, name: next.name, uid: next.uid })
      const known = this.#known.get(next.uid)
      whole = known?.above !== undefined
      if (!whole) this.#ask(next, namespace, known)
      next = known?.above ?? undefined
    }
    return { owners, whole }
  }

  #ask(owner: Owner, namespace: string, known: Known | undefined): void {
    if (known && performance.now() - known.askedAt < askAgain) return
    const asked: Known = { above: undefined, askedAt: performance.now() }
    this.#known.set(owner.uid, asked)
    if (this.#known.size > knownLimit) this.#known.delete(this.#known.keys().next().value!)
    this.#read(owner, namespace).then(
      (raw) => {
        const above = controllerOf(raw) ?? null
        asked.above = above
        if (above) this.chain(above, namespace)
      },
      (error) => {
        // Not for us to read, or not there: nothing more will be known of it. Else it is asked for again.
        if (error instanceof ApiError && [403, 404].includes(error.httpStatus)) asked.above = null
      },
    )
  }

  async #read({ apiVersion, kind, name }: Owner, namespace: string): Promise<RawObject> {
    const key = `${apiVersion} ${kind}`
    const collection = this.#collections.get(key) ?? findCollection(this.#kubeConfig, { apiVersion, kind }, this.#stop)
    this.#collections.set(key, collection)
    collection.catch(() => this.#collections.delete(key))
    const { group, plural, namespaced } = await collection
    const place = namespaced ? `${group}/namespaces/${namespace}` : group
    return getJson(this.#kubeConfig, `${place}/${plural}/${encodeURIComponent(name)}`, this.#stop)
  }
}
