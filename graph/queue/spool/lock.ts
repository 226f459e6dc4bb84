/** One owner for a folder, for as long as its process lives: flock(2), which the kernel gives back however the process ends. */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Somebody else has the folder. */
export class FolderTaken extends Error {
  /** Its process. */
  readonly holder: string

  constructor(folder: string, holder: string) {
    super(`${folder} is in use by process ${holder}. End it, or give this one a data folder of its own (AITIA_DATA).`)
    this.holder = holder
  }
}

/** Locks a folder (made if it is not there); returns what gives it back. Throws `FolderTaken` where it is taken. */
export const lockFolder = (folder: string): (() => void) => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'lock')
  const fd = openSync(file, 'a+', 0o600)
  // The lock belongs to the open file, which the child shares: it stays when flock has ended.
  const { status, error, stderr } = spawnSync('flock', ['--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    encoding: 'utf8',
  })
  if (status === 0) {
    writeSync(fd, `${process.pid}\n`)
    return () => closeSync(fd)
  }
  closeSync(fd)
  if (error !== undefined)
    throw new Error(`${folder} can't be locked: flock (of util-linux) did not run: ${error.message}`)
  // 1: somebody has it. All else (a file system without locks) is no owner that could be ended.
  if (status !== 1) throw new Error(`${folder} can't be locked: flock ended with ${status}: ${stderr.trim()}`)
  // It may have the lock and not have said its name yet.
  throw new FolderTaken(folder, readFileSync(file, 'utf8').trim().split('\n').at(-1) || '?')
}
