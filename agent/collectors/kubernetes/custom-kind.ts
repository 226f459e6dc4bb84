import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { findCollection, NoSuchKindError } from '../../reflector/discovery.ts'
import { isNode, type Owner } from '../../reflector/owner.ts'
import { ApiError } from '../../reflector/request.ts'
import { backoff, type Timings } from '../../reflector/timings.ts'
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

/** Whether the API has answered that it has no such kind, or not for us: asking again would not help. */
const isAnswer = (error: unknown): boolean =>
  error instanceof NoSuchKindError || (error instanceof ApiError && error.httpStatus === 403)

/** Kinds of owners that are met while watching; each is watched from then on. */
export class CustomKinds {
  readonly #kubeConfig: KubeConfig
  readonly #log: Log
  readonly #timings: Pick<Timings, 'backoff'>
  readonly #stop: AbortSignal
  readonly #watch: (kind: AnyKind) => void
  /** Kinds of owners that are watched, that are asked for, or that can't be watched. */
  readonly #met = new Set<string>()
  /** Those that can't be, or can't be yet. */
  readonly #unwatched = new Set<string>()
  /** Of those that are watched or asked for: what is not there takes no place. */
  #count = 0

  constructor(
    kubeConfig: KubeConfig,
    log: Log,
    timings: Pick<Timings, 'backoff'>,
    stop: AbortSignal,
    watch: (kind: AnyKind) => void,
  ) {
    this.#kubeConfig = kubeConfig
    this.#log = log
    this.#timings = timings
    this.#stop = stop
    this.#watch = watch
  }

  get unwatched(): number {
    return this.#unwatched.size
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
    if (this.#mayWatch()) void this.#find(owner, name)
    else this.#refuse(name, `${limit} custom kinds are watched, and no more`)
  }

  /** A server that fails is asked again until it answers: else the kind's owners would stay placeholders as long as this process lives. */
  async #find(owner: Pick<Owner, 'apiVersion' | 'kind'>, name: string): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        const { group, plural } = await findCollection(this.#kubeConfig, owner, this.#stop)
        this.#unwatched.delete(name)
        if (!this.#stop.aborted) this.#watch(workloadKind(`${group}/${plural}`, owner.kind))
        return
      } catch (error) {
        if (this.#stop.aborted) return
        if (isAnswer(error)) {
          this.#count--
          return this.#refuse(name, (error as Error).message)
        }
        if (failures === 1) this.#refuse(name, `${(error as Error).message}; it is tried again`)
      }
      const wait = backoff(failures, this.#timings.backoff)
      await sleep(wait, undefined, { signal: this.#stop, ref: false }).catch(() => {})
      if (this.#stop.aborted) return
    }
  }

  #refuse(name: string, why: string): void {
    this.#unwatched.add(name)
    this.#log.warn(`workloads of kind ${name} stay placeholders: ${why}`)
  }

  #mayWatch(): boolean {
    if (this.#count >= limit) return false
    this.#count++
    return true
  }
}
