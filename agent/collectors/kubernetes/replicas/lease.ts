import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { fromRfc3339, MILLISECOND, now, SECOND, toRfc3339 } from '../../../../graph/model/time.ts'
import { ApiError, askJson } from '../../../reflector/request.ts'
import type { Log } from '../../collector.ts'
import type { LeasePlace } from '../config.ts'
import type { Passed } from '../known.ts'
import { note, noted } from '../noted.ts'
import { refusalRemedy } from './lease-rights.ts'

/** `coordination.k8s.io/v1` Lease, as far as it is read here. */
interface LeaseObject {
  metadata: { resourceVersion?: string; annotations?: Record<string, string>; [member: string]: unknown }
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    leaseTransitions?: number
    renewTime?: string
  }
}

/** Versions up to which something is known, by the path of the collection. */
export type Positions = Readonly<Record<string, string>>

/** What a leader says to those who will follow it. */
export interface Word {
  /** All of each kind up to here is in the queue. */
  readonly passed: Positions
  /** µs: it has missed nothing since. */
  readonly since: number
}

/** All in ms. Another may lead `duration` after it saw the last renewal: a leader gives up well before. */
export interface LeaseTimings {
  duration: number
  /** A leader whose last renewal was asked for longer ago than this leads no more. */
  giveUp: number
  retry: number
  /** After the API has refused it, which does not heal by itself. */
  refused: number
  /** For one request. */
  answer: number
}

export const leaseTimings: LeaseTimings = {
  ...{ duration: 10_000, giveUp: 7_000, retry: 2_000, refused: 10_000, answer: 3_000 },
}

export interface LeaseOptions extends LeasePlace {
  readonly kubeConfig: KubeConfig
  /** Of this replica, the same after a restart. */
  readonly identity: string
  readonly log: Log
  /** Whether this replica could send: one that can't leaves the Lease to others. */
  isFit(): boolean
  /** Called after each renewal. */
  onHeld(): void
  /** What another that leads has said; called as often as the Lease is read. */
  onWord(word: Word): void
  readonly timings?: LeaseTimings
}

const annotation = 'aitia.dev/passed-on'
/** Clocks of the machines that run replicas differ by less. */
export const skew = 60 * SECOND

/**
 * The Lease that one of several replicas holds. Whether another's has run out is told by how long it was seen unchanged on the
 * monotonic clock: who leads is decided without wall clocks. Two may lead for a moment (a process that was stopped in the middle of a
 * call); what they send bears that.
 */
