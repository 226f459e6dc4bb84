/** The files of a spool: numbered segments, and the position up to which they have been passed on. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { findRecord, readRecord } from './record.ts'

export interface Position {
  readonly segment: number
  /** Bytes into it. */
  readonly offset: number
}

const SUFFIX = '.spool'

export const segmentFile = (folder: string, segment: number): string =>
  join(folder, `${String(segment).padStart(10, '0')}${SUFFIX}`)

/** Numbers of the segments in a folder, ascending. */
export const listSegments = (folder: string): number[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => Number(name.slice(0, -SUFFIX.length)))
    .sort((a, b) => a - b)

export const readFully = (fd: number, length: number, offset: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length)
  let have = 0
  while (have < length) {
    const read = readSync(fd, bytes, have, length - have, offset + have)
    if (read === 0) break
    have += read
  }
  return bytes.subarray(0, have)
}

export const writeFully = (fd: number, bytes: Buffer, offset: number): void => {
  for (let written = 0; written < bytes.length; )
    written += writeSync(fd, bytes, written, bytes.length - written, offset + written)
}

/**
 * Looks through the last segment after a crash and cuts off what was being written then. Returns its size, and whether
 * whole records stood behind a broken one: then it was not a torn end but damage.
 */
export const repairLast = (fd: number): { readonly size: number; readonly cut: number; readonly damaged: boolean } => {
  const bytes = readFully(fd, fstatSync(fd).size, 0)
  let size = 0
  for (;;) {
    const read = readRecord(bytes, size)
    if (read.is !== 'record') break
    size = read.end
  }
  const damaged = findRecord(bytes, size) !== -1
  ftruncateSync(fd, size)
  return { size, cut: bytes.length - size, damaged }
}

const POSITION_BYTES = 20

const positionIn = (bytes: Buffer): Position | undefined => {
  if (bytes.length < POSITION_BYTES || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined
  return { segment: bytes.readDoubleLE(4), offset: bytes.readDoubleLE(12) }
}

/** Bytes that wait in a spool folder, which may belong to a running process; 0 where there is none. */
export const waitingBytes = (folder: string): number => {
  if (!existsSync(folder)) return 0
  const file = join(folder, 'position')
  const position = existsSync(file) ? positionIn(readFileSync(file)) : undefined
  return listSegments(folder).reduce((sum, segment) => {
    const size = statSync(segmentFile(folder, segment)).size
    if (position === undefined || segment > position.segment) return sum + size
    return segment === position.segment ? sum + size - position.offset : sum
  }, 0)
}

/** Keeps the position in a file of one block, checksummed: unreadable, it counts as the beginning (jobs are then sent again). */
export class PositionFile {
  readonly #fd: number

  constructor(folder: string) {
    this.#fd = openSync(join(folder, 'position'), constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  read(): Position | undefined {
    return positionIn(readFully(this.#fd, POSITION_BYTES, 0))
  }

  write(position: Position): void {
    const bytes = Buffer.alloc(POSITION_BYTES)
    bytes.writeDoubleLE(position.segment, 4)
    bytes.writeDoubleLE(position.offset, 12)
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
    writeFully(this.#fd, bytes, 0)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

export const removeSegment = (folder: string, segment: number): void =>
  rmSync(segmentFile(folder, segment), { force: true })
