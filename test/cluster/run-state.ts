import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { atEnd } from './at-end.ts'
import { processesIn, removeCgroup } from './cgroups.ts'
import { config } from './config.ts'
import { withLock } from './lock.ts'
import { identify, isAlive, type ProcessIdentity, signal } from './processes.ts'

const sweepMilliseconds = 20_000
/** Owner of a run that outlives the process which started it. */
const kept = 'kept'

/** Folder, cgroup and processes of one run, so that it can be ended from anywhere, also after a crash. */
export class RunState {
  readonly name: string
  readonly folder: string
  /** Below it lives every process of the run (as root; without root there are no cgroups). */
  readonly cgroup: string
  readonly #release: () => void

  private constructor(name: string) {
    this.name = name
    this.folder = folderOf(name)
    this.cgroup = cgroupOf(name)
    this.#release = atEnd(() => sweep(name))
  }

  /** Claims a name after removing what crashed runs left; a name whose owner still runs is an error. */
  static async open(name: string): Promise<RunState> {
    checkName(name)
    return withLock(join(config.stateFolder, 'lock'), async () => {
      checkOwner()
      for (const other of readdirSync(config.stateFolder, { withFileTypes: true })) {
        if (other.isDirectory() && isAbandoned(other.name)) sweep(other.name)
      }
      if (existsSync(folderOf(name))) {
        throw new Error(
          `cluster ${name} runs already (${readOwner(name)}); end it with: node test/cluster/main.ts down ${name}`,
        )
      }
      // A run that died before its folder was there can still have left a cgroup.
      sweep(name)
      mkdirSync(folderOf(name), { mode: 0o700 })
      writeOwner(name, JSON.stringify(identify(process.pid)))
      return new RunState(name)
    })
  }

  /** Ends a run from any process, whoever owns it. */
  static async remove(name: string): Promise<void> {
    checkName(name)
    await withLock(join(config.stateFolder, 'lock'), async () => {
      checkOwner()
      sweep(name)
    })
  }

  /** Notes a process to be ended with the run. */
  record(identity: ProcessIdentity): void {
    appendFileSync(join(this.folder, 'processes'), `${JSON.stringify(identity)}\n`)
  }

  /** Lets the run outlive this process. */
  keep(): void {
    writeOwner(this.name, kept)
    this.#release()
  }

  /** Ends the run's processes and removes all that it made. */
  end(): void {
    sweep(this.name)
    this.#release()
  }
}

function checkName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) {
    throw new Error(`a cluster's name is 1 to 31 of a-z, 0-9 and -, got ${JSON.stringify(name)}`)
  }
}

/** What is written there says which processes to kill, so nobody else may have made it. */
function checkOwner(): void {
  const { uid } = statSync(config.stateFolder)
  if (uid !== process.getuid?.()) throw new Error(`${config.stateFolder} belongs to user ${uid}, expected to own it`)
}

const folderOf = (name: string) => join(config.stateFolder, name)
const cgroupOf = (name: string) => `/aitia-cluster-${name}`

function readOwner(name: string): string {
  try {
    return readFileSync(join(folderOf(name), 'owner'), 'utf8')
  } catch {
    return ''
  }
}

function writeOwner(name: string, owner: string): void {
  const file = join(folderOf(name), 'owner')
  writeFileSync(`${file}.new`, owner)
  renameSync(`${file}.new`, file)
}

function isAbandoned(name: string): boolean {
  const owner = readOwner(name)
  return owner !== kept && (owner === '' || !isAlive(JSON.parse(owner)))
}

function recorded(name: string): ProcessIdentity[] {
  const file = join(folderOf(name), 'processes')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/**
 * Ends every process of a run and removes its cgroups and its folder. Mounts and network namespaces belong to the
 * run's own namespaces, so they go with the last process. Synchronous, for it must also work while Node exits.
 */
export function sweep(name: string): void {
  const deadline = performance.now() + sweepMilliseconds
  const clock = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const members = [...processesIn(cgroupOf(name))].map(identify).filter((identity) => identity !== undefined)
    const left = [...recorded(name).filter(isAlive), ...members]
    for (const identity of left) signal(identity, 'SIGKILL')
    if (left.length === 0 && removeCgroup(cgroupOf(name))) break
    if (performance.now() > deadline) {
      throw new Error(
        `cluster ${name}: still there after ${sweepMilliseconds} ms: ${left.map(({ pid }) => pid).join(', ') || cgroupOf(name)}`,
      )
    }
    Atomics.wait(clock, 0, 0, 20)
  }
  rmSync(folderOf(name), { recursive: true, force: true, maxRetries: 5 })
}
