/** Runs a program of this project under this Node, on this terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { environment, root } from './config.ts'

const grace = 30_000
/** The exit code of what a signal ended. */
export const INTERRUPTED = 130

/**
 * Resolves with the exit code. Ctrl-C reaches the program by itself, since it shares the terminal; a signal that was sent
 * to us alone is handed on. Either way its end is waited for, so that what it started is ended in order. `output` takes what it prints:
 * a file that is open, else this terminal.
 */
export async function run(
  args: string[],
  more: NodeJS.ProcessEnv = {},
  output: 'inherit' | number = 'inherit',
): Promise<number> {
  const env = { ...environment, ...more }
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['inherit', output, output], env })
  let last: NodeJS.Timeout | undefined
  const onSignal = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGINT') child.kill(signal)
    // An interrupt that came to us alone is not known to be one: who goes on after it is asked once more before it is killed.
    last ??= setTimeout(() => {
      child.kill('SIGTERM')
      last = setTimeout(() => child.kill('SIGKILL'), grace)
    }, grace)
  }
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, onSignal)
  const [code] = await once(child, 'exit')
  for (const signal of signals) process.off(signal, onSignal)
  clearTimeout(last)
  return code ?? INTERRUPTED
}
