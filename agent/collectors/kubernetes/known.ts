import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ObjectRef } from '../../../graph/model/observation.ts'

interface Entry {
  readonly object: ObjectRef
  /** Of the collection that it was found in: the API's plurals repeat (Services of Knative). */
  readonly path: string
}

/** Lines: an object that was passed on, one that was deleted, how far all had come, and whose they are (the first line). */
type Line = Entry | { gone: string } | { watermark: number } | { cluster: string }

/**
 * Which objects were passed on and not deleted, on disk: those that are gone when the collector comes back are deleted by
 * inference, which nobody else would ever do. Appended before what it notes is passed on, so that a crash leaves at most an object
 * too many; not synced, since only a crash of the machine could tell.
 */
export class Known {
  /** How far all had been passed on when the last run ended, µs. */
  readonly watermark: number | undefined
  readonly #file: string
  readonly #cluster: string
  readonly #objects = new Map<string, Entry>()
  #lines = 0

  /** Of another cluster's file nothing is taken over. */
  constructor(file: string, cluster: string) {
    this.#file = file
    this.#cluster = cluster
    this.watermark = this.#read()
    this.#rewrite(this.watermark)
  }

  get size(): number {
    return this.#objects.size
  }

  has(uid: string): boolean {
    return this.#objects.has(uid)
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

  /** Notes objects that are there, and UIDs that are gone. */
  note(path: string, there: readonly ObjectRef[], gone: readonly string[], watermark: number | undefined): void {
    const lines: Line[] = []
    for (const object of there) {
      if (this.#objects.get(object.key)?.path === path) continue
      this.#objects.set(object.key, { object, path })
      lines.push({ object, path })
    }
    for (const uid of gone) if (this.#objects.delete(uid)) lines.push({ gone: uid })
    if (watermark !== undefined) lines.push({ watermark })
    if (lines.length === 0) return
    this.#lines += lines.length
    if (this.#lines > 2 * this.#objects.size + 10_000) this.#rewrite(watermark)
    else appendFileSync(this.#file, text(lines))
  }

  #read(): number | undefined {
    if (!existsSync(this.#file)) return undefined
    const [first, ...rest] = readFileSync(this.#file, 'utf8').split('\n').map(parse)
    if (!first || !('cluster' in first) || first.cluster !== this.#cluster) return undefined
    let watermark: number | undefined
    for (const line of rest) {
      if (!line) continue
      if ('object' in line) this.#objects.set(line.object.key, line)
      else if ('gone' in line) this.#objects.delete(line.gone)
      else if ('watermark' in line) watermark = line.watermark
    }
    return watermark
  }

  #rewrite(watermark: number | undefined): void {
    const lines: Line[] = [{ cluster: this.#cluster }, ...this.#objects.values()]
    if (watermark !== undefined) lines.push({ watermark })
    writeFileSync(`${this.#file}.new`, text(lines), { mode: 0o600 })
    renameSync(`${this.#file}.new`, this.#file)
    this.#lines = lines.length
  }
}

const text = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')

/** A crash in the middle of an append leaves half a line, which says nothing. */
function parse(line: string): Line | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
