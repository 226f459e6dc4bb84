/** The collector `ebpf`: what the kernel sees of containers. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { builtObjects, isPinDirInUse, preparePinDir, unpin } from '../../native/native.ts'
import type { Collector, CollectorContext, RunningCollector } from '../collector.ts'
import { EbpfCollector } from './collector.ts'
import { doctor, type Pinned, tryPrograms } from './doctor.ts'

const BPFFS = '/sys/fs/bpf'
const PINS = join(BPFFS, 'aitia')

/** How the names of the folders end that belong to the state in a data folder: one for each agent of a machine, and cluster. */
const placeOf = (dataDir: string): string =>
  createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 8)

const pinDirOf = ({ cluster, dataDir }: CollectorContext): string =>
  join(PINS, `${cluster.replace(/[^A-Za-z0-9-]/g, '-')}-${placeOf(dataDir)}`)

/** What is pinned: whose it is, and whether an agent reads it. `dataDir` says who is asking. */
export const pinned = (dataDir: string | null, pins = PINS): Pinned[] => {
  if (!existsSync(pins)) return []
  const own = dataDir !== null && existsSync(dataDir) ? `-${placeOf(dataDir)}` : null
  return readdirSync(pins).map((name) => ({
    name,
    own: own !== null && name.endsWith(own),
    inUse: isPinDirInUse(join(pins, name)),
  }))
}

/** Why the kernel can't be watched, or null. */
const available = async (): Promise<string | null> => {
  try {
    tryPrograms(builtObjects())
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

/** Detaches what agents with this data folder (all, where it is null) left at work; not what a running one reads. @returns what became of each */
export const unpinAll = (dataDir: string | null, pins = PINS): string[] =>
  pinned(dataDir, pins)
    .filter(({ own }) => dataDir === null || own)
    .map(({ name, inUse }) => {
      const folder = join(pins, name)
      if (inUse) return `${folder}: left as it is, a running agent reads it`
      unpin(folder)
      return folder
    })

const ebpf: Collector = {
  name: 'ebpf',
  attributed: true,
  available,
  start: async (context) => startEbpf(context, { pinDir: pinDirOf(context) }),
  unpin: async (dataDir) => unpinAll(dataDir),
  doctor: async (_, dataDir) => doctor(builtObjects(), BPFFS, () => pinned(dataDir)),
}

export default ebpf
