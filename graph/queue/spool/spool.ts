/**
 * The outbox: every job is written here before it is queued, and read from here in the order written.
 *
 * Safety. `append` has returned when the kernel has the bytes: a kill -9 of this process loses nothing. What stays here for
 * longer than a second (the queue is away) is synced to disk once a second, so a power cut costs at most that second,
 * as with Redis' `appendfsync everysec`. What is passed on at once is never synced: Redis has it.
 */
import { closeSync, fdatasyncSync, openSync, statSync } from 'node:fs'
import { MILLISECOND } from '../../model/time.ts'
import { lockFolder } from './lock.ts'
import { encodeRecord, HEADER_BYTES, readRecord, type SpoolRecord } from './record.ts'
import {
  listSegments,
  type Position,
  PositionFile,
  readFully,
  removeSegment,
  repairLast,
  segmentFile,
  writeFully,
} from './segments.ts'

export interface SpoolLimits {
  /** Most bytes on disk. */
  readonly maxBytes: number
  /** Bytes after which the next segment begins. */
  readonly segmentBytes: number
}

export const SPOOL_LIMITS: SpoolLimits = { maxBytes: 256 * 1024 * 1024, segmentBytes: 8 * 1024 * 1024 }

/** A full spool takes records again only below this share of its limit, so that it does not flutter. */
const REOPEN_AT = 0.9

const SYNC_EVERY = 1_000

/** Records of one file that can't be read any more. They were written between the two times, µs. */
export interface Damage {
  readonly from: number
  readonly to: number
  readonly bytes: number
}

export class Spool {
  readonly #folder: string
  readonly #limits: SpoolLimits
  readonly #unlock: () => void
  readonly #position: PositionFile
  /** Sizes by segment number, in order; the last one is written to. */
  readonly #segments = new Map<number, number>()
  readonly #damages: Damage[] = []
  /** Bytes that were cut off at the start: half a record that nobody was told was safe. */
  readonly tornBytes: number
  /** While something waits to be passed on and is not synced. */
  #syncTimer: NodeJS.Timeout | undefined
  #last: { readonly segment: number; readonly fd: number }
  #reader: { readonly segment: number; readonly fd: number } | undefined
  #head: Position
  #full = false
  #unsynced = false
  #syncFault: string | null = null

