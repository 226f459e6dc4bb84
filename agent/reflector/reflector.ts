import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../../graph/model/time.ts'
import type { Change, Handler, Status } from './handler.ts'
import { list, type RawObject, type Source } from './list.ts'
import { isRefusal, Position } from './position.ts'
import { readAhead } from './read-ahead.ts'
import { ApiError, Deadlines } from './request.ts'
import { backoff, between, defaultTimings, type Timings } from './timings.ts'
import { type Item, type Seen, View } from './view.ts'
import { type Beginning, type WatchEvent, watch } from './watch.ts'
import { Watermark } from './watermark.ts'

export interface ReflectorOptions<T> extends Source {
  /** Keeps what is needed of a raw object, which is dropped at once: what this returns is all that stays in memory. */
  trim(raw: RawObject): T
  handler: Handler<T>
  timings?: Partial<Timings>
}

/** A handler that takes longer leaves a backlog in the socket. Milliseconds. */
const slowHandler = 1_000

/** Events of a watch that are read, and trimmed, while the handler is at work: about 3 KB each. */
const ahead = 500

/** What is kept of one event of a watch. */
interface Arrival<T> {
  readonly type: WatchEvent['type']
  readonly resourceVersion: string
  /** Undefined for a bookmark, and for what could not be read. */
  readonly item: Item<T> | undefined
  readonly isInitialEnd: boolean
}

/** What is staged is no change yet, so that it has no time. */
const staging: Seen = { at: 0, coverage: undefined, live: true }

/**
 * Keeps a view of one kind of object equal to the API server's, and passes each change on once, in order.
 * It starts with a WatchList (or, where there is none, paged lists), resumes a broken watch from the last version, and lists anew
 * only when the server no longer has that version. Nothing but `stop` ends it.
 */