export class Lease {
  readonly #options: LeaseOptions
  readonly #timings: LeaseTimings
  readonly #path: string
  readonly #stop = new AbortController()
  /** What the last leader left, if that was this replica: its word holds for what is on disk here. */
  continues = false
  /** What others that led before this replica may have told: no later by their clocks, and of no higher version. */
  toldBefore: Passed | undefined
  /** To be said with the next renewal. */
  word: Word | undefined
  #heard: Word | undefined
  /** Monotonic ms up to which this replica leads. */
  #until = Number.NEGATIVE_INFINITY
  #mine: LeaseObject | undefined
  #seen: { version: string | undefined; at: number } | undefined
  #told = ''
  #isRefused = false
  #running: Promise<void> | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#timings = options.timings ?? leaseTimings
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`
  }

  get leads(): boolean {
    return performance.now() < this.#until
  }

  /** What the one who leads has said last; undefined where this replica leads. */
  get heard(): Word | undefined {
    return this.#heard
  }

  /** Resolves after the first answer of the API: then it is known who leads, and `continues`. */
  async start(): Promise<void> {
    this.continues = await this.#first()
    this.#running = this.#run()
  }

  /** Gives the Lease back, so that another can take it at once. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    const mine = this.#mine
    const led = this.leads
    this.#until = Number.NEGATIVE_INFINITY
    if (!mine || !led) return
    await this.#write(mine, '', new AbortController().signal).catch((error: Error) =>
      this.#options.log.warn(`the Lease was not given back: ${error.message}`),
    )
  }

  async #first(): Promise<boolean> {
    for (;;) {
      try {
        const lease = await this.#read()
        const continues =
          lease?.spec?.holderIdentity === this.#options.identity && wordOf(lease.metadata.annotations) !== undefined
        await this.#take(lease)
        return continues
      } catch (error) {
        // Whether another has led since is not known then.
        if (this.#refused(error)) return false
        if (!isConflict(error)) throw error
      }
    }
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(this.#pause(), undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})
      if (this.#stop.signal.aborted) return
      const error = await this.#step()
      if (error && !this.#stop.signal.aborted) this.#tell(`the Lease: ${error.message}`)
    }
  }

  async #step(): Promise<Error | undefined> {
    try {
      if (!this.#options.isFit()) await this.#standBack()
      else if (this.#mine && this.leads) await this.#renew(this.#mine)
      else await this.#take(await this.#read())
      this.#isRefused = false
      return undefined
    } catch (error) {
      this.#mine = undefined
      if (this.#refused(error) || isConflict(error)) return undefined
      return error as Error
    }
  }

  /** Until the next try: sooner where another's Lease runs out sooner. */
  #pause(): number {
    const { retry, refused } = this.#timings
    if (this.leads) return retry
    if (this.#isRefused) return refused
    if (!this.#seen) return retry
    return Math.max(50, Math.min(retry, this.#seen.at + this.#timings.duration - performance.now()))
  }

  /** Takes what is free or was its own; else sees who has it. */
  async #take(lease: LeaseObject | undefined): Promise<void> {
    const { identity, onWord } = this.#options
    const { holderIdentity, leaseDurationSeconds = 0 } = lease?.spec ?? {}
    const version = lease?.metadata.resourceVersion
    if (this.#seen?.version !== version || !this.#seen) this.#seen = { version, at: performance.now() }
    const word = wordOf(lease?.metadata.annotations)
    if (holderIdentity !== identity) {
      this.#heard = word
      if (word) onWord(word)
      const runsOut = this.#seen.at + Math.max(this.#timings.duration, leaseDurationSeconds * 1000)
      if (holderIdentity && performance.now() < runsOut) {
        this.#until = Number.NEGATIVE_INFINITY
        this.#tell(`stands by: ${holderIdentity} leads`)
        return
      }
    }
    // What an earlier leader said does not hold for this one, which has not passed on yet what it held back.
    if (!this.leads) this.word = undefined
    await this.#renew(lease ?? { metadata: { name: this.#options.name } })
    this.#heard = undefined
  }

  async #standBack(): Promise<void> {
    const mine = this.leads ? this.#mine : undefined
    this.#mine = undefined
    this.#until = Number.NEGATIVE_INFINITY
    this.#tell('stands back: it can pass nothing on')
    if (mine) await this.#write(mine, '', this.#stop.signal)
  }

  async #renew(lease: LeaseObject): Promise<void> {
    const asked = performance.now()
    const follows = !this.leads
    const at = this.#toldUntil(lease)
    this.#mine = await this.#write(lease, this.#options.identity, this.#stop.signal)
    if (follows) this.toldBefore = { at, version: Number(this.#mine.metadata.resourceVersion) }
    this.#until = asked + this.#timings.giveUp
    this.#tell('leads')
    this.#options.onHeld()
  }

  /** µs: whoever has held the Lease has told nothing that is later by his clock. */
  #toldUntil({ spec: { holderIdentity, renewTime = '' } = {} }: LeaseObject): number {
    const mayGoOn = holderIdentity && holderIdentity !== this.#options.identity
    const until = (fromRfc3339(renewTime) ?? 0) + (mayGoOn ? this.#timings.giveUp * MILLISECOND : 0)
    return Math.min(until, now() + skew)
  }

  #read(): Promise<LeaseObject | undefined> {
    const { kubeConfig, name } = this.#options
    const asked = { method: 'GET', path: `${this.#path}/${name}` } as const
    return askJson<LeaseObject>(kubeConfig, asked, this.#stop.signal, this.#timings.answer).catch((error) => {
      if (error instanceof ApiError && error.httpStatus === 404) return undefined
      throw error
    })
  }

  #write(lease: LeaseObject, holderIdentity: string, stop: AbortSignal): Promise<LeaseObject> {
    const { kubeConfig, name, namespace } = this.#options
    const { metadata, spec = {} } = lease
    const { [annotation]: _, ...others } = metadata.annotations ?? {}
    // Never back, and past what is told some µs after the leader before: who follows has to look at the last one alone.
    const renewTime = toRfc3339(Math.max(now(), this.#toldUntil(lease) + MILLISECOND))
    const changes = spec.holderIdentity !== holderIdentity
    const body = {
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
      metadata: {
        ...metadata,
        ...{ name, namespace },
        annotations: { ...others, ...(this.word && { [annotation]: JSON.stringify(this.word) }) },
      },
      spec: {
        ...spec,
        holderIdentity,
        leaseDurationSeconds: holderIdentity === '' ? 1 : this.#timings.duration / 1000,
        renewTime,
        ...(changes && { acquireTime: toRfc3339(now()), leaseTransitions: (spec.leaseTransitions ?? 0) + 1 }),
      },
    }
    const isNew = metadata.resourceVersion === undefined
    const asked = isNew
      ? ({ method: 'POST', path: this.#path, body } as const)
      : ({ method: 'PUT', path: `${this.#path}/${name}`, body } as const)
    return askJson<LeaseObject>(kubeConfig, asked, stop, this.#timings.answer)
  }

  /** Who may not use the Lease leads no longer than it was given: others may be refused as well, and all of them would send. */
  #refused(error: unknown): boolean {
    if (!(error instanceof ApiError) || error.httpStatus !== 403) return false
    this.#isRefused = true
    const { namespace, name } = this.#options
    const what = `may not use the Lease ${namespace}/${name}, and without it nothing is sent`
    this.#tell(`${what}: ${error.message}. To mend it, ${refusalRemedy(this.#options)}`, 'error')
    return true
  }

  /** Each transition once. */
  #tell(what: string, level: 'info' | 'error' = 'info'): void {
    if (what === this.#told) return
    this.#told = what
    this.#options.log[level](what)
  }
}

const isConflict = (error: unknown): boolean => error instanceof ApiError && error.httpStatus === 409

function wordOf(annotations: Record<string, string> | undefined): Word | undefined {
  try {
    const word = JSON.parse(annotations?.[annotation] ?? '')
    return typeof word?.since === 'number' && typeof word.passed === 'object' ? word : undefined
  } catch {
    return undefined
  }
}

/** Names a replica: for a person by its host, for the others by its data directory. */
export function replicaOf(dataDir: string, log: Log): string {
  const file = join(dataDir, 'replica')
  const before = noted(file, (text) => (/^.+\/[0-9a-f-]{36}$/.test(text) ? text : undefined), log)
  const replica = before ?? `${hostname()}/${randomUUID()}`
  if (before === undefined) note(file, replica)
  return replica
}
