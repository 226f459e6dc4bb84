/** Where long-running parts say what they do. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pino, { type Logger } from 'pino'
import { dataDir } from './config.ts'
import { forTerminal } from './output.ts'
import { oneLine } from './render/columns.ts'

/** A part that runs alone: JSON lines on standard error, for whatever gathers logs. */
export const roleLog = (role: string): Logger => {
  const destination = pino.destination({ dest: 2, sync: true })
  // It writes past process.stderr. A terminal that was closed is no reason to end otherwise than in order.
  destination.on('error', () => {})
  return pino({ base: { role } }, destination)
}

/** The file that `aitia up` logs to. */
export const logFile = join(dataDir, 'aitia.log')

/** All parts in one process: everything into a file, and what is wrong onto the terminal too. */
export const upLog = (): Logger => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const terminal = {
    write: (line: string) => {
      const { level, time, msg, stack, ...details } = JSON.parse(line) as Record<string, unknown>
      const told = Object.entries(details).map(
        ([name, value]) => `${name}: ${typeof value === 'string' ? oneLine(value) : JSON.stringify(value)}`,
      )
      const kind = Number(level) >= 50 ? 'error' : 'warning'
      process.stderr.write(`${forTerminal(`${kind}: ${msg}${told.length > 0 ? ` (${told.join(', ')})` : ''}`)}\n`)
    },
  }
  return pino(
    { base: {} },
    pino.multistream([
      { level: 'info', stream: pino.destination({ dest: logFile, append: true, sync: false, mode: 0o600 }) },
      { level: 'warn', stream: terminal },
    ]),
  )
}
