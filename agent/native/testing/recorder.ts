/** The kernel's programs with their records read into memory, for tests. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as wire from '../../../graph/model/generated/wire.ts'
import { builtObjects, Kernel, type KernelBatch, type KernelOptions, preparePinDir, sampleClock } from '../native.ts'

export const OBJECTS = builtObjects()

/** Path of what this folder's Makefile builds under a name. One test file at a time builds it; the others find it built. */
export const built = (
  name: 'refused.bpf.o' | 'last_thread_untold.bpf.o' | 'slow_sum.bpf.o' | 'direct_reclaim.bpf.o' | 'end-together',
): string => {
  const made = spawnSync('flock', [import.meta.dirname, 'make', '-C', import.meta.dirname], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`what tests load was not built: ${made.error ?? made.stderr}`)
  return join(import.meta.dirname, 'build', name)
}

/** Why the tests of the kernel side can't run here, or false. */
export const skip: string | false =
  process.getuid?.() !== 0
    ? 'needs root: loads BPF programs'
    : !existsSync('/sys/kernel/btf/vmlinux')
      ? 'needs /sys/kernel/btf/vmlinux: a kernel with BTF'
      : false

type Decoded = wire.HeaderRecord &
  Partial<
    wire.CgroupCreatedRecord &
      wire.MemoryPressureRecord &
      wire.OomKillRecord &
      wire.ProcessExecRecord &
      wire.ProcessExitRecord
  >

export interface SeenRecord extends Decoded {
  readonly name: (typeof wire.RECORD_NAMES)[number]
}

const decoders: Record<string, (view: DataView, offset: number) => object> = {
  cgroupCreated: wire.decodeCgroupCreated,
  memoryPressure: wire.decodeMemoryPressure,
  oomKill: wire.decodeOomKill,
  processExec: wire.decodeProcessExec,
  processExit: wire.decodeProcessExit,
}

/** The records of a batch. */
export const decodeBatch = ({ view, bytes }: KernelBatch): SeenRecord[] => {
  const records: SeenRecord[] = []
  for (let offset = 0; offset < bytes; ) {
    const header = wire.decodeHeader(view, offset)
    const name = wire.RECORD_NAMES[header.kind]!
    records.push({ name, ...header, ...decoders[name]?.(view, offset) })
    offset += header.size
  }
  return records
}

export class Recorder {
  readonly kernel: Kernel
  readonly records: SeenRecord[] = []
  readonly batches: KernelBatch[] = []

  constructor(t: TestContext, options: Partial<KernelOptions> & { acknowledge?: boolean } = {}) {
    const { acknowledge = true, ...rest } = options
    this.kernel = new Kernel({ objects: OBJECTS, ...rest })
    t.after(() => this.kernel.close())
    this.kernel.start((batch) => {
      this.batches.push(batch)
      this.records.push(...decodeBatch(batch))
      if (acknowledge) this.kernel.acknowledge(batch)
    })
  }

  /** Waits until a record of this kind is there that `matches`; looks among all that have come. */
  async find(name: SeenRecord['name'], matches: (record: SeenRecord) => boolean): Promise<SeenRecord> {
    for (let tries = 0; tries < 500; tries++) {
      const found = this.records.find((record) => record.name === name && matches(record))
      if (found !== undefined) return found
      await sleep(10)
    }
    throw new Error(`no ${name} record that matches among ${this.records.length} after 5 s`)
  }

  /** Waits until everything that has happened so far is read. */
  async complete(): Promise<void> {
    const { bootNs } = sampleClock()
    while (this.kernel.completeNs < bootNs) await sleep(5)
  }
}

/** A folder for pins on a bpffs of the test's own. */
export const pinDirFor = (t: TestContext): string => {
  const mountPoint = mkdtempSync(join(tmpdir(), 'aitia-test-bpffs-'))
  const pinDir = join(mountPoint, 'aitia/test')
  const refusal = preparePinDir(pinDir, mountPoint)
  t.after(() => {
    // lazily: hooks run in order, and the session that was opened later still holds it
    spawnSync('umount', ['-l', mountPoint])
    rmSync(mountPoint, { recursive: true })
  })
  if (refusal !== null) throw new Error(refusal)
  return pinDir
}
