/** What one run of the collector leaves to the next: where it was, by which clock, what was lost and who was killed until then. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ClockSample } from '../../native/native.ts'

export interface SavedState {
  readonly bootId: string
  /** µs since the epoch: everything before it was handed on. */
  readonly watermark: number
  readonly clock: ClockSample
  /** Failed reserves by program that were reported. */
  readonly lost: Readonly<Record<string, number>>
  /** The last victims that were told of: pid, and the boot clock in ns. The kernel's log tells of them again. */
  readonly victims: readonly (readonly [number, number])[]
}

/** Null where there is none, or one that was never whole. */
export const readState = (file: string): SavedState | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SavedState
  } catch {
    return null
  }
}

export const writeState = (file: string, state: SavedState): void => {
  writeFileSync(`${file}.part`, JSON.stringify(state))
  renameSync(`${file}.part`, file)
}
