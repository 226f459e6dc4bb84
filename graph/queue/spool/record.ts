/**
 * One packed job on disk. Header of 28 bytes, little endian, then the body:
 * magic u32 | crc u32 (of all that follows) | length u32 (of the body) | job version u16 | lane u16 | count u32 | at f64
 * A record counts only when it is there whole and its checksum fits: what a crash left half written is told apart.
 */
import { crc32 } from 'node:zlib'

export const HEADER_BYTES = 28
const MAGIC = Buffer.from('ait1')

/** Larger than any job: a length above it is no length. */
const BODY_LIMIT = 128 * 1024 * 1024

export interface SpoolRecord {
  readonly lane: number
  /** Version of the packed job. */
  readonly version: number
  /** Observations in it. */
  readonly count: number
  /** When it was written, µs. */
  readonly at: number
  readonly body: Buffer
}

export const encodeRecord = (record: SpoolRecord): Buffer => {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + record.body.length)
  MAGIC.copy(bytes, 0)
  bytes.writeUInt32LE(record.body.length, 8)
  bytes.writeUInt16LE(record.version, 12)
  bytes.writeUInt16LE(record.lane, 14)
  bytes.writeUInt32LE(record.count, 16)
  bytes.writeDoubleLE(record.at, 20)
  record.body.copy(bytes, HEADER_BYTES)
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return bytes
}

export type Read =
  | { readonly is: 'record'; readonly record: SpoolRecord; readonly end: number }
  /** The buffer ends within it: read `bytes` from its start. */
  | { readonly is: 'short'; readonly bytes: number }
  /** What stands there is no record. */
  | { readonly is: 'broken' }

/** Reads the record at an offset. Its body is a view of the buffer. */
export const readRecord = (bytes: Buffer, offset: number): Read => {
  if (bytes.length - offset < HEADER_BYTES) return { is: 'short', bytes: HEADER_BYTES }
  if (bytes.compare(MAGIC, 0, MAGIC.length, offset, offset + MAGIC.length) !== 0) return { is: 'broken' }
  const length = bytes.readUInt32LE(offset + 8)
  if (length > BODY_LIMIT) return { is: 'broken' }
  const end = offset + HEADER_BYTES + length
  if (bytes.length < end) return { is: 'short', bytes: HEADER_BYTES + length }
  if (crc32(bytes.subarray(offset + 8, end)) !== bytes.readUInt32LE(offset + 4)) return { is: 'broken' }
  return {
    is: 'record',
    end,
    record: {
      version: bytes.readUInt16LE(offset + 12),
      lane: bytes.readUInt16LE(offset + 14),
      count: bytes.readUInt32LE(offset + 16),
      at: bytes.readDoubleLE(offset + 20),
      body: bytes.subarray(offset + HEADER_BYTES, end),
    },
  }
}

/** Offset of the next whole record after `offset`, or -1: tells a torn end (nothing follows) from damage in the middle. */
export const findRecord = (bytes: Buffer, offset: number): number => {
  for (let at = bytes.indexOf(MAGIC, offset); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    if (readRecord(bytes, at).is === 'record') return at
  }
  return -1
}
