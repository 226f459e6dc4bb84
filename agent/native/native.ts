/** The kernel's programs and their ring, through the addon. Here meaning is checked; the addon checks types. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { LAYOUT } from '../../graph/model/generated/wire.ts'

/** What became of one BPF program: `continued` is attached since an earlier run of the agent. */
export interface ProgramStatus {
  readonly name: string
  /** libbpf's section: `tp_btf/mark_victim`. */
  readonly section: string
  readonly object: string
  readonly state: 'attached' | 'continued' | 'callable' | 'refused'
  /** Why the kernel refused it, else empty. */
  readonly reason: string
}

/** Records of the ring, one behind the other as graph/model/generated/wire.ts decodes them. */
export interface KernelBatch {
  /** The same for all batches: it holds this one's records, from 0 on, until `onBatch` returns. */
  readonly view: DataView
  /** Bytes of `view` that are this batch's. */
  readonly bytes: number
  readonly records: number
  /** Names the batch when it is acknowledged: its end in the ring. */
  readonly end: number
}

/** A map's entries, one behind the other. In a per-CPU map each value holds all CPUs' values, at multiples of 8 bytes. */
export interface MapContent {
  readonly count: number
  readonly keySize: number
  readonly valueSize: number
  readonly keys: ArrayBuffer
  readonly values: ArrayBuffer
}

export interface KernelOptions {
  /** Paths of BPF objects that share one ring. */
  readonly objects: readonly string[]
  /** Folder below a bpffs for what must outlive this process; one for each agent of a host. Without it nothing does. */
  readonly pinDir?: string
  /** Size of the ring: a power of two, a page at least. Default: as compiled, 16 MiB. */
  readonly ringBytes?: number
}

interface Session {
  programs(): ProgramStatus[]
  ringId(): number
  start(onBatch: (bytes: number, records: number, end: number) => void): ArrayBuffer
  acknowledge(end: number): void
  leaveOut(kind: number, cgroupId: number): void
  heed(cgroupId: number): void
  leftOut(): number
  completeNs(): number
  read(map: string): MapContent
  call(program: string): void
  close(): void
}

interface Addon {
  KernelSession: new (options: {
    objects: string[]
    pinDir: string
    keptPinDir: string
    keptMaps: string[]
    ringBytes: number
  }) => Session
  mountBpffs(path: string): void
  isLocked(path: string): boolean
  readLayout(path: string): Record<string, string>
  sampleClock(): [number, number, number]
}

/** f_type of bpffs (linux/magic.h: BPF_FS_MAGIC). */
const BPF_FS_MAGIC = 0xcafe4a11
/** Maps that outlive a new version of the objects: the numbers of records must not begin anew. */
const KEPT_MAPS = ['sequence']
const VERSION_FOLDER = /^[0-9a-f]{16}$/

let loaded: Addon | undefined
const addon = (): Addon => {
  if (loaded !== undefined) return loaded
  const path = join(import.meta.dirname, 'build/Release/aitia_native.node')
  if (!existsSync(path)) throw new Error(`the native addon is not built (expected ${path}): run \`npm start\``)
  const built = createRequire(import.meta.url)(path) as Addon
  // the newest of what it has to have
  if (typeof built.readLayout !== 'function')
    throw new Error(`the native addon (${path}) is of an earlier version of this program: run \`npm start\``)
  loaded = built
  return loaded
}

const BUILT = join(import.meta.dirname, '../../bpf/build')

/** Paths of all BPF objects that `make -C bpf` has built; empty where it did not run. */
export const builtObjects = (): string[] => {
  const names = existsSync(BUILT) ? readdirSync(BUILT) : []
  return names
    .filter((name) => name.endsWith('.bpf.o'))
    .sort()
    .map((name) => join(BUILT, name))
}

const isBpffs = (path: string): boolean => statfsSync(path).type === BPF_FS_MAGIC

const nearestFolder = (path: string): string => (existsSync(path) ? path : nearestFolder(dirname(path)))

/**
 * Makes `pinDir`, mounting a bpffs at `mountPoint` where none is there yet.
 * @returns why nothing can be pinned there, or null
 */
export const preparePinDir = (pinDir: string, mountPoint = '/sys/fs/bpf'): string | null => {
  try {
    if (!isBpffs(nearestFolder(pinDir)) && pinDir.startsWith(`${mountPoint}/`)) addon().mountBpffs(mountPoint)
    mkdirSync(pinDir, { recursive: true, mode: 0o700 })
    return isBpffs(pinDir) ? null : `${pinDir} is on no bpffs`
  } catch (error) {
    return (error as Error).message
  }
}

/** Whether a running agent reads what is pinned in a folder. */
export const isPinDirInUse = (pinDir: string): boolean => addon().isLocked(pinDir)

/**
 * Removes what `pinDir` holds: programs are detached, unread records are gone.
 * @returns whether there was anything
 * @throws Error where an agent reads it: without its pins it would miss what happens after its death
 */
export const unpin = (pinDir: string): boolean => {
  if (!existsSync(pinDir)) return false
  if (!isBpffs(pinDir)) throw new Error(`${pinDir} is on no bpffs: nothing is pinned there, and nothing was removed`)
  if (isPinDirInUse(pinDir)) throw new Error(`a running agent reads what is pinned in ${pinDir}: stop it first`)
  rmSync(pinDir, { recursive: true })
  return true
}

/** A reading of the clocks: what to add to a boot clock stamp for the time since the epoch, both in µs. */
export interface ClockSample {
  readonly bootNs: number
  readonly offset: number
  /** How far `offset` may be off, µs. */
  readonly error: number
}

