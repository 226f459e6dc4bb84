import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Observation } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import type { Batch, Gap, Status } from '../../reflector/handler.ts'
import { Reflector } from '../../reflector/reflector.ts'
import { defaultTimings, type Timings } from '../../reflector/timings.ts'
import type { CollectorContext, Progress, RunningCollector } from '../collector.ts'
import { identify, OtherClusterError } from './cluster-identity.ts'
import type { Settings } from './config.ts'
import { CustomKinds } from './custom-kind.ts'
import { isChosen, takesAll, trimmed } from './filter.ts'
import { type AnyKind, covers, type Moment, nameOf, type Trimmed } from './kind.ts'
import { Known } from './known.ts'
import { Names } from './names.ts'
import { gapOf, Observer, source, unreadOf } from './observer.ts'
import { emitLimit, Handover } from './replicas/handover.ts'
import { leaseTimings, replicaOf } from './replicas/lease.ts'
import { SentAgain } from './sent-again.ts'
import { watchedKinds } from './watched-kinds.ts'
import { isSucceeded, positionOf, type Watched, Watches } from './watches.ts'

/** How long the names of all kinds are waited for before states go out with placeholders, ms. */
const longestWait = 30_000
/** Between tries to reach an API that was away at the start, ms. */
const retryMs = 5_000
/** Between tries to note on disk what is passed on, ms. */
const writeAgainMs = 1_000
/** How often the watermark is noted on disk, µs. */
const noteInterval = 5_000_000
/** How often it is looked for what shows as time passes, ms. */
const followMs = 1_000

export type WatcherContext = Pick<CollectorContext, 'cluster' | 'dataDir' | 'emit' | 'drained' | 'dropped' | 'log'>

/** Watches a cluster and passes on what changes: states with their relations, and events. */
export class ClusterWatcher implements RunningCollector {
  readonly #context: WatcherContext
  readonly #kubeConfig: KubeConfig
  readonly #settings: Settings
  readonly #timings: Partial<Timings> | undefined
  readonly #watches = new Watches()
  readonly #custom: CustomKinds
  readonly #known: Known
  readonly #names: Names
  readonly #observer: Observer
  readonly #sentAgain: SentAgain
  readonly #handover: Handover
  readonly #stop = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  #turn: Promise<void> = Promise.resolve()
  /** When the first lists of all that covers and is not refused had been passed on, µs: nothing before it is claimed. */
  #since: number | undefined
  #noted = 0
  /** Whether this replica led when it had passed on the last of what it saw. */
  #ledToTheEnd = false

