import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'

/** Waits before the disk is tried again, which has refused for the first time or once more; or rejects. */
export type UntilWritable = (error: Error, tries: number) => Promise<void>

/** A state that was passed on: when it was seen, µs, and which of its object it is. */
export interface Passed {
  readonly at: number
  readonly version: number
}

interface Entry extends Partial<Passed> {
  readonly object: ObjectRef
  /** Of the collection that it was found in: the API's plurals repeat (Services of Knative). */
  readonly path: string
  /** Of the state that was last passed on; absent where it is not known whether one was. */
  readonly digest?: string
  /** Its end is no event: of what is left out, and of what goes on without it. */
  readonly silent?: true
  /** What a follower told of it; null: nothing that still holds. Absent where it is not known what was told. */
  readonly mark?: number | null
}

/** The first line: whose the file is, and since when, µs. */
interface Head {
  readonly cluster: string
  readonly since: number
}

/** How far all had come, µs, but for the kinds that nobody saw then: what counts for them, by their path. */
interface Coverage {
  readonly watermark: number
  readonly behind?: Readonly<Record<string, number>>
}

/** Lines: an object, the state of one, a mark of one, one that was deleted, how far all had come, and whose they are. */
type Line =
  | Entry
  | ({ readonly key: string; readonly digest: string } & Partial<Passed>)
  | { readonly key: string; readonly mark: number | null }
  | { readonly gone: string }
  | Coverage
  | Head

/**
 * What was passed on of each object, on disk, so that the next run tells neither too little nor all again: what is gone when the
 * collector comes back is deleted by inference, which nobody else would ever do, and what has not changed is not sent.
 * An object and a mark are noted before it is passed on, its state and its end, and that a mark holds no more, after it: a crash
 * leaves an object too many or a state that is sent again, never one too few. Not synced, since only a crash of the machine could tell.
 * While the disk takes nothing, nothing is passed on: the API server keeps it.
 */
export class Known {
  /** As the last run left it. */
  readonly #last: Coverage | undefined
  readonly #file: string
  #head: Head
  readonly #objects = new Map<string, Entry>()
  /** What is about to be passed on; null: a deletion. */
  readonly #held = new Map<string, (Entry & Passed & { readonly digest: string }) | null>()
  readonly #heldMarks = new Map<string, number | null>()
  /** What was not passed on. */
  readonly #lacking = new Set<string>()
  #covered: Coverage | undefined
  #lines = 0
  /** Since when the disk has taken nothing, monotonic ms. */
  #stuckSince: number | undefined
  /** The last write may have left half a line. */
  #isTorn = false
  readonly #untilWritable: UntilWritable

  /** Of another cluster's file nothing is taken over. */
  constructor(file: string, cluster: string, untilWritable: UntilWritable) {
    this.#file = file
    this.#untilWritable = untilWritable
    this.#head = { cluster, since: now() }
    this.#read()
    this.#last = this.#covered
    this.#rewrite()
  }

  /** For how long the disk has taken nothing of what is to be passed on, ms; 0 where nothing waits. */
  get stuckFor(): number {
    return this.#stuckSince === undefined ? 0 : performance.now() - this.#stuckSince
  }

  /** How far all of a kind had been passed on when the last run ended that saw it, µs. */
  watermark(path: string): number | undefined {
    return this.#last?.behind?.[path] ?? this.#last?.watermark
  }

  /** What there is of a kind was there at some time after this, µs: how far it had come, or when the file was begun. */
  since(path: string): number {
    return this.watermark(path) ?? this.#head.since
  }

  has(key: string): boolean {
    return this.#entry(key) !== undefined
  }

  /** Of the state that was last passed on, or is about to be. */
  digest(key: string): string | undefined {
    return this.#entry(key)?.digest
  }

  /** Of its last state that was passed on, or is about to be. */
  last(key: string): Passed | undefined {
    const { at, version } = this.#entry(key) ?? {}
    return at === undefined || version === undefined ? undefined : { at, version }
  }

  /** Whether its end is no event. */
  isSilent(key: string): boolean {
    return this.#entry(key)?.silent === true
  }

  mark(key: string): number | null | undefined {
    return this.#objects.get(key)?.mark
  }

  /** What a follower tells will be passed on. */
  setMark(key: string, mark: number | null): void {
    this.#heldMarks.set(key, mark)
  }