/** Samples CLOCK_REALTIME - CLOCK_BOOTTIME. */
export const sampleClock = (): ClockSample => {
  const [bootNs, offset, error] = addon().sampleClock()
  return { bootNs, offset, error }
}

const checkRing = (bytes: number): number => {
  if (bytes !== 0 && !(Number.isInteger(Math.log2(bytes)) && bytes >= 65_536))
    throw new RangeError(`ringBytes is ${bytes}: expected a power of two from 65536 on`)
  return bytes
}

/** @throws Error where an object's records are not as this program reads them: `bpf/build` is left from another version */
const checkLayout = (path: string): void => {
  const built = addon().readLayout(path)
  for (const [what, expected] of Object.entries(LAYOUT))
    if (built[what] !== expected)
      throw new Error(
        `${path} was built from another model (${what}: ${built[what] ?? 'none'}, expected ${expected}): run \`make -C bpf\``,
      )
}

/** What is pinned is good for the same objects only: another layout of records could not be read. */
const versionOf = (objects: readonly string[], ringBytes: number): string => {
  const hash = createHash('sha256').update(`${ringBytes}`)
  for (const path of objects) hash.update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}

const text = new TextDecoder()

/** The loaded programs of one agent. Programs that are pinned go on when it is closed or killed. */
export class Kernel {
  readonly programs: readonly ProgramStatus[]
  /**
   * Names the ring in this boot. One that an earlier run has read, and all of whose programs were found at work, holds what
   * happened meanwhile; any other does not.
   */
  readonly ringId: number
  /** True where pinned programs of an earlier version, with what was unread of them, made way for these: a gap. */
  readonly replaced: boolean
  #session: Session

  /** Loads and attaches. @throws Error where nothing can be loaded: no rights, no BTF, an object that is none or of another model. */
  constructor({ objects, pinDir, ringBytes = 0 }: KernelOptions) {
    if (objects.length === 0)
      throw new RangeError('objects is empty: expected the paths of BPF objects, as `make -C bpf` builds them')
    for (const path of objects) if (!existsSync(path)) throw new Error(`${path} is missing: run \`make -C bpf\``)
    if (pinDir !== undefined && !(isAbsolute(pinDir) && existsSync(pinDir) && isBpffs(pinDir)))
      throw new RangeError(`pinDir is ${pinDir}: expected the absolute path of a folder on a bpffs (preparePinDir)`)
    for (const path of objects) checkLayout(path)
    const version = versionOf(objects, checkRing(ringBytes))
    this.#session = new (addon().KernelSession)({
      objects: [...objects],
      pinDir: pinDir === undefined ? '' : join(pinDir, version),
      keptPinDir: pinDir ?? '',
      keptMaps: KEPT_MAPS,
      ringBytes,
    })
    this.programs = this.#session.programs()
    this.ringId = this.#session.ringId()
    const folders = pinDir === undefined ? [] : readdirSync(pinDir)
    const old = folders.filter((name) => VERSION_FOLDER.test(name) && name !== version)
    for (const name of old) rmSync(join(pinDir as string, name), { recursive: true })
    this.replaced = old.length > 0
  }

  /** Starts reading. Batches come in order; an error thrown by `onBatch` is thrown again as an uncaught one. */
  start(onBatch: (batch: KernelBatch) => void): void {
    if (typeof onBatch !== 'function') throw new TypeError(`onBatch is a ${typeof onBatch}: expected a function`)
    const buffer = this.#session.start((bytes, records, end) => {
      try {
        onBatch({ view, bytes, records, end })
      } catch (error) {
        // not through the addon, which would only warn
        setImmediate(() => {
          throw error
        })
      }
    })
    const view = new DataView(buffer)
  }

  /** Frees a batch's room in the ring, and that of the batches before it: it is safe on disk. */
  acknowledge(batch: KernelBatch): void {
    this.#session.acknowledge(batch.end)
  }

  /**
   * From now on records of this kind (as RECORDS has it) about this cgroup are only counted: they are read off the ring without
   * JavaScript. For tens of thousands of cgroups; of one too many all are forgotten, and their records delivered again.
   */
  leaveOut(kind: number, cgroupId: number): void {
    this.#session.leaveOut(kind, cgroupId)
  }

  /** Takes back `leaveOut` for a cgroup. */
  heed(cgroupId: number): void {
    this.#session.heed(cgroupId)
  }

  /** Records that were left out, since the start. */
  get leftOut(): number {
    return this.#session.leftOut()
  }

  /** Boot clock in ns: every record made before it was delivered, or left out. */
  get completeNs(): number {
    return this.#session.completeNs()
  }

  /** Records that found no room in the ring, by program, since the maps were made. */
  lost(): Record<string, number> {
    const { count, keySize, valueSize, keys, values } = this.read('lost')
    const lost: Record<string, number> = {}
    for (let index = 0; index < count; index++) {
      const name = text.decode(new Uint8Array(keys, index * keySize, keySize)).replace(/\0.*$/, '')
      const each = new BigUint64Array(values, index * valueSize, valueSize / 8)
      lost[name] = Number(each.reduce((sum, value) => sum + value, 0n))
    }
    return lost
  }

  /** Reads a map of the objects as a whole. */
  read(map: string): MapContent {
    return this.#session.read(map)
  }

  /** Runs a program of a section `raw_tp`, which is attached nowhere. */
  call(program: string): void {
    this.#session.call(program)
  }

  /** Stops reading; programs that are not pinned are detached. Batches that were not acknowledged come again. */
  close(): void {
    this.#session.close()
  }
}
