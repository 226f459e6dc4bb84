/** Runs a tool of the set-up: quiet while it works, its last words in the error when it fails. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { environment } from './config.ts'

/** Resolves with the tool's standard output; rejects with its command line, exit code and last 30 lines of output. */
export async function runTool(file: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const env = { ...environment, ...options.env }
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: options.cwd, env })
  let out = ''
  let both = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
    both += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    both += text
  })
  const line = [file, ...args].join(' ')
  const [code, signal] = await once(child, 'close').catch((error: Error) => {
    throw new Error(`${line}: ${error.message}`)
  })
  if (code !== 0) {
    const tail = both.trimEnd().split('\n').slice(-30).join('\n  ')
    throw new Error(`${line}\nended with ${signal ?? `exit code ${code}`}:\n  ${tail}`)
  }
  return out
}
