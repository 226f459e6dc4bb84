/** What one run of the collector leaves to the next: where it was, by which clock, what was lost and who was killed until then. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { ClockSample } from '../../native/native.ts'

/**
 * A gap that was told, µs since the epoch, and whose kills are still to be read from the kernel's log: with the clocks that its
 * stamps are converted by, so that whoever reads it makes equal events.
 */
export interface Unread {
  /** Since when, up to the gap, programs told of every kill. Absent: not known. */
  readonly watchedFrom?: number
  readonly from: number
  readonly to: number
  /** Of the wall clock from the boot clock, µs. */
  readonly offset: number
  /** How long the machine had been suspended in this boot, µs, when the gap began and when it ended. */
  readonly suspended: readonly [number, number]
}

export interface SavedState {
  readonly bootId: string
  /** The kernel's id of the ring that it has read. */
  readonly ringId: number
  /** µs since the epoch: from then on up to `watermark` everything was watched. Absent in what an agent before this version left. */
  readonly watchedFrom?: number
  /** µs since the epoch: everything before it was handed on. */
  readonly watermark: number
  readonly clock: ClockSample
  /** Failed reserves by program that were reported. */
  readonly lost: Readonly<Record<string, number>>
  /** The last victims that were told of: pid, and the boot clock in ns. The kernel's log tells of them again. */
  readonly victims: readonly (readonly [number, number])[]
  /** How long the machine had been suspended in this boot by then, µs. */
  readonly suspended: number
  readonly unread?: Unread
}

/** Room of a slot, bytes: the victims that are remembered need about 7 kB. */
const SLOT = 16_384
/** checksum u32 (of all that follows) | length u32 (of the JSON) | number f64, then the JSON. */
const HEAD = 16

interface Numbered {
  readonly number: number
  readonly state: SavedState
}

/**
 * The file of the state, with two slots that are written in turn, each checksummed: it is written every second or few, and making a
 * new file and renaming it costs ten times as much. A kill leaves the slot before whole.
 */
export class StateFile {
  /** What an earlier run left; null where there is none, or one that was never whole. */
  readonly saved: SavedState | null
  readonly #fd: number
  #number: number

  constructor(file: string) {
    this.#fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600)
    const bytes = Buffer.alloc(2 * SLOT)
    readSync(this.#fd, bytes, 0, bytes.length, 0)
    const [first, second] = [stateIn(bytes.subarray(0, SLOT)), stateIn(bytes.subarray(SLOT))]
    const newest = (first?.number ?? -1) > (second?.number ?? -1) ? first : second
    this.saved = newest?.state ?? null
    this.#number = newest?.number ?? 0
  }

  /** @throws Error where the disk refuses it */
  write(state: SavedState): void {
    const json = Buffer.from(JSON.stringify(state))
    if (json.length > SLOT - HEAD)
      throw new Error(`the state has ${json.length} bytes: expected ${SLOT - HEAD} at most`)
    const bytes = Buffer.alloc(HEAD + json.length)
    const number = this.#number + 1
    bytes.writeUInt32LE(json.length, 4)
    bytes.writeDoubleLE(number, 8)
    json.copy(bytes, HEAD)
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
    const written = writeSync(this.#fd, bytes, 0, bytes.length, (number % 2) * SLOT)
    if (written < bytes.length) throw new Error(`${written} of ${bytes.length} bytes of the state were written`)
    this.#number = number
  }

  close(): void {
    closeSync(this.#fd)
  }
}

const stateIn = (slot: Buffer): Numbered | null => {
  const end = HEAD + slot.readUInt32LE(4)
  if (end > slot.length || crc32(slot.subarray(4, end)) !== slot.readUInt32LE(0)) return null
  // An agent before this version noted no suspension: kills of the gap that its end left are still to be found in the log.
  const state: SavedState = { suspended: 0, ...JSON.parse(slot.toString('utf8', HEAD, end)) }
  return { number: slot.readDoubleLE(8), state }
}