  constructor(folder: string, limits: SpoolLimits = SPOOL_LIMITS) {
    this.#folder = folder
    this.#limits = limits
    this.#unlock = lockFolder(folder)
    this.#position = new PositionFile(folder)
    const numbers = listSegments(folder)
    for (const number of numbers) this.#segments.set(number, statSync(segmentFile(folder, number)).size)
    const number = numbers.at(-1) ?? 1
    this.#last = { segment: number, fd: openSync(segmentFile(folder, number), numbers.length > 0 ? 'r+' : 'w+', 0o600) }
    const { size, cut, damaged } = repairLast(this.#last.fd)
    this.#segments.set(number, size)
    this.tornBytes = damaged ? 0 : cut
    if (damaged) this.#noteDamage(number, cut)
    const first = { segment: numbers[0] ?? number, offset: 0 }
    const kept = this.#position.read() ?? first
    const known = this.#segments.get(kept.segment)
    this.#head = known === undefined || kept.offset > known ? first : kept
    // What is appended now may come to where an earlier run was: a start after the next crash must not begin there.
    if (this.#head !== kept) this.#position.write(this.#head)
    for (const old of numbers) if (old < this.#head.segment) this.#drop(old)
  }

  /** Writes a job behind all others; false where there is no room (or the disk refuses): it is not kept then. */
  append(record: SpoolRecord): boolean {
    const bytes = encodeRecord(record)
    const used = this.fileBytes()
    if (this.#full && used > this.#limits.maxBytes * REOPEN_AT) return false
    this.#full = used + bytes.length > this.#limits.maxBytes
    if (this.#full) return false
    try {
      const isLong = this.#segments.get(this.#last.segment)! >= this.#limits.segmentBytes
      // One that can't be synced now grows on: it stays the one that is tried again.
      if (isLong && this.#syncFault === null && this.#sync()) this.#roll()
      const size = this.#segments.get(this.#last.segment)!
      // Written at the size that counts, so that half a record of a failed write is overwritten or cut off later.
      writeFully(this.#last.fd, bytes, size)
      this.#segments.set(this.#last.segment, size + bytes.length)
      this.#unsynced = true
      this.#syncLater()
      return true
    } catch {
      this.#full = true
      return false
    }
  }

  /** Whether there would be room for a record now. */
  get full(): boolean {
    return this.#full && this.fileBytes() > this.#limits.maxBytes * REOPEN_AT
  }

  /** The records behind the position, up to about `maxBytes`, at least one if there is any, and the position behind them. */
  read(
    maxBytes: number,
    maxRecords = Number.POSITIVE_INFINITY,
  ): { readonly records: readonly SpoolRecord[]; readonly end: Position } {
    for (;;) {
      const size = this.#segments.get(this.#head.segment)!
      if (this.#head.offset < size) {
        const { records, end } = this.#readFrom(this.#head, size, maxBytes, maxRecords)
        if (records.length > 0) return { records, end: { segment: this.#head.segment, offset: end } }
        this.#skipDamage(size)
      }
      if (this.#head.segment === this.#last.segment) return { records: [], end: this.#head }
      this.advance({ segment: this.#next(this.#head.segment), offset: 0 })
    }
  }

  /** Marks all before `end` as passed on and frees the files that hold nothing else. */
  advance(end: Position): void {
    for (const segment of [...this.#segments.keys()]) {
      if (segment < end.segment) this.#drop(segment)
    }
    this.#head = end
    if (this.empty) this.#nothingToSync()
    if (end.segment === this.#last.segment && end.offset >= this.#limits.segmentBytes / 8 && this.empty) {
      const old = this.#last.segment
      this.#roll()
      this.#head = { segment: this.#last.segment, offset: 0 }
      this.#position.write(this.#head)
      this.#drop(old)
      return
    }
    this.#position.write(end)
  }

  get empty(): boolean {
    return this.passed(this.end)
  }

  /** Behind all that was written. */
  get end(): Position {
    return { segment: this.#last.segment, offset: this.#segments.get(this.#last.segment)! }
  }

  /** Whether all that is before a position was passed on. */
  passed({ segment, offset }: Position): boolean {
    return this.#head.segment > segment || (this.#head.segment === segment && this.#head.offset >= offset)
  }

  /** Bytes that wait to be passed on. */
  get waitingBytes(): number {
    return this.fileBytes() - this.#head.offset
  }

  /** Damage found since the last call; a torn end is none, since nobody was told that it was safe. */
  takeDamages(): Damage[] {
    return this.#damages.splice(0)
  }

  /** Why what waits is not synced, or null: a power cut would cost more than a second of it. */
  get syncFault(): string | null {
    return this.#syncFault
  }

  /** Bytes of all segments. */
  fileBytes(): number {
    let sum = 0
    for (const size of this.#segments.values()) sum += size
    return sum
  }

  close(): void {
    this.#sync()
    clearTimeout(this.#syncTimer)
    if (this.#reader !== undefined) closeSync(this.#reader.fd)
    closeSync(this.#last.fd)
    this.#position.close()
    this.#unlock()
  }

  #readFrom(
    from: Position,
    size: number,
    maxBytes: number,
    maxRecords: number,
  ): { records: SpoolRecord[]; end: number } {
    const fd = this.#readerOf(from.segment)
    const records: SpoolRecord[] = []
    let bytes = readFully(fd, Math.min(Math.max(maxBytes, HEADER_BYTES), size - from.offset), from.offset)
    let offset = 0
    for (;;) {
      const read = readRecord(bytes, offset)
      if (
        read.is === 'short' &&
        records.length === 0 &&
        from.offset + read.bytes <= size &&
        read.bytes > bytes.length
      ) {
        bytes = readFully(fd, read.bytes, from.offset)
        continue
      }
      if (read.is !== 'record' || records.length >= maxRecords) return { records, end: from.offset + offset }
      records.push(read.record)
      offset = read.end
    }
  }

  /** What stands at the head is broken: what is left of its segment can't be trusted. */
  #skipDamage(size: number): void {
    this.#noteDamage(this.#head.segment, size - this.#head.offset)
    this.advance({ segment: this.#head.segment, offset: size })
  }

  #noteDamage(segment: number, bytes: number): void {
    const { birthtimeMs, mtimeMs } = statSync(segmentFile(this.#folder, segment))
    this.#damages.push({ from: Math.floor(birthtimeMs * MILLISECOND), to: Math.ceil(mtimeMs * MILLISECOND), bytes })
  }

  #readerOf(segment: number): number {
    if (this.#reader?.segment !== segment) {
      if (this.#reader !== undefined) closeSync(this.#reader.fd)
      this.#reader = { segment, fd: openSync(segmentFile(this.#folder, segment), 'r') }
    }
    return this.#reader.fd
  }

  #next(segment: number): number {
    return Math.min(...[...this.#segments.keys()].filter((each) => each > segment))
  }

  #roll(): void {
    const segment = this.#last.segment + 1
    const fd = openSync(segmentFile(this.#folder, segment), 'w+', 0o600)
    closeSync(this.#last.fd)
    this.#last = { segment, fd }
    this.#segments.set(segment, 0)
  }

  #drop(segment: number): void {
    if (this.#reader?.segment === segment) {
      closeSync(this.#reader.fd)
      this.#reader = undefined
    }
    this.#segments.delete(segment)
    removeSegment(this.#folder, segment)
  }

  #nothingToSync(): void {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    this.#syncFault = null
  }

  #syncLater(): void {
    this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_EVERY).unref()
  }

  /** False where the disk refuses: it is asked again a second later. */
  #sync(): boolean {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    if (!this.#unsynced || this.empty) return true
    try {
      fdatasyncSync(this.#last.fd)
    } catch (error) {
      this.#syncFault = (error as Error).message
      this.#syncLater()
      return false
    }
    this.#unsynced = false
    this.#syncFault = null
    return true
  }
}
