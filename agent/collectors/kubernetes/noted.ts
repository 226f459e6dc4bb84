import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Log } from '../collector.ts'

/**
 * What a small file says, read by `read`; undefined where there is none. What is not whole (throws, or reads as undefined) counts as
 * none and is told: a crash of the machine may leave it so, and to fail for ever would help nobody.
 */
export function noted<T>(file: string, read: (text: string) => T | undefined, log: Log): T | undefined {
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  try {
    const found = read(text)
    if (found !== undefined) return found
  } catch {
    // Told below.
  }
  log.warn(`${file} is written anew: it was ${text === '' ? 'empty' : 'broken'}`)
  return undefined
}

/** A crash leaves what was there, or all of this. */
export function note(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { flush: true })
  renameSync(`${file}.new`, file)
}
