import { readFileSync } from 'node:fs'

/** A process that cannot be taken for a later one under the same pid. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks from boot to its start, field 22 of /proc/PID/stat. */
  startTime: string
}

/** The process that now has this pid, or undefined when there is none or it has ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command may hold spaces and brackets: count fields from the last bracket, after which comes field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A killed process shows as a zombie while its other threads (field 20) still end and hold its sockets.
    const ended = fields[0] === 'X' || (fields[0] === 'Z' && Number(fields[17]) <= 1)
    return ended ? undefined : { pid, startTime: fields[19]! }
  } catch {
    return undefined
  }
}

/** Whether that very process still runs. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identify(pid)?.startTime === startTime
}

/** Signals that very process; nothing happens when it has ended. */
export function signal(target: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    if (isAlive(target)) process.kill(target.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
