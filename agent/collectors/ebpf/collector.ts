/** The kernel's eyes of an agent: programs, ring, attribution and the word about their own watching. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { EventName } from '../../../graph/model/generated/types.ts'
import { type Observation, sourceOf } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import { CgroupIndex, fileOfBoot } from '../../attribution/cgroup-index.ts'
import { Kernel, type KernelBatch, type KernelOptions, sampleClock } from '../../native/native.ts'
import type { CollectorContext, Progress, RunningCollector } from '../collector.ts'
import { blindOf, kindsOf } from './blind.ts'
import { BootClock, suspendedSoFar } from './clock.ts'
import { type LoggedKill, parseKernelLog, readKernelLog } from './kernel-log.ts'
import { missedKills } from './missed-kills.ts'
import { PressureFlush } from './pressure-flush.ts'
import { ProcessCounts } from './process-counts.ts'
import { type SavedState, StateFile, type Unread } from './saved-state.ts'
import { Translator } from './translator.ts'

/** How often it is looked whether an invocation of the OOM killer is over, ms. */
const SETTLE_MS = 100
/** What the load of the programs may have let slip is taken from the kernel's log after this time, ms. */
const LOG_DELAY_MS = 2_000
const RETRY_MS = 1_000

export class EbpfCollector implements RunningCollector {
  readonly #context: CollectorContext
  readonly #source: string
  readonly #session = randomUUID()
  readonly #since: number
  /** Since when this run, and those before it that read the same ring, have watched. */
  readonly #watchedFrom: number
  readonly #state: StateFile
  readonly #clock: BootClock
  readonly #cgroups: CgroupIndex
  readonly #translator: Translator
  readonly #kernel: Kernel
  readonly #counts: ProcessCounts
  readonly #pressure: PressureFlush
  /** The gap of which the kernel's log is still to be read back, by this run or the next. */
  #unread: Unread | undefined
  #readingLog: NodeJS.Timeout | undefined
  /** Waits to see whether the invocation that is held back is over. */
  #settling: NodeJS.Timeout | undefined
  /** Failed reserves, by program, that were reported as losses. */
  #lost: Record<string, number>
  /** Those before this session: its counters begin at 0. */
  readonly #lostBefore: Readonly<Record<string, number>>
  #lossSeenAt: number
  /** Ends when all batches so far are safe and acknowledged. */
  #acknowledged: Promise<boolean> = Promise.resolve(true)
  /** Ends when the invocation that is held back is safe. */
  #held: PromiseWithResolvers<boolean> | null = null
  /** Kinds that the kernel does not let us see. */
  readonly #blind: readonly EventName[]
  #watermark: number | null = null
  #unsafe = 0
  #stopped = false

