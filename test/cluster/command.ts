import { execFile } from 'node:child_process'

/** Runs a program to its end and gives what it printed; a failure says the command and what it printed as error. */
export function run(
  program: string,
  args: string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<string> {
  const { input, ...rest } = options
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { ...rest, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (!error) resolve(stdout)
      else reject(new Error(`${program} ${args.join(' ')} failed: ${stderr.trim() || error.message}`, { cause: error }))
    })
    // A program that ends before it has read everything already fails by its exit code.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

/** Whether a program is on PATH. */
export function hasTool(name: string): Promise<boolean> {
  return run('sh', ['-c', 'command -v "$0"', name]).then(
    () => true,
    () => false,
  )
}

/** Prints one line of progress to standard error. */
export function progress(line: string): void {
  process.stderr.write(`cluster: ${line}\n`)
}