  of(path: string): ObjectRef[] {
    return [...this.#objects.values()].filter((each) => each.path === path).map(({ object }) => object)
  }

  /** Kinds of workloads by their path. */
  workloadKinds(): Map<string, string> {
    const kinds = new Map<string, string>()
    for (const { path, object } of this.#objects.values()) if (object.workloadKind) kinds.set(path, object.workloadKind)
    return kinds
  }

  /** Another may have passed on what this one has not: no state counts as the last that was, and no mark. */
  async forget(): Promise<void> {
    for (const [key, { digest: _, mark: __, ...there }] of this.#objects) this.#objects.set(key, there)
    await this.#write(() => this.#rewrite())
  }

  /** Of these objects alone no state counts as the last that was passed on. */
  async forgetStates(keys: Iterable<string>): Promise<void> {
    for (const key of keys) {
      const entry = this.#objects.get(key)
      if (!entry) continue
      const { digest: _, ...there } = entry
      this.#objects.set(key, there)
    }
    await this.#write(() => this.#rewrite())
  }

  /** A state will be passed on. `silent`: the end of the object would be no event. */
  holds(path: string, object: ObjectRef, state: Passed & { readonly digest: string }, silent = false): void {
    const { digest, at, version } = state
    this.#held.set(object.key, { object, path, digest, at, version, ...(silent && { silent }) })
  }

  /** A deletion will be passed on. */
  holdsEnd(key: string): void {
    this.#held.set(key, null)
  }

  /** Notes what was held around `send`, which passes it on. Where that fails or comes to nothing (false) nothing counts as passed on. */
  async pass(send: () => Promise<boolean>): Promise<void> {
    const held = [...this.#held]
    const marks = [...this.#heldMarks].map(([key, mark]) => ({ key, mark }))
    const before = [
      ...held.flatMap(([key, entry]) => {
        const before = this.#objects.get(key)
        if (entry === null || (before?.path === entry.path && before.silent === entry.silent)) return []
        const { digest: _, ...there } = entry
        return [there]
      }),
      ...marks.filter(({ mark }) => mark !== null),
    ]
    const after = [
      ...held.flatMap(([key, entry]): Line[] => {
        if (entry === null) return this.#objects.has(key) ? [{ gone: key }] : []
        const { digest, at, version } = entry
        return [{ key, digest, at, version }]
      }),
      ...marks.filter(({ mark }) => mark === null),
    ]
    let isSent = false
    try {
      await this.#write(() => this.#note(before))
      isSent = await send()
      if (isSent) await this.#write(() => this.#note(after))
    } finally {
      for (const [key] of held) {
        if (isSent) this.#lacking.delete(key)
        else this.#lacking.add(key)
      }
      this.#held.clear()
      this.#heldMarks.clear()
    }
  }

  /**
   * All kinds with these paths have been passed on up to here, µs; but for what failed, which makes it untrue until that is made
   * good. A kind that is not seen (its objects may not be read, or are not asked for) stays where it was.
   */
  covers(watermark: number, seen: ReadonlySet<string>): void {
    if (this.#lacking.size > 0) return
    const unseen = new Set<string>()
    for (const { path } of this.#objects.values()) if (!seen.has(path)) unseen.add(path)
    const since = (path: string) => this.#covered?.behind?.[path] ?? this.#covered?.watermark ?? this.#head.since
    const behind = Object.fromEntries([...unseen].map((path) => [path, since(path)]))
    try {
      this.#note([{ watermark, ...(unseen.size > 0 && { behind }) }])
    } catch {
      // The next run dates back further what it finds changed; where it lasts, `pass` says so.
    }
  }

  #entry(key: string): Entry | undefined {
    const held = this.#held.get(key)
    return held === undefined ? this.#objects.get(key) : (held ?? undefined)
  }

  /** As often as it takes: to write twice what says the same does no harm. */
  async #write(write: () => void): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        write()
        this.#stuckSince = undefined
        return
      } catch (error) {
        this.#stuckSince ??= performance.now()
        await this.#untilWritable(error as Error, tries)
      }
    }
  }

  #note(lines: readonly Line[]): void {
    if (lines.length === 0) return
    if (this.#lines + lines.length > 2 * this.#objects.size + 10_000) this.#rewrite()
    // Half a line ends here, and takes no other with it.
    const written = (this.#isTorn ? '\n' : '') + text(lines)
    this.#isTorn = true
    appendFileSync(this.#file, written)
    this.#isTorn = false
    for (const line of lines) this.#take(line)
    this.#lines += lines.length
  }

  #take(line: Line): void {
    if ('path' in line) {
      const { mark = this.#objects.get(line.object.key)?.mark } = line
      this.#objects.set(line.object.key, { ...line, ...(mark !== undefined && { mark }) })
    }
    if ('gone' in line) this.#objects.delete(line.gone)
    else if ('watermark' in line) this.#covered = line
    else if ('key' in line) {
      const entry = this.#objects.get(line.key)
      if (!entry) return
      const { key, ...told } = line
      this.#objects.set(key, { ...entry, ...told })
    }
  }

  #read(): void {
    if (!existsSync(this.#file)) return
    const [first, ...rest] = readFileSync(this.#file, 'utf8').split('\n').map(parse)
    if (!first || !('cluster' in first) || first.cluster !== this.#head.cluster) return
    if (!Number.isSafeInteger(first.since)) return
    this.#head = first
    for (const line of rest) if (line) this.#take(line)
  }

  #rewrite(): void {
    const lines: Line[] = [this.#head, ...this.#objects.values()]
    if (this.#covered !== undefined) lines.push(this.#covered)
    try {
      writeFileSync(`${this.#file}.new`, text(lines), { mode: 0o600 })
      renameSync(`${this.#file}.new`, this.#file)
    } catch (error) {
      rmSync(`${this.#file}.new`, { force: true })
      throw error
    }
    this.#isTorn = false
    this.#lines = lines.length
  }
}

const text = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')

/** A crash in the middle of an append leaves half a line, and a bad disk anything: it says nothing. */
function parse(line: string): Line | undefined {
  try {
    const read = JSON.parse(line)
    const isLine = 'path' in read ? typeof read.object?.key === 'string' : true
    return isLine ? read : undefined
  } catch {
    return undefined
  }
}