  constructor(context: CollectorContext, options: KernelOptions) {
    const { host, dataDir, log } = context
    this.#context = context
    this.#source = sourceOf('ebpf', host.key)
    this.#state = new StateFile(join(dataDir, 'state'))
    const { saved } = this.#state
    const before = saved?.bootId === host.bootId ? saved : null
    this.#clock = new BootClock(before?.clock)
    const loadedFrom = now()
    try {
      this.#kernel = new Kernel(options)
    } catch (error) {
      this.#state.close()
      throw error
    }
    for (const { name, section, state, reason } of this.#kernel.programs)
      if (state === 'refused') log.warn({ program: name, section, reason }, 'the kernel refuses a program')
    this.#blind = blindOf(this.#kernel.programs)
    // ids of cgroups begin anew with each boot
    this.#cgroups = new CgroupIndex({ file: fileOfBoot(dataDir, host.bootId) })
    this.#cgroups.walk()
    this.#cgroups.compact()
    this.#translator = new Translator(host, this.#clock, this.#cgroups, this.#kernel, before?.victims)
    this.#counts = new ProcessCounts(this.#kernel)
    this.#pressure = new PressureFlush(this.#kernel)
    const isNew = this.#kernel.programs.some(({ state }) => state === 'attached')
    // An agent that was killed as it loaded them leaves programs at work that nobody has read yet, on a ring of their own.
    const continued = before !== null && before.ringId === this.#kernel.ringId && !isNew
    this.#since = continued ? before.watermark : now()
    this.#watchedFrom = continued ? (before.watchedFrom ?? before.watermark) : this.#since
    this.#lost = continued ? { ...before.lost } : this.#kernel.lost()
    this.#lostBefore = this.#lost
    this.#lossSeenAt = this.#since
    this.#unread = before?.unread
    if (saved !== null && !continued) this.#reportGap(saved, loadedFrom)
    if (this.#unread) this.#readingLog = setTimeout(() => this.#readLog(), LOG_DELAY_MS)
    this.#kernel.start((batch) => this.#take(batch))
  }

  progress(): readonly Progress[] {
    if (!this.#stopped) this.#look()
    const { skipped } = this.#translator
    const counters: Record<string, number> = {
      'emit.retried': this.#unsafe,
      'cgroups.unsaved': this.#cgroups.unsaved,
      ...this.#counts.totals,
    }
    for (const [program, count] of Object.entries(this.#lost))
      counters[`ring.${program}`] = count - (this.#lostBefore[program] ?? 0)
    for (const [why, count] of Object.entries(skipped)) counters[`skipped.${why}`] = count
    counters['skipped.host'] = skipped.host + this.#kernel.leftOut
    const session = this.#session
    const [since, watermark, blind] = [this.#since, this.#watermark, this.#blind]
    return [{ source: this.#source, session, since, watermark, counters, blind }]
  }

  /** Pinned programs go on: the next run reads what they write. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    clearTimeout(this.#readingLog)
    clearTimeout(this.#settling)
    this.#release(this.#translator.close())
    await this.#acknowledged
    this.#look()
    await this.#acknowledged
    this.#kernel.close()
    this.#state.close()
  }

  /** A batch is acknowledged once it is safe, with all before it and with the kill that it has a part of. */
  #take(batch: KernelBatch): void {
    const { kills } = this.#translator
    const observations = this.#translator.translate(batch.view, batch.bytes)
    const safe = observations.length === 0 || this.#emit(observations)
    if (this.#translator.heldSince !== null) {
      this.#held ??= Promise.withResolvers<boolean>()
      this.#settleLater()
    } else this.#endHold(safe)
    this.#acknowledged = Promise.all([this.#acknowledged, safe, this.#held?.promise ?? true]).then((all) => {
      const acknowledged = all.every(Boolean)
      if (acknowledged) this.#kernel.acknowledge(batch)
      return acknowledged
    })
    if (this.#translator.kills > kills) this.#noteWhenSafe()
  }

  /** What was emitted: all that is acknowledged or noted later waits for it. */
  #waitFor(safe: Promise<boolean>): void {
    this.#acknowledged = Promise.all([this.#acknowledged, safe]).then((all) => all.every(Boolean))
  }

  #endHold(safe: boolean | Promise<boolean>): void {
    this.#held?.resolve(safe)
    this.#held = null
  }

  /** Looks again and again, for as long as an invocation is held back. */
  #settleLater(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined
      this.#release(this.#translator.settle(this.#kernel.completeNs))
      if (this.#translator.heldSince !== null) this.#settleLater()
    }, SETTLE_MS)
  }

  #release(observations: Observation[]): void {
    if (observations.length > 0) this.#endHold(this.#emit(observations))
  }

  /** Resolves with true when they are safe: until then the kernel keeps them. With false only when the agent ends. */
  async #emit(observations: Observation[]): Promise<boolean> {
    for (;;) {
      try {
        await this.#context.emit(observations)
        return true
      } catch (error) {
        this.#unsafe++
        this.#context.log.error(
          { error: (error as Error).message },
          'observations could not be made safe: they stay in the ring',
        )
        if (this.#stopped) return false
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  /** Looks how far the kernel is, what it lost and summed up, and notes it. */
  #look(): void {
    this.#clock.sample()
    this.#reportLoss()
    this.#counts.read()
    const held = this.#translator.heldSince ?? Number.POSITIVE_INFINITY
    const complete = Math.min(this.#kernel.completeNs, held, this.#pressure.vouchedNs)
    const reached = complete > 0 ? this.#clock.toStamp(complete).at : null
    // never back, also when the clock is set back
    if (reached !== null && reached >= this.#since) this.#watermark = Math.max(this.#watermark ?? 0, reached)
    this.#noteWhenSafe()
    this.#pressure.flush()
  }

  // what is noted as watched must be safe, or a gap would begin too late, and a kill that was told of not be told
  #noteWhenSafe(): void {
    const state: Omit<SavedState, 'bootId'> = {
      ringId: this.#kernel.ringId,
      watchedFrom: this.#watchedFrom,
      clock: this.#clock.last,
      lost: this.#lost,
      watermark: this.#watermark ?? this.#since,
      victims: [...this.#translator.victims],
      suspended: suspendedSoFar(),
      ...(this.#unread && { unread: this.#unread }),
    }
    this.#acknowledged.then((safe) => {
      if (safe) this.#note(state)
    })
  }

  #note(state: Omit<SavedState, 'bootId'>): void {
    try {
      this.#state.write({ bootId: this.#context.host.bootId, ...state })
    } catch (error) {
      this.#context.log.error(
        { error: (error as Error).message },
        'the state could not be noted: after a restart a longer gap will be told',
      )
    }
  }

  #reportLoss(): void {
    const lost = this.#kernel.lost()
    const to = now()
    const told: Observation[] = []
    for (const [what, count] of Object.entries(lost)) {
      const more = count - (this.#lost[what] ?? 0)
      // a map made anew counts from 0
      if (more <= 0) continue
      const program = this.#kernel.programs.find(({ name }) => name === what)
      const kinds = program === undefined ? [] : kindsOf(program)
      // what serves attribution is missed by all kinds
      const concerned = kinds.length === 0 ? {} : { kinds }
      told.push({ type: 'loss', source: this.#source, from: this.#lossSeenAt, to, count: more, what, ...concerned })
    }
    this.#lost = lost
    this.#lossSeenAt = to
    if (told.length > 0) this.#waitFor(this.#emit(told))
  }

  #reportGap({ watermark: from, watchedFrom, bootId, suspended }: SavedState, loadedFrom: number): void {
    const isSameBoot = bootId === this.#context.host.bootId
    const reason = !isSameBoot
      ? 'the machine was started anew'
      : this.#kernel.replaced
        ? 'another version of the kernel programs took over'
        : 'the agent did not run, and its programs were not all at work'
    const to = now()
    const least = this.#unread?.suspended[0] ?? (isSameBoot ? suspended : 0)
    const watched = this.#unread === undefined ? watchedFrom : this.#unread.watchedFrom
    this.#unread = {
      ...(watched !== undefined && { watchedFrom: watched }),
      ...{ from: this.#unread?.from ?? from, to },
      ...{ offset: this.#clock.last.offset, suspended: [least, suspendedSoFar()] },
    }
    this.#waitFor(this.#emit([{ type: 'gap', source: this.#source, from, to, reason }]))
    this.#context.log.warn({ from, to: loadedFrom, reason }, 'a gap in watching the kernel')
  }

  /** Some time after the load, when it shows which kills around it the programs have seen themselves. */
  #readLog(): void {
    let logged: LoggedKill[] = []
    try {
      logged = parseKernelLog(readKernelLog())
    } catch (error) {
      this.#context.log.warn(
        { error: (error as Error).message },
        "the kernel's log can't be read back (needs CAP_SYSLOG): OOM kills of the gap stay unseen",
      )
    }
    this.#tellMissed(logged, sampleClock().bootNs)
  }

  /** Waits until the ring is read as far as the log, or a kill of this very moment would be told by both. */
  #tellMissed(logged: readonly LoggedKill[], readNs: number): void {
    if (!this.#unread) return
    if (this.#kernel.completeNs < readNs) {
      this.#readingLog = setTimeout(() => this.#tellMissed(logged, readNs), SETTLE_MS)
      return
    }
    const missed = missedKills(logged, this.#context.host, this.#unread, this.#translator.victims)
    // The next gap may be so near that the log's clock can't tell the two apart.
    for (const { at, uncertainty, fields } of missed)
      for (const pid of fields.victimPids)
        this.#translator.noteVictim(pid, (at + uncertainty / 2 - this.#unread.offset) * 1_000)
    if (missed.length > 0) this.#waitFor(this.#emit(missed))
    this.#unread = undefined
    this.#noteWhenSafe()
  }
}
