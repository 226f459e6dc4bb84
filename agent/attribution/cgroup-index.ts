/** Which container a kernel record's cgroup id belongs to, also when that container is gone already. */
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type CgroupPlace, parseCgroupPath } from './cgroup-path.ts'
import { type RuntimeFacts, readRuntimeFacts } from './cgroup-runtime.ts'

/** How long a removed cgroup is still known, ms: its last records may come after its end. */
const KEPT_AFTER_REMOVAL = 30_000
/** Least time between two walks of the hierarchy for an id that is not known, ms. */
const WALK_INTERVAL = 1_000
/** Lines of the file that are written before it is made anew without what has ended. */
const COMPACT_EVERY = 10_000

export interface CgroupEntry {
  readonly id: number
  readonly path: string
  readonly place: CgroupPlace
  runtime?: RuntimeFacts
  /** The runtime was asked, if in vain. */
  asked?: true
}

/** A line of the file. */
interface Line {
  readonly id: number
  readonly path?: string
  readonly runtime?: RuntimeFacts
  readonly removed?: true
}

const toLine = (line: Line): string => `${JSON.stringify(line)}\n`

/** The mount point of the hierarchy that places containers: the memory controller's of v1, else v2's. */
export const findHierarchy = (mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string => {
  let unified: string | undefined
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ')
    const [type, , options] = after?.split(' ') ?? []
    const mountPoint = before?.split(' ')[4]
    if (mountPoint === undefined) continue
    if (type === 'cgroup' && options?.split(',').includes('memory')) return mountPoint
    if (type === 'cgroup2') unified ??= mountPoint
  }
  if (unified === undefined) throw new Error('no cgroup hierarchy is mounted: expected one below /sys/fs/cgroup')
  return unified
}

/** The file of one boot in a folder. Those of other boots are removed: their ids mean nothing any more. */
export const fileOfBoot = (folder: string, bootId: string): string => {
  const file = `cgroups-${bootId}.jsonl`
  for (const name of readdirSync(folder))
    if (/^cgroups-.*\.jsonl(\.part)?$/.test(name) && name !== file) rmSync(join(folder, name))
  return join(folder, file)
}

/**
 * Knows cgroups by walking the hierarchy once the kernel's programs are attached, and from then on by their records.
 * What belongs to pods is also noted in a file, so that an agent that was killed knows the containers that ended
 * meanwhile; the file is of one boot, as ids are.
 */
export class CgroupIndex {
  readonly #entries = new Map<number, CgroupEntry>()
  readonly #removed: { id: number; at: number }[] = []
  readonly #hierarchy: string
  readonly #file: string | null
  /** Lines that could not be written to the file: a full disk must not end the watching. */
  unsaved = 0
  #lines = 0
  #walkedAt = Number.NEGATIVE_INFINITY

  constructor({ hierarchy = findHierarchy(), file }: { hierarchy?: string; file?: string } = {}) {
    this.#hierarchy = hierarchy
    this.#file = file ?? null
    if (file !== undefined && existsSync(file)) this.#readFile(file)
  }

  get size(): number {
    return this.#entries.size
  }

