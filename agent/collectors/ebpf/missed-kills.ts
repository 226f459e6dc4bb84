/** oom-kill events for kills that only the kernel's log tells of. */
import { type EventObservation, type ObjectRef, sourceOf } from '../../../graph/model/observation.ts'
import { now, SECOND } from '../../../graph/model/time.ts'
import { parseCgroupPath } from '../../attribution/cgroup-path.ts'
import type { HostIdentity } from '../collector.ts'
import { type LoggedKill, parseKernelLog, readKernelLog } from './kernel-log.ts'
import type { Unread } from './saved-state.ts'

/** The log's clock (sched_clock) is not disciplined: it drifts from the boot clock by some ppm, µs. */
const LOG_UNCERTAINTY = SECOND

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

const toEvent = (kill: LoggedKill, host: HostIdentity, at: number, width: number): EventObservation<'oom-kill'> => {
  const { global, limitCgroup, limitBytes, usageBytes, oomGroup, triggerPid, triggerCommand, victims } = kill
  return {
    type: 'event',
    kind: 'oom-kill',
    id: `oom-kill/${host.key}/${host.bootId}/log/${kill.sequence}`,
    at: at - LOG_UNCERTAINTY,
    uncertainty: 2 * LOG_UNCERTAINTY + width,
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

/**
 * Kills of the gap that no program told of. The log's clock stands still while the machine is suspended, and does not say when that
 * was: a kill lies between what it would be with all of the gap's suspension after it and with all before.
 * @param seen victims that the programs told of, by pid: boot clock in ns
 * @throws Error without the right to read the kernel's log (CAP_SYSLOG)
 */
export const readMissedKills = (
  host: HostIdentity,
  { from, to, offset, suspended: [before, after] }: Unread,
  seen: ReadonlyMap<number, number>,
): EventObservation<'oom-kill'>[] => {
  const slack = 2 * LOG_UNCERTAINTY
  return parseKernelLog(readKernelLog()).flatMap((kill) => {
    const [earliest, latest] = [kill.at + before, kill.at + after]
    const isTold = kill.victims.some(({ pid }) => {
      const told = (seen.get(pid) ?? 0) / 1_000
      return told > earliest - slack && told < latest + slack
    })
    const isInGap = latest + offset >= from - LOG_UNCERTAINTY && earliest + offset <= to + LOG_UNCERTAINTY
    return isInGap && !isTold ? [toEvent(kill, host, earliest + offset, latest - earliest)] : []
  })
}
