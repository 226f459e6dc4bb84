import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Runs `work` while no other process on this machine holds the lock of that file. The kernel holds the lock for a
 * child that lives as long as we keep its input open, so a killed holder never leaves it locked.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const locked = once(holder.stdout, 'data')
  const failed = Promise.race([once(holder, 'error'), once(holder, 'exit')]).then(([cause]) => {
    throw new Error(`flock ${file} ended before it had the lock: ${cause}`)
  })
  // Once locked, the end of the holder is expected.
  failed.catch(() => {})
  try {
    if (!(await Promise.race([locked.then(() => true), failed, delay(500, false)]))) {
      onWait?.()
      await Promise.race([locked, failed])
    }
    return await work()
  } finally {
    holder.stdin.end()
  }
}
