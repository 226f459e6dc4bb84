/** oom-kill events for kills that only the kernel's log tells of. */
import { type EventObservation, type ObjectRef, sourceOf } from '../../../graph/model/observation.ts'
import { now, SECOND } from '../../../graph/model/time.ts'
import { parseCgroupPath } from '../../attribution/cgroup-path.ts'
import { type ClockSample, sampleClock } from '../../native/native.ts'
import type { HostIdentity } from '../collector.ts'
import { type LoggedKill, parseKernelLog, readKernelLog } from './kernel-log.ts'

/** The log's clock (sched_clock) is not disciplined: it drifts from the boot clock by some ppm, µs. */
const LOG_UNCERTAINTY = SECOND

export interface MissedKills {
  readonly host: HostIdentity
  /** The gap, µs. */
  readonly from: number
  readonly to: number
  /** Victims that the programs told of, by pid: boot clock in ns. */
  readonly seen: ReadonlyMap<number, number>
  readonly clock: ClockSample
}

const aboutOf = (
  { cgroup }: LoggedKill,
  host: ObjectRef,
): Pick<EventObservation, 'object' | 'pod' | 'unattributed'> => {
  if (cgroup === undefined) return { object: host, unattributed: 'unknown-cgroup' }
  const { containerId, podUid } = parseCgroupPath(cgroup)
  if (podUid === undefined) return { object: host, unattributed: 'host' }
  const pod: ObjectRef = { kind: 'Pod', key: podUid }
  if (containerId === undefined) return { object: pod, pod, unattributed: 'pod' }
  return { object: { kind: 'Container', key: containerId }, pod }
}

const toEvent = (kill: LoggedKill, host: HostIdentity, at: number): EventObservation<'oom-kill'> => {
  const { global, limitCgroup, limitBytes, usageBytes, oomGroup, triggerPid, triggerCommand, victims } = kill
  return {
    type: 'event',
    kind: 'oom-kill',
    id: `oom-kill/${host.key}/${host.bootId}/log/${kill.sequence}`,
    at: at - LOG_UNCERTAINTY,
    uncertainty: 2 * LOG_UNCERTAINTY,
    observedAt: now(),
    source: sourceOf('ebpf', host.key),
    host: host.key,
    bootId: host.bootId,
    ...aboutOf(kill, { kind: 'Host', key: host.key, name: host.hostname }),
    fields: {
      global,
      ...(limitBytes !== undefined && !global && { limitBytes }),
      ...(usageBytes !== undefined && !global && { usageBytes }),
      ...(limitCgroup !== undefined && { limitCgroup }),
      oomGroup,
      triggerPid,
      triggerCommand,
      victimPids: victims.map(({ pid }) => pid),
      victimNsPids: victims.map(() => 0),
      victimCommands: victims.map(({ command }) => command),
      victimBytes: victims.map(({ bytes }) => bytes),
      victimStartBootClocks: victims.map(() => 0),
    },
  }
}

/** Kills of the gap that no program told of. @throws Error without the right to read the kernel's log (CAP_SYSLOG) */
export const readMissedKills = ({ host, from, to, seen, clock }: MissedKills): EventObservation<'oom-kill'>[] => {
  // The log's clock stands still while the machine is suspended, as CLOCK_MONOTONIC does, which is Node's own.
  const suspended = (sampleClock().bootNs - Number(process.hrtime.bigint())) / 1_000
  return parseKernelLog(readKernelLog()).flatMap((kill) => {
    const bootClock = kill.at + suspended
    const at = Math.round(bootClock + clock.offset)
    const told = kill.victims.some(
      ({ pid }) => Math.abs((seen.get(pid) ?? 0) / 1_000 - bootClock) < 2 * LOG_UNCERTAINTY,
    )
    return at >= from - LOG_UNCERTAINTY && at <= to + LOG_UNCERTAINTY && !told ? [toEvent(kill, host, at)] : []
  })
}
