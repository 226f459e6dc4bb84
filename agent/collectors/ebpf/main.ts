/** The collector `ebpf`: what the kernel sees of containers. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { builtObjects, isPinDirInUse, Kernel, preparePinDir, unpin } from '../../native/native.ts'
import type { Collector, CollectorContext, RunningCollector } from '../collector.ts'
import { EbpfCollector } from './collector.ts'
import { doctor } from './doctor.ts'

const BPFFS = '/sys/fs/bpf'
const PINS = join(BPFFS, 'aitia')

/** One folder for each agent of a machine: what is pinned belongs to the state in its data folder. */
const pinDirOf = ({ cluster, dataDir }: CollectorContext): string => {
  const place = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 8)
  return join(PINS, `${cluster.replace(/[^A-Za-z0-9-]/g, '-')}-${place}`)
}

/** Why the kernel can't be watched, or null. */
const available = async (): Promise<string | null> => {
  if (process.platform !== 'linux') return 'only Linux has BPF'
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    return 'this kernel has no BTF (CONFIG_DEBUG_INFO_BTF): /sys/kernel/btf/vmlinux is missing'
  try {
    new Kernel({ objects: builtObjects() }).close()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** @param pinning where to pin, or null not to: for tests of a machine that refuses bpffs */
export const startEbpf = (
  context: CollectorContext,
  pinning: { pinDir: string; mountPoint?: string } | null,
): RunningCollector => {
  const refusal = pinning === null ? 'switched off' : preparePinDir(pinning.pinDir, pinning.mountPoint)
  if (refusal !== null)
    context.log.warn(
      { reason: refusal },
      'the programs are not pinned: what happens while the agent is down will be missed',
    )
  return new EbpfCollector(context, {
    objects: builtObjects(),
    ...(pinning !== null && refusal === null && { pinDir: pinning.pinDir }),
  })
}

/** Detaches what agents that do not run any more left at work in these folders. @returns what became of each */
export const unpinAll = (pins = PINS): string[] => {
  if (!existsSync(pins)) return []
  return readdirSync(pins).map((name) => {
    const folder = join(pins, name)
    if (isPinDirInUse(folder)) return `${folder}: left as it is, a running agent reads it`
    unpin(folder)
    return folder
  })
}

const ebpf: Collector = {
  name: 'ebpf',
  attributed: true,
  available,
  start: async (context) => startEbpf(context, { pinDir: pinDirOf(context) }),
  unpin: async () => unpinAll(),
  doctor: async () => doctor(builtObjects(), BPFFS, PINS),
}

export default ebpf
