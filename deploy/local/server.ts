/** Runs one server as a child on a data folder of its own: never two on one folder, none left behind by a crash. */
import { spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { listening } from './listening.ts'

export type Server = {
  readonly pid: number
  /** Ends the server in good order; does nothing to a server that somebody else started. */
  stop(): Promise<void>
  /** Ends the server as a crash would (SIGKILL), whoever started it. */
  kill(): Promise<void>
  /** Settles when the server has ended, for whatever reason. */
  readonly exited: Promise<void>
}

type Command = {
  /** For messages. */
  name: string
  /** The data folder; it must exist. */
  dir: string
  /** Computes the command at the moment of the start, so that it may choose free ports. */
  command(): Promise<{ file: string; args: string[] }>
  /** Whether the server answers at its port. */
  ready(): Promise<boolean>
}

const startLimit = 300_000
const stopLimit = 40_000

/**
 * Starts the server, or finds the one that runs on the folder already. That one is shared while the process that started
 * it lives (`stop` then leaves it alone); an orphan of a crashed run is ended and replaced.
 */
export async function runServer(it: Command): Promise<Server> {
  const release = await claim(join(it.dir, 'starting.lock'))
  try {
    return await findOrStart(it)
  } finally {
    release()
  }
}

async function findOrStart(it: Command): Promise<Server> {
  for (;;) {
    const holder = holderOf(it.dir)
    if (!holder) break
    if (lives(join(it.dir, 'owner.json'))) {
      await untilReady(it, holder, () => holderOf(it.dir) === holder)
      const exited = gone(holder)
      return { pid: holder, stop: async () => {}, kill: () => end(holder, 'SIGKILL', exited), exited }
    }
    await end(holder, 'SIGTERM', gone(holder))
  }
  const { file, args } = await it.command()
  writeWhole(join(it.dir, 'owner.json'), JSON.stringify(myself()))
  const log = openSync(join(it.dir, 'server.log'), 'w', 0o600)
  // setsid: Ctrl-C reaches us alone, and we end the servers after their clients. setpriv: a server outlives a killed parent
  // only for its own orderly end. flock: the kernel holds the folder for just as long as the server lives (it waits, since
  // a fork that Redis rewrites its file with may be a moment behind). All three exec: the pid is the server's own.
  const wrapped = [...'setpriv --pdeathsig TERM flock --no-fork --timeout 30'.split(' '), join(it.dir, 'lock'), file]
  const child = spawn('setsid', [...wrapped, ...args], { stdio: ['ignore', log, log], cwd: it.dir })
  closeSync(log)
  await once(child, 'spawn')
  const pid = child.pid as number
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ended = () => child.exitCode !== null || child.signalCode !== null
  try {
    await untilReady(it, pid, () => !ended())
  } catch (error) {
    if (!ended()) await end(pid, 'SIGKILL', exited)
    throw error
  }
  return {
    pid,
    stop: () => (ended() ? exited : end(pid, 'SIGTERM', exited)),
    kill: () => (ended() ? exited : end(pid, 'SIGKILL', exited)),
    exited,
  }
}

/** The ports that the folder's server had last time where they are free, so that its address outlives a restart. */
export async function choosePorts<Name extends string>(dir: string, wanted: Record<Name, number | undefined>) {
  const file = join(dir, 'ports.json')
  const last = readJson(file) as Partial<Record<Name, number>> | undefined
  const chosen = {} as Record<Name, number>
  for (const name of Object.keys(wanted) as Name[]) {
    chosen[name] = wanted[name] ?? (await freePort(last?.[name]))
  }
  writeWhole(file, JSON.stringify(chosen))
  return chosen
}

/** The ports that the server of this folder listens on (or did, if it has ended). */
export function portsOf<Name extends string>(dir: string): Record<Name, number> {
  return readJson(join(dir, 'ports.json')) as Record<Name, number>
}

/** Makes the password of the folder's server unless it has one, for its owner's eyes only. Part of `command`, in which no two starts are at once. */
export function makePassword(dir: string) {
  const file = join(dir, 'password')
  if (!existsSync(file)) writeWhole(file, randomBytes(24).toString('base64url'))
}

/** The password of the folder's server. */
export function passwordOf(dir: string): string {
  const file = join(dir, 'password')
  const password = readFileSync(file, 'utf8').trim()
  // To a server this would mean that it needs none.
  if (password === '') throw new Error(`expected the password of the server of ${dir} in ${file}, it is empty`)
  return password
}

/** Writes a file so that an interruption leaves the old one or the new one, never half of it. */
export function writeWhole(file: string, text: string, mode = 0o600) {
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode })
  renameSync(temporary, file)
}