  constructor(kubeConfig: KubeConfig, context: WatcherContext, settings: Settings, timings?: Partial<Timings>) {
    this.#context = context
    this.#kubeConfig = kubeConfig
    this.#settings = settings
    this.#timings = timings
    this.#custom = new CustomKinds(
      ...([kubeConfig, context.log, { ...defaultTimings, ...timings }, this.#stop.signal] as const),
      (kind) => this.#watch(kind),
    )
    this.#known = new Known(join(context.dataDir, 'known.ndjson'), context.cluster, (error, tries) =>
      this.#untilWritable(error, tries),
    )
    this.#names = new Names(
      (reference) => this.#watches.named(reference),
      (kind) => this.#watches.knowsAll(kind),
    )
    this.#observer = new Observer(this.#names, this.#known, this.#watches, () => this.#handover.toldBefore)
    this.#sentAgain = new SentAgain(this.#watches, this.#known, this.#observer)
    const { lease } = settings
    const place = lease && {
      ...{ ...lease, kubeConfig, identity: replicaOf(context.dataDir, context.log), log: context.log },
      isFit: () => this.#known.stuckFor < leaseTimings.giveUp,
    }
    this.#handover = new Handover(
      context,
      {
        positions: () => this.#watches.positions,
        passed: () => this.#watches.passed,
        since: () => this.#since,
        sendAll: (send) => this.#sentAgain.all(send),
        sendStates: (keys, send) => this.#sentAgain.states(keys, send),
        restart: () => {
          if (this.#since !== undefined) this.#since = now()
        },
        inTurn: (work) => this.#inTurn(work),
      },
      place,
    )
  }

  /** Resolves although the API may be away: it is tried again for ever. Rejects with OtherClusterError. */
  async start(): Promise<void> {
    try {
      await this.#begin()
    } catch (error) {
      if (error instanceof OtherClusterError) throw error
      this.#context.log.warn(`the Kubernetes API: ${(error as Error).message}`)
      void this.#retry()
    }
  }

  async #retry(): Promise<void> {
    for (;;) {
      await sleep(retryMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})
      if (this.#stop.signal.aborted) return
      try {
        return await this.#begin()
      } catch (error) {
        // Nothing is passed on under a name that stands for another cluster.
        if (error instanceof OtherClusterError) return this.#context.log.error(error.message)
      }
    }
  }

  async #begin(): Promise<void> {
    const cluster = await identify(this.#kubeConfig, this.#context, this.#stop.signal)
    const { continues } = await this.#handover.start()
    if (!continues) await this.#known.forget()
    for (const kind of watchedKinds) this.#watch(kind)
    for (const [path, kind] of this.#known.workloadKinds()) {
      if (!this.#watches.has(path)) this.#custom.remembered(path, kind)
    }
    const settled = (all: Watched[]) => Promise.all(all.map(({ settled }) => settled.promise))
    const { all, covering } = this.#watches
    // What covers is waited for as long as it takes: without it nothing can be claimed.
    const rest = Promise.race([settled(all), sleep(longestWait, undefined, { signal: this.#stop.signal, ref: false })])
    Promise.all([rest, settled(covering)]).then(
      async () => {
        if (cluster) await this.#inTurn(() => this.#handover.emit([cluster]))
        this.#ready.resolve()
        await this.#follow()
      },
      () => {},
    )
  }

  async #follow(): Promise<void> {
    for (;;) {
      await sleep(followMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})
      if (this.#stop.signal.aborted) return
      this.#handover.makeGood()
      const followed = () =>
        this.#watches.listed.flatMap((watched) => this.#followed(watched, { isListed: false, isTimed: true }))
      await this.#inTurn(() => {
        const observations = followed()
        return this.#known.pass(() => this.#handover.emit(observations))
      }).catch(() => {})
    }
  }

  #followed({ kind, passed, reflector }: Watched, asked: Pick<Moment, 'isListed' | 'isTimed'>): Observation[] {
    return this.#observer.followed(kind, { isFirst: !passed, ...asked, seenUntil: reflector.watermark })
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#ready.resolve()
    await Promise.all(this.#watches.all.map(({ reflector }) => reflector.stop()))
    await this.#turn
    this.#ledToTheEnd = this.#handover.leads
    await this.#handover.stop()
    this.#note(0)
  }

  progress(): Progress[] {
    const since = this.#since
    if (since === undefined) return []
    const { watermark, blind } = this.#watches
    this.#note(noteInterval)
    const { leads, session } = this.#handover
    // What one that stands by has seen it holds back, and drops as it ends: it can claim none of it.
    if (this.#stop.signal.aborted ? !this.#ledToTheEnd : !leads) return []
    const claimed = watermark !== undefined && watermark > since ? watermark : null
    return [{ source, session, since, watermark: claimed, counters: this.#counters(), blind }]
  }

  /** Notes how far all states have come. */
  #note(interval: number): void {
    const { covered, seen } = this.#watches
    if (covered === undefined || covered - this.#noted <= interval) return
    this.#noted = covered
    this.#known.covers(covered, seen)
  }

  #counters(): Record<string, number> {
    const counters = { 'states.unchanged': this.#observer.unchanged, ...this.#handover.counters }
    const omitted = [...this.#observer.omitted].map(([what, count]) => [`omitted.${what}`, count])
    const unwatched = this.#custom.unwatched === 0 ? {} : { 'owners.unwatched': this.#custom.unwatched }
    return {
      ...counters,
      ...unwatched,
      ...Object.fromEntries(omitted),
      ...this.#watches.omitted,
      ...this.#watches.counters(),
    }
  }

  #watch(kind: AnyKind): void {
    if (this.#watches.has(kind.path)) return
    const { filter = takesAll } = this.#settings
    if (!isChosen(filter.kinds, nameOf(kind))) {
      this.#watches.leaveOut(kind)
      return
    }
    const handler = {
      onBatch: (batch: Batch<Trimmed>) => this.#onBatch(watched, batch),
      onGap: (gap: Gap) => this.#inTurn(() => this.#handover.emit([gapOf(kind, gap)])),
      onStatus: (status: Status) => this.#onStatus(watched, status),
      onError: (error: Error) =>
        this.#context.log.error({ err: error, kind: nameOf(kind) }, 'an object was not passed on'),
    }
    const reflector = new Reflector<Trimmed>({
      ...{ kubeConfig: this.#kubeConfig, path: kind.path, handler },
      trim: (raw) => trimmed(kind, raw, this.#settings),
      ...(this.#timings && { timings: this.#timings }),
    })
    const watched: Watched = {
      ...{ kind, reflector, settled: Promise.withResolvers() },
      ...{ listed: false, passed: false, refused: false, seenUntil: undefined, position: undefined },
    }
    this.#watches.add(watched)
    this.#custom.watched(kind)
    reflector.start()
  }

  async #untilWritable(error: Error, tries: number): Promise<void> {
    if (tries === 1)
      this.#context.log.error(`nothing of the cluster is passed on until it can be noted: ${error.message}`)
    await sleep(writeAgainMs, undefined, { signal: this.#stop.signal, ref: false })
  }

  async #onStatus(watched: Watched, status: Status): Promise<void> {
    const { kind, reflector, settled, passed } = watched
    const { log } = this.#context
    if (status.state === 'watching') log.info(`${nameOf(kind)}: watching`)
    else log.warn(`${nameOf(kind)}: ${status.error.message}`)
    if (status.state === 'failing') return
    const wasRefused = watched.refused
    watched.refused = status.state === 'refused'
    if (watched.refused !== wasRefused) void this.#inTurn(() => this.#judgeNames(kind)).catch(() => {})
    if (watched.refused) {
      if (passed) watched.seenUntil ??= reflector.watermark ?? now()
      settled.resolve()
      this.#claim()
    } else if (watched.seenUntil !== undefined) await this.#seenAgain(watched, watched.seenUntil)
  }

  /** Names of what is not there mean another thing from now on: whether somebody looks differs. */
  async #judgeNames(kind: AnyKind): Promise<void> {
    if (this.#stop.signal.aborted) return
    const observations = [...new Set(this.#names.unresolved(kind))].flatMap((uid) => this.#again(uid, now(), 0))
    await this.#known.pass(() => this.#handover.emit(observations))
  }

  /** What happened while it could not be read may be told by now, but others had to do without it. */
  async #seenAgain(watched: Watched, from: number): Promise<void> {
    await this.#inTurn(() => this.#handover.emit([unreadOf(watched.kind, from)]))
    if (!watched.refused) watched.seenUntil = undefined
  }

  async #onBatch(watched: Watched, batch: Batch<Trimmed>): Promise<void> {
    watched.listed = true
    watched.settled.resolve()
    await this.#ready.promise
    if (!this.#stop.signal.aborted) await this.#inTurn(() => this.#pass(watched, batch))
  }

  /** One batch at a time, so that what is sent of one object keeps its order. */
  async #inTurn(work: () => Promise<unknown>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.then(
      () => {},
      () => {},
    )
    await turn
  }

  async #pass(watched: Watched, { changes, resourceVersion, synced }: Batch<Trimmed>): Promise<void> {
    const { kind } = watched
    watched.position = positionOf(watched, resourceVersion)
    if (!watched.passed) await this.#passGone(watched, resourceVersion)
    let held: Observation[] = []
    const pass = async () => {
      const observations = held
      held = []
      await this.#known.pass(() => this.#handover.emit(observations, synced))
    }
    /** Whom a change concerns that was not theirs, and since when at most, µs: each is looked at once. */
    const concerned = new Map<string, number>()
    for (const change of changes) {
      const { owner, target } = change.object
      held.push(...this.#observer.changed(kind, change, isSucceeded(change, watched.reflector.view)))
      const uncertainty = this.#observer.uncertainty(kind, change)
      for (const uid of this.#names.dependents(kind, change))
        concerned.set(uid, Math.max(uncertainty, concerned.get(uid) ?? 0))
      for (const met of [owner, target]) if (met) this.#custom.meet(met)
      for (const [of, turned] of this.#watches.turned(kind, change))
        held.push(...this.#observer.anew(of, turned, change.observedAt))
      if (held.length >= emitLimit) await pass()
    }
    // A list that comes late tells of names that stood for what nobody had looked for.
    if (!watched.passed) for (const uid of this.#names.unresolved(kind)) concerned.set(uid, concerned.get(uid) ?? 0)
    for (const [uid, uncertainty] of concerned) {
      held.push(...this.#again(uid, changes[0]?.observedAt ?? now(), uncertainty))
      if (held.length >= emitLimit) await pass()
    }
    held.push(...this.#followed(watched, { isListed: synced, isTimed: false }))
    await pass()
    if (synced) this.#handover.listed()
    if (watched.passed) return
    const since = this.#since
    if (since !== undefined && covers(kind)) await this.#handover.emit([unreadOf(kind, since)])
    watched.passed = true
    this.#claim()
  }

  /** Objects of an earlier run that the first list lacks. */
  async #passGone(watched: Watched, resourceVersion: string): Promise<void> {
    const observations = this.#sentAgain.gone(watched, resourceVersion)
    await this.#known.pass(() => this.#handover.emitGone(observations, this.#known.watermark(watched.kind.path)))
  }

  /** Without what is refused the rest can be vouched for; where all is, nothing. */
  #claim(): void {
    const all = this.#watches.covering
    if (all.some(({ passed }) => passed) && all.every(({ passed, refused }) => passed || refused)) this.#since ??= now()
  }

  #again(uid: string, at: number, uncertainty: number): Observation[] {
    return this.#watches.all.flatMap(({ kind, reflector }) => {
      const object = reflector.view.get(uid)
      return object ? this.#observer.again(kind, object, at, uncertainty) : []
    })
  }
}