export class Reflector<T> {
  readonly view = new View<T>()
  /** What was dropped or went wrong since `start`; `view.stale` counts repeats. */
  readonly counts = { lists: 0, gaps: 0, failures: 0, halfLines: 0, unreadable: 0, handlerErrors: 0 }
  readonly #options: ReflectorOptions<T>
  readonly #timings: Timings
  readonly #watermark: Watermark
  readonly #position = new Position()
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  #told = ''
  #openSince: number | undefined
  #delivering = false
  #passed: string | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#timings = { ...defaultTimings, ...options.timings }
    this.#watermark = new Watermark(this.#timings.aliveBound * 1000)
  }

  /** Up to when all is passed on, microseconds; undefined before the first list. `watermark.ts` says what it rests on. */
  get watermark(): number | undefined {
    return this.#watermark.value
  }

  /** The version up to which all is passed on; undefined before the first list. */
  get passed(): string | undefined {
    return this.#passed
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends the request and all timers; no handler is called after it has resolved. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
  }

  async #run(): Promise<void> {
    const ticker = setInterval(() => this.#tick(), this.#timings.tick)
    let failures = 0
    while (!this.#stop.signal.aborted) {
      const operation = this.#position.next
      const began = performance.now()
      const error = await this.#try(() =>
        operation === 'list' ? this.#list() : this.#watch(operation === 'watch-list'),
      )
      this.#openSince = undefined
      this.#watermark.closed()
      if (this.#stop.signal.aborted) break
      const lived = performance.now() - began
      if (operation !== 'list' && lived >= this.#timings.steady) failures = 0
      if (error) this.#position.failed(operation, error)
      else if (operation === 'list' || lived >= this.#timings.steady) continue
      this.counts.failures++
      await this.#pause(++failures, error ?? new Error(`the server ended the watch after ${Math.round(lived)} ms`))
    }
    clearInterval(ticker)
  }

  async #try(work: () => Promise<void>): Promise<Error | undefined> {
    try {
      await work()
      return undefined
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  async #pause(failures: number, error: Error): Promise<void> {
    const { refused, retryAfter } = this.#timings
    if (isRefusal(error)) await this.#tell({ state: 'refused', httpStatus: error.httpStatus, error })
    else await this.#tell({ state: 'failing', error })
    const asked = error instanceof ApiError ? Math.min(error.retryAfter ?? 0, retryAfter) : 0
    const own = isRefusal(error) ? between([refused / 2, refused]) : backoff(failures, this.#timings.backoff)
    await sleep(Math.max(asked, own), undefined, { signal: this.#stop.signal }).catch(() => {})
  }

  async #list(): Promise<void> {
    const askedAt = now()
    const all = new View<T>()
    const { listFrom } = this.#position
    const version = await list(this.#options, listFrom, this.#timings, this.#stop.signal, (raw) => {
      const item = this.#item(raw)
      if (item) all.present(item, staging)
    })
    // A list that may come from a cache is as of its version, not of now: it moves no watermark.
    await this.#synced(all, version, listFrom === undefined ? askedAt : undefined)
  }

  async #watch(initial: boolean): Promise<void> {
    const deadlines = new Deadlines(this.#stop.signal)
    const { path } = this.#options
    const { initial: limit } = this.#timings
    if (initial) deadlines.set('initial', limit, `GET ${path}: got no initial-events-end in ${limit} ms`)
    const { resourceVersion, listFrom } = this.#position
    const beginning: Beginning = initial
      ? { initial, notOlderThan: listFrom }
      : { initial, resourceVersion: resourceVersion! }
    const onOpen = (): void => {
      this.#openSince = performance.now()
      if (!initial) this.#watermark.opened(now())
    }
    let staged = initial ? new View<T>() : undefined
    try {
      const pieces = watch(this.#options, beginning, this.#timings, deadlines, onOpen, () => this.counts.halfLines++)
      for await (let events of readAhead(this.#trimmed(pieces), ahead)) {
        if (staged) {
          const end = events.findIndex(({ isInitialEnd }) => isInitialEnd)
          for (const event of end < 0 ? events : events.slice(0, end)) this.#stage(staged, event)
          if (end < 0) continue
          deadlines.clear('initial')
          const at = now()
          this.#watermark.opened(at)
          await this.#synced(staged, events[end]!.resourceVersion, undefined)
          this.#watermark.bookmark(at)
          staged = undefined
          events = events.slice(end + 1)
        }
        await this.#follow(events)
      }
    } finally {
      deadlines.end()
    }
  }

  async *#trimmed(pieces: AsyncIterable<WatchEvent[]>): AsyncGenerator<Arrival<T>[]> {
    for await (const events of pieces) yield events.map((event) => this.#arrival(event))
  }

  #arrival({ type, object }: WatchEvent): Arrival<T> {
    const { resourceVersion, annotations } = object.metadata
    if (type !== 'BOOKMARK') return { type, resourceVersion, item: this.#item(object), isInitialEnd: false }
    const isInitialEnd = (annotations as Record<string, string>)?.['k8s.io/initial-events-end'] === 'true'
    return { type, resourceVersion, item: undefined, isInitialEnd }
  }

  async #follow(events: Arrival<T>[]): Promise<void> {
    if (!events.length) return
    const at = now()
    const seen: Seen = { at, coverage: this.#watermark.value, live: this.#watermark.caughtUp }
    const changes: Change<T>[] = []
    let bookmark = false
    for (const { type, item, resourceVersion } of events) {
      if (type === 'BOOKMARK') bookmark = true
      if (item) changes.push(...(type === 'DELETED' ? this.view.deleted(item, seen) : this.view.present(item, seen)))
      this.#position.reached(resourceVersion)
    }
    if (changes.length) await this.#deliver(changes, false)
    this.#pass(this.#position.resourceVersion)
    if (bookmark) this.#watermark.bookmark(at)
    else this.#watermark.event(at)
    await this.#tell({ state: 'watching' })
  }

  async #synced(all: View<T>, version: string, askedAt: number | undefined): Promise<void> {
    this.#position.listed(version)
    this.counts.lists++
    const coverage = this.#watermark.value
    const { lost } = this.#position
    const began = performance.now()
    if (lost !== undefined && coverage !== undefined) {
      this.counts.gaps++
      const to = now()
      const from = Math.min(coverage, to)
      // What it is about is not passed on yet: meanwhile the watermark stands.
      this.#delivering = true
      await this.#call((handler) => handler.onGap?.({ from, to, reason: lost }))
    }
    this.#position.lost = undefined
    // Seen only now: until the view has it, others tell without it.
    await this.#deliver(this.view.replace(all, version, { at: now(), coverage, live: false }), true, began)
    this.#pass(version)
    if (askedAt !== undefined) this.#watermark.listed(askedAt)
    await this.#tell({ state: 'watching' })
  }

  /** `began`: since when nothing that came could be passed on, monotonic ms. */
  async #deliver(changes: Change<T>[], synced: boolean, began = performance.now()): Promise<void> {
    const resourceVersion = this.#position.resourceVersion!
    this.#delivering = true
    await this.#call((handler) => handler.onBatch({ changes, synced, resourceVersion }))
    this.#delivering = false
    if (performance.now() - began > slowHandler) this.#watermark.stalled(now())
  }

  /** Once it is stopped no handler is called: what comes then is not passed on. */
  #pass(version: string | undefined): void {
    if (!this.#stop.signal.aborted) this.#passed = version
  }

  #stage(all: View<T>, { type, item }: Arrival<T>): void {
    if (!item) return
    if (type === 'DELETED') all.deleted(item, staging)
    else all.present(item, staging)
  }

  #item(raw: RawObject): Item<T> | undefined {
    const { uid, namespace = '', name, resourceVersion } = raw.metadata
    try {
      if (!uid || !resourceVersion) throw new Error(`got an object ${namespace}/${name} without uid or resourceVersion`)
      return { uid, name: `${namespace}/${name}`, resourceVersion, object: this.#options.trim(raw) }
    } catch (error) {
      this.counts.unreadable++
      this.#report(error)
      return undefined
    }
  }

  #tick(): void {
    const { tick: interval, steady } = this.#timings
    this.#watermark.beat(now(), interval * 1000)
    const open = this.#openSince === undefined ? 0 : performance.now() - this.#openSince
    if (this.#openSince !== undefined && open >= steady && this.#position.next === 'watch') {
      void this.#tell({ state: 'watching' })
    }
    if (!this.#delivering) this.#watermark.tick(now())
  }

  async #tell(status: Status): Promise<void> {
    const key = status.state === 'refused' ? `refused ${status.httpStatus}` : status.state
    if (key === this.#told) return
    this.#told = key
    await this.#call((handler) => handler.onStatus?.(status))
  }

  async #call(call: (handler: Handler<T>) => void | Promise<void>): Promise<void> {
    if (this.#stop.signal.aborted) return
    try {
      await call(this.#options.handler)
    } catch (error) {
      this.counts.handlerErrors++
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    try {
      this.#options.handler.onError?.(error instanceof Error ? error : new Error(String(error)))
    } catch {
      this.counts.handlerErrors++
    }
  }
}