/** Waits for the server's answer; fails with the end of its log if `runs` turns false or five minutes pass. */
async function untilReady(it: Command, pid: number, runs: () => boolean) {
  const limit = Date.now() + startLimit
  // An answer alone could be that of a stranger who was quicker to take the port.
  const listens = () => Object.values(portsOf(it.dir)).some((port) => listening(pid).some((it) => it.port === port))
  while (!(runs() && listens() && (await it.ready()))) {
    const why = !runs() ? 'ended before it answered' : Date.now() > limit ? 'did not answer within five minutes' : ''
    if (why) {
      const file = join(it.dir, 'server.log')
      const tail = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n  ')
      throw new Error(`${it.name} ${why}. The end of ${file}:\n  ${tail}`)
    }
    await sleep(50)
  }
}

/** The pid that holds the folder's lock, from /proc/locks (`1: FLOCK ADVISORY WRITE pid major:minor:inode 0 EOF`). */
function holderOf(dir: string): number | undefined {
  const inode = statSync(join(dir, 'lock'), { throwIfNoEntry: false })?.ino
  if (inode === undefined) return undefined
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    const [, kind, , , pid, file] = line.trim().split(/\s+/)
    if (kind === 'FLOCK' && file?.endsWith(`:${inode}`) && holdsFile(Number(pid), join(dir, 'lock'))) return Number(pid)
  }
  return undefined
}

/** Two file systems can have the same inode number: look at what the process really has open. */
function holdsFile(pid: number, file: string) {
  const wanted = statSync(file)
  for (let fd = 3; fd < 64; fd++) {
    const open = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false })
    if (open && open.ino === wanted.ino && open.dev === wanted.dev) return true
  }
  return false
}

/**
 * Takes a file for this process alone, waiting while another (or another part of ours) has it; gives the release. The kernel
 * holds it for just as long as we live: what a crash leaves needs no judging, in which two could come to the same end.
 */
export async function claim(file: string) {
  const fd = openSync(file, 'a', 0o600)
  try {
    // The lock belongs to the open file, which the child shares: it stays when flock has ended.
    while (!(await locked(fd, file))) await sleep(100)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return () => closeSync(fd)
}

async function locked(fd: number, file: string): Promise<boolean> {
  const flock = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
  const [status] = await once(flock, 'exit')
  // 1: somebody has it. All else (a file system without locks) would never pass.
  if (status === 0 || status === 1) return status === 0
  throw new Error(`flock ended with ${status}: ${file} must be on a file system that has locks`)
}

const myself = () => ({ pid: process.pid, start: startOf(process.pid) })

/** Whether the process that a file names is there still. */
function lives(file: string) {
  const named = readJson(file) as ReturnType<typeof myself> | undefined
  return named !== undefined && startOf(named.pid) === named.start
}

/** A process's start time in clock ticks, which with its pid names it for good; undefined when it has ended. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Settles when a process that is no child of ours has ended. */
async function gone(pid: number) {
  const start = startOf(pid)
  while (start !== undefined && startOf(pid) === start) await sleep(50)
}

async function end(pid: number, signal: 'SIGTERM' | 'SIGKILL', exited: Promise<void>) {
  send(pid, signal)
  const timer = setTimeout(() => send(pid, 'SIGKILL'), stopLimit)
  await exited
  clearTimeout(timer)
}

function send(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The port if it is free, else one below the range from which the kernel takes the local ends of connections. */
async function freePort(preferred: number | undefined): Promise<number> {
  for (let port = preferred ?? randomPort(); ; port = randomPort()) {
    const probe = createServer().listen(port, '127.0.0.1')
    const free = await once(probe, 'listening').then(
      () => true,
      () => false,
    )
    if (!free) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}

const randomPort = () => randomInt(20_000, 30_000)

/** What the file holds; undefined if it is not there or was cut off by a crash. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
