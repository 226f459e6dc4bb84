import type { KubeConfig } from '@kubernetes/client-node'
import { findCollection } from '../../reflector/discovery.ts'
import { isNode, type Owner } from '../../reflector/owner.ts'
import type { Log } from '../collector.ts'
import type { AnyKind } from './kind.ts'
import { workloadKind } from './kinds/workload.ts'

/** A cluster has a handful of kinds that own pods; each costs a watch. */
const limit = 20

/** `apps/v1 Deployment`: what tells kinds of owners apart. */
const ownerKindOf = ({ apiVersion, kind }: Pick<Owner, 'apiVersion' | 'kind'>): string => `${apiVersion} ${kind}`

/** What the owners of a watched kind are called so; undefined for what owns nothing. */
const ownersOf = ({ path, workloadKind: kind }: AnyKind): string | undefined =>
  kind === undefined ? undefined : ownerKindOf({ apiVersion: path.split('/').slice(2, -1).join('/'), kind })

/** The kind of a custom owner as something to watch. Throws where the API does not tell its path. */
async function findCustomKind(
  kubeConfig: KubeConfig,
  owner: Pick<Owner, 'apiVersion' | 'kind'>,
  stop: AbortSignal,
): Promise<AnyKind> {
  const { group, plural } = await findCollection(kubeConfig, owner, stop)
  return workloadKind(`${group}/${plural}`, owner.kind)
}

/** Kinds of owners that are met while watching; each is watched from then on. */
export class CustomKinds {
  readonly #kubeConfig: KubeConfig
  readonly #log: Log
  readonly #stop: AbortSignal
  readonly #watch: (kind: AnyKind) => void
  /** Kinds of owners that are watched, or that can't be. */
  readonly #met = new Set<string>()
  #count = 0
  /** Those that can't be. */
  unwatched = 0

  constructor(kubeConfig: KubeConfig, log: Log, stop: AbortSignal, watch: (kind: AnyKind) => void) {
    this.#kubeConfig = kubeConfig
    this.#log = log
    this.#stop = stop
    this.#watch = watch
  }

  /** This kind is watched. */
  watched(kind: AnyKind): void {
    const owners = ownersOf(kind)
    if (owners !== undefined) this.#met.add(owners)
  }

  /** An owner of an earlier run: of a kind whose owners are all gone none would ever be met, and its last objects would be there for ever. */
  remembered(path: string, kind: string): void {
    if (this.#mayWatch()) this.#watch(workloadKind(path, kind))
  }

  meet(owner: Pick<Owner, 'apiVersion' | 'kind'>): void {
    const name = ownerKindOf(owner)
    if (isNode(owner) || this.#met.has(name)) return
    this.#met.add(name)
    const refuse = (why: string) => {
      this.unwatched++
      this.#log.warn(`workloads of kind ${name} stay placeholders: ${why}`)
    }
    if (!this.#mayWatch()) {
      refuse(`${limit} custom kinds are watched, and no more`)
      return
    }
    findCustomKind(this.#kubeConfig, owner, this.#stop).then(
      (kind) => this.#stop.aborted || this.#watch(kind),
      (error) => refuse(error.message),
    )
  }

  #mayWatch(): boolean {
    return this.#count++ < limit
  }
}