  /** Adds what is there now. Call it after the programs are attached, or what is made in between is missed. */
  walk(): void {
    this.#walkedAt = performance.now()
    const visit = (folder: string, path: string) => {
      let names: string[]
      try {
        const id = statSync(folder).ino
        this.created(id, path === '' ? '/' : path)
        names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []))
      } catch {
        return // removed meanwhile
      }
      for (const name of names) visit(join(folder, name), `${path}/${name}`)
    }
    visit(this.#hierarchy, '')
  }

  /** Writes the file anew, without what had ended before it was read. Call it after the walk. */
  compact(): void {
    const endedBefore = new Set(this.#removed.map(({ id }) => id))
    // One that ended unseen stays in the file once more: what belongs to it may still be unread in the ring.
    for (const { id, path, place } of this.#entries.values())
      if (place.podUid !== undefined && !endedBefore.has(id) && !existsSync(join(this.#hierarchy, path)))
        this.#removed.push({ id, at: performance.now() })
    this.#rewrite(endedBefore)
  }

  /** One that is known stays as it is: its record is read again where an agent was killed before it had freed it in the ring. */
  created(id: number, path: string): CgroupEntry {
    const known = this.#entries.get(id)
    if (known?.path === path) return known
    const entry: CgroupEntry = { id, path, place: parseCgroupPath(path) }
    this.#entries.set(id, entry)
    this.#note(entry, { id, path })
    return entry
  }

  removed(id: number): void {
    const now = performance.now()
    const entry = this.#entries.get(id)
    if (entry !== undefined) {
      this.#removed.push({ id, at: now })
      this.#note(entry, { id, removed: true })
    }
    while (this.#removed.length > 0 && this.#removed[0]!.at < now - KEPT_AFTER_REMOVAL)
      this.#entries.delete(this.#removed.shift()!.id)
  }

  /** The first process of a cgroup ran its program: its parent, the runtime, tells more of it. */
  started(entry: CgroupEntry, parent: number, command: string): void {
    const { containerId, podUid } = entry.place
    if (containerId === undefined || podUid === undefined) return
    entry.runtime = readRuntimeFacts(containerId, parent, command)
    this.#note(entry, { id: entry.id, runtime: entry.runtime })
  }

  /** The cgroup of an id; one of which no record told is looked for in the hierarchy. */
  get(id: number): CgroupEntry | undefined {
    const entry = this.#entries.get(id)
    if (entry !== undefined) return entry
    if (performance.now() - this.#walkedAt < WALK_INTERVAL) return undefined
    this.walk()
    return this.#entries.get(id)
  }

  /** What the runtime says of a container, asked for now if its start was not seen; undefined if it is too late. */
  runtimeOf(entry: CgroupEntry): RuntimeFacts | undefined {
    if (entry.runtime !== undefined || entry.asked || entry.place.containerId === undefined) return entry.runtime
    entry.asked = true
    try {
      const first = firstProcess(join(this.#hierarchy, entry.path))
      if (first !== undefined) this.started(entry, first.parent, first.command)
    } catch {
      // It has ended.
    }
    return entry.runtime
  }

  #note(entry: CgroupEntry, line: Line): void {
    if (this.#file === null || entry.place.podUid === undefined) return
    try {
      appendFileSync(this.#file, toLine(line))
    } catch {
      this.unsaved++
    }
    if (++this.#lines >= COMPACT_EVERY) this.#rewrite()
  }

  #rewrite(leftOut: ReadonlySet<number> = new Set()): void {
    if (this.#file === null) return
    this.#lines = 0
    const ended = new Set(this.#removed.map(({ id }) => id))
    const lines: string[] = []
    for (const { id, path, place, runtime } of this.#entries.values())
      if (place.podUid !== undefined && !leftOut.has(id))
        lines.push(toLine({ id, path, runtime, ...(ended.has(id) && { removed: true as const }) }))
    try {
      writeFileSync(`${this.#file}.part`, lines.join(''))
      renameSync(`${this.#file}.part`, this.#file)
    } catch {
      this.unsaved++
    }
  }

  #readFile(file: string): void {
    for (const text of readFileSync(file, 'utf8').split('\n')) {
      let line: Line
      try {
        line = JSON.parse(text) as Line
      } catch {
        continue // the last line of an agent that was killed, or the empty one after it
      }
      if (line.path !== undefined)
        this.#entries.set(line.id, { id: line.id, path: line.path, place: parseCgroupPath(line.path) })
      const entry = this.#entries.get(line.id)
      if (entry !== undefined && line.runtime !== undefined) entry.runtime = line.runtime
      if (entry !== undefined && line.removed) this.#removed.push({ id: line.id, at: performance.now() })
    }
  }
}

/** Of the processes in a cgroup the one whose parent is outside. */
const firstProcess = (folder: string): { parent: number; command: string } | undefined => {
  const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)
  for (const pid of pids) {
    // pid (comm) state ppid ...: comm may hold spaces and parentheses
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    const parent = stat.slice(end + 2).split(' ')[1]!
    if (!pids.includes(parent)) return { parent: Number(parent), command: stat.slice(stat.indexOf('(') + 1, end) }
  }
  return undefined
}
