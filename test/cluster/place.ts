import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cgroupFolders, createCgroup } from './cgroups.ts'
import { run } from './command.ts'
import { config } from './config.ts'
import { identify } from './processes.ts'
import type { RunState } from './run-state.ts'

/** Namespaces of a place, as nsenter and unshare name them. */
export type Namespaces = ('--net' | '--mount' | '--uts')[]

/** Where programs of a run live: plainly on the host, or in a cgroup and namespaces of their own. */
export interface Place {
  state: RunState
  /** Cgroup that a program joins before it starts. */
  cgroup?: string
  /** The process that keeps the namespaces alive, and which they are. */
  holder?: { pid: number; namespaces: Namespaces }
  /** Folder searched for programs before PATH. */
  programs?: string
}

/** A place with namespaces. */
export type HeldPlace = Place & Required<Pick<Place, 'cgroup' | 'holder'>>

// `ip netns exec` would mount a new /sys without cgroups, so namespaces are held by a process and entered by its pid.
const joinThenExec = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"'

function wrap(place: Place, command: string[]): string[] {
  const { cgroup, holder } = place
  const entered = holder ? ['nsenter', `--target=${holder.pid}`, ...holder.namespaces, '--', ...command] : command
  return cgroup ? ['sh', '-c', joinThenExec, 'sh', ...cgroupFolders(cgroup), '--', ...entered] : entered
}

function environment(place: Place): NodeJS.ProcessEnv {
  const path = place.programs ? `${place.programs}:${config.path}` : config.path
  // Programs that live for minutes and have memory enough: they collect their garbage less often.
  return { PATH: path, HOME: place.state.folder, GOGC: '400' }
}

/** Runs a program to its end in a place. */
export function runAt(place: Place, command: string[]): Promise<string> {
  const [program, ...args] = wrap(place, command)
  return run(program!, args, { env: environment(place) })
}

/** Runs shell lines in a place, to the first that fails. */
export async function shellAt(place: Place, lines: string[]): Promise<void> {
  await runAt(place, ['sh', '-ec', lines.join('\n')])
}

/** Starts a program in a place that goes on after this process, unless the run is ended; its output goes to `log`. */
export function spawnAt(place: Place, command: string[], log: string): ChildProcess {
  const [program, ...args] = wrap(place, command)
  const output = openSync(log, 'a', 0o600)
  const child = spawn(program!, args, {
    cwd: place.state.folder,
    env: environment(place),
    // A session of its own: Ctrl-C is for us, and we end the run as a whole.
    detached: true,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  child.unref()
  const identity = child.pid ? identify(child.pid) : undefined
  if (identity) place.state.record(identity)
  return child
}

/** Makes a cgroup `name` of the run, and namespaces in it that live until the run ends. */
export async function createPlace(state: RunState, name: string, namespaces: Namespaces): Promise<HeldPlace> {
  const base = { state, cgroup: join(state.cgroup, name) }
  createCgroup(base.cgroup)
  const privately = namespaces.includes('--mount') ? ['--propagation=private'] : []
  const log = join(state.folder, `${name.replaceAll('/', '-')}.holder.log`)
  const { pid } = spawnAt(base, ['unshare', ...namespaces, ...privately, 'sleep', 'infinity'], log)
  // The same pid becomes shell, unshare and at last sleep, which is when the namespaces are there.
  while (pid && identify(pid) && commandOf(pid) !== 'sleep') await delay(5)
  if (!pid || !identify(pid)) throw new Error(`no namespaces for ${name}: ${readFileSync(log, 'utf8')}`)
  return { ...base, holder: { pid, namespaces } }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
