import type { KubeConfig } from '@kubernetes/client-node'
import type { OwnerReference } from '../../graph/model/context.ts'
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import { findCollection, NoSuchKindError } from '../reflector/discovery.ts'
import type { RawObject } from '../reflector/list.ts'
import { controllerOf, isNode, type Owner } from '../reflector/owner.ts'
import { ApiError, getJson } from '../reflector/request.ts'

export interface OwnerChain {
  /** From the direct owner up. */
  readonly owners: readonly OwnerReference[]
  /** The last one is the top. */
  readonly whole: boolean
}

export interface OwnersOptions {
  readonly kubeConfig: KubeConfig
  readonly stop: AbortSignal
  readonly log: { warn(message: string): void }
  /** What is refused, or not there, is asked for again no sooner, ms. */
  readonly refused: number
}

interface Known {
  /** The owner above it; null at the top, undefined while it is not known. */
  above: Owner | null | undefined
  /** Monotonic ms: it is not asked for sooner. */
  askAt: number
}

/** Places of refusals that are kept: one that is forgotten is asked for once more. */
const refusalLimit = 2_000
/** What could not be read is asked again no sooner, ms. */
const askAgain = 30_000

const kinds = new Set(OBJECTS.Workload.alsoLabelled)
/** A kind that Kubernetes has itself: of any other kind the one that may not be read counts as the top, as it does in the graph. */
const isOfKubernetes = ({ apiVersion, kind }: Owner): boolean => /^(apps|batch)\//.test(apiVersion) && kinds.has(kind)

/** `apps/v1 ReplicaSet` */
const kindOf = ({ apiVersion, kind }: Owner): string => `${apiVersion} ${kind}`

/** Owner chains, read from the API one owner at a time and kept: an owner does not change its owner. */
export class Owners {
  readonly #options: OwnersOptions
  readonly #known = new Map<string, Known>()
  readonly #collections = new Map<string, ReturnType<typeof findCollection>>()
  /** Monotonic ms before which no owner of a kind is asked for in a namespace where one was refused, or the kind is not known. */
  readonly #refusals = new Map<string, number>()
  readonly #told = new Set<string>()
  /** How often an owner was asked for, and the API said that we may not read it. */
  refused = 0

  constructor(options: OwnersOptions) {
    this.#options = options
  }

  /** From the direct owner up, as far as it is known now; asks for the rest. A Node is left out. */
  chain(owner: Owner | undefined, namespace: string): OwnerChain {
    const owners: OwnerReference[] = []
    let whole = true
    for (let next = owner; next && !isNode(next) && !owners.some(({ uid }) => uid === next?.uid); ) {
      owners.push({ kind: next.kind, name: next.name, uid: next.uid })
      const { above } = this.#ask(next, namespace)
      whole = above !== undefined
      next = above ?? undefined
    }
    return { owners, whole }
  }

  /** Keeps these and what is above them, and nothing of all others. */
  keepOnly(owners: Iterable<Owner | undefined>): void {
    const kept = new Set<string>()
    for (const owner of owners)
      for (let next = owner; next && !kept.has(next.uid); next = this.#known.get(next.uid)?.above ?? undefined)
        kept.add(next.uid)
    for (const uid of this.#known.keys()) if (!kept.has(uid)) this.#known.delete(uid)
  }

  /** What is known of it now; what is not is on its way then. */
  #ask(owner: Owner, namespace: string): Known {
    const now = performance.now()
    const known: Known = this.#known.get(owner.uid) ?? { above: undefined, askAt: now }
    if (now < known.askAt) return known
    const place = `${kindOf(owner)} ${namespace}`
    this.#known.set(owner.uid, known)
    known.askAt = now + askAgain
    const refusal = this.#refusals.get(place)
    if (refusal !== undefined && now < refusal) {
      known.askAt = refusal
      return this.#unread(owner, known)
    }
    // One asks again for all of its kind.
    if (refusal !== undefined) this.#refusals.set(place, known.askAt)
    const { refused } = this.#options
    this.#read(owner, namespace).then(
      (raw) => {
        this.#refusals.delete(place)
        // Another of its name: the one that is meant is gone, and who owned it will not be known.
        if (raw.metadata.uid !== owner.uid) {
          known.askAt = performance.now() + refused
          return
        }
        known.askAt = Number.POSITIVE_INFINITY
        known.above = controllerOf(raw) ?? null
        if (known.above) this.chain(known.above, namespace)
      },
      (error) => {
        const isRefused = error instanceof ApiError && error.httpStatus === 403
        const isUnknown = error instanceof NoSuchKindError
        const isGone = error instanceof ApiError && error.httpStatus === 404
        if (!isRefused && !isUnknown && !isGone) return
        known.askAt = performance.now() + refused
        if (isGone) {
          // A path that the API server has no more says no reason: what is kept of it holds no longer.
          if (error.reason !== 'NotFound') this.#collections.delete(kindOf(owner))
          return
        }
        if (isRefused) this.refused++
        this.#refuse(place, known.askAt)
        this.#unread(owner, known)
        this.#tell(owner, error.message, isRefused ? 'the role allows to get it' : 'the API server has it')
      },
    )
    return known
  }

  #refuse(place: string, until: number): void {
    this.#refusals.set(place, until)
    if (this.#refusals.size > refusalLimit) this.#refusals.delete(this.#refusals.keys().next().value!)
  }

  #unread(owner: Owner, known: Known): Known {
    if (!isOfKubernetes(owner)) known.above = null
    return known
  }

  /** Once for each kind. */
  #tell(owner: Owner, why: string, until: string): void {
    const kind = kindOf(owner)
    if (this.#told.has(kind)) return
    this.#told.add(kind)
    const cost = isOfKubernetes(owner) ? 'workloads of pods that it owns stay unknown' : 'it counts as the top owner'
    this.#options.log.warn(`attribution: ${kind}: ${why}; ${cost} until ${until}`)
  }

  async #read(owner: Owner, namespace: string): Promise<RawObject> {
    const { kubeConfig, stop } = this.#options
    const key = kindOf(owner)
    const collection = this.#collections.get(key) ?? findCollection(kubeConfig, owner, stop)
    this.#collections.set(key, collection)
    collection.catch(() => this.#collections.delete(key))
    const { group, plural, namespaced } = await collection
    const place = namespaced ? `${group}/namespaces/${namespace}` : group
    return getJson(kubeConfig, `${place}/${plural}/${encodeURIComponent(owner.name)}`, stop)
  }
}
