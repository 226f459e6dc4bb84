/** What this machine lets the collector do, and what it costs where it doesn't. */
import { existsSync, statfsSync } from 'node:fs'
import { Kernel, type ProgramStatus } from '../../native/native.ts'
import type { DoctorLine } from '../collector.ts'
import { kindsOf } from './blind.ts'
import { readKernelLog } from './kernel-log.ts'

/** What it costs to be without a program, beyond the kinds that hang on it. */
const COSTS: Record<string, string> = {
  mark_victim: 'patterns that hang on them find nothing',
  kernel_kill: 'a kill by the OOM killer could not be told from a task that was dying already',
  reclaim_begin: 'chains begin with the kill',
  reclaim_end: 'an OOM of the node is told from that of a cgroup by how full the cgroup is',
  direct_reclaim_end: 'an OOM of the node may pass for that of a cgroup that its page cache keeps full',
  flush_memory_pressure: 'but right before an oom-kill',
  process_exec: 'container names are learned later',
  process_exit: 'the exact order of exits is not known',
  cgroup_created: 'containers that live for a moment stay unattributed, so that no kind is vouched for',
  cgroup_removed: 'memory of cgroups that are gone is kept for longer',
}

const costOf = (program: ProgramStatus): string =>
  [...kindsOf(program).map((kind) => `no ${kind} events`), COSTS[program.name] ?? `no ${program.name}`].join('; ')

/** What becomes of the programs on this machine. Throws where the kernel can't be watched at all. */
export const tryPrograms = (objects: readonly string[]): readonly ProgramStatus[] => {
  if (process.platform !== 'linux') throw new Error('only Linux has BPF')
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    throw new Error('this kernel has no BTF (CONFIG_DEBUG_INFO_BTF): /sys/kernel/btf/vmlinux is missing')
  const kernel = new Kernel({ objects })
  kernel.close()
  return kernel.programs
}

const programLines = (objects: readonly string[]): DoctorLine[] => {
  let programs: readonly ProgramStatus[]
  try {
    programs = tryPrograms(objects)
  } catch (error) {
    return [
      {
        subject: 'kernel programs',
        state: 'missing',
        detail: `${(error as Error).message.trim().replace(/\s*\n\s*/g, '; ')}; no kernel events at all`,
        remedy: 'run as root, or with CAP_BPF and CAP_PERFMON, on a kernel with BTF; build with `npm start`',
      },
    ]
  }
  return programs.map((program) =>
    program.state === 'refused'
      ? { subject: program.section, state: 'missing', detail: `${program.reason}: ${costOf(program)}` }
      : { subject: program.section, state: 'ok', detail: `${program.name} loads` },
  )
}

/** A folder in which programs outlive the agent that pinned them. */
export interface Pinned {
  readonly name: string
  /** It belongs to the agent with the data folder that is asked about. */
  readonly own: boolean
  /** A running agent reads it. */
  readonly inUse: boolean
}

const pinLine = (bpffs: string, pinsOf: () => readonly Pinned[]): DoctorLine => {
  const mounted = existsSync(bpffs) && statfsSync(bpffs).type === 0xcafe4a11
  if (!mounted)
    return {
      subject: 'bpffs',
      state: 'degraded',
      detail: `nothing is mounted at ${bpffs}: the agent mounts it if it may, else what happens while it is down is missed`,
      remedy: `mount -t bpf bpf ${bpffs}`,
    }
  let pinned: readonly Pinned[]
  try {
    pinned = pinsOf()
  } catch (error) {
    const detail = `what is pinned below ${bpffs} can't be told: ${(error as Error).message}`
    return { subject: 'bpffs', state: 'degraded', detail }
  }
  const told = (what: string, chosen: readonly Pinned[]): string[] =>
    chosen.length === 0 ? [] : [`${what}: ${chosen.map(({ name }) => name).join(', ')}`]
  const left = pinned.filter(({ inUse }) => !inUse)
  const [mine, others] = [left.filter(({ own }) => own), left.filter(({ own }) => !own)]
  const detail = [
    ...told(
      'a running agent reads',
      pinned.filter(({ inUse }) => inUse),
    ),
    ...told('at work for when the agent of this data folder comes back', mine),
    ...told('at work for agents of other data folders, which do not run', others),
  ]
  const remedy = [
    ...(mine.length > 0 ? ['`aitia doctor --unpin` detaches what this data folder left'] : []),
    ...(others.length > 0 ? ['`aitia doctor --unpin --all` detaches all that no agent reads'] : []),
  ]
  return {
    subject: 'bpffs',
    state: 'ok',
    detail: detail.length === 0 ? 'nothing is pinned' : detail.join('; '),
    ...(remedy.length > 0 && { remedy: remedy.join('; ') }),
  }
}

const logLine = (): DoctorLine => {
  try {
    return { subject: "kernel's log", state: 'ok', detail: `${readKernelLog().length} records can be read back` }
  } catch (error) {
    const detail = `${(error as Error).message}: OOM kills of a gap are not read back`
    return { subject: "kernel's log", state: 'degraded', detail, remedy: 'give the agent CAP_SYSLOG' }
  }
}

/** The lines of `aitia doctor` about the kernel. */
export const doctor = (objects: readonly string[], bpffs: string, pinsOf: () => readonly Pinned[]): DoctorLine[] => [
  ...programLines(objects),
  pinLine(bpffs, pinsOf),
  logLine(),
]
