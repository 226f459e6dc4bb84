/** oom-kill events for kills that only the kernel's log tells of. */
import { type EventObservation, type ObjectRef, sourceOf } from '../../../graph/model/observation.ts'
import { now, SECOND } from '../../../graph/model/time.ts'
import { ownerOfLimit, parseCgroupPath } from '../../attribution/cgroup-path.ts'
import type { HostIdentity } from '../collector.ts'
import type { LoggedKill } from './kernel-log.ts'
import type { Unread } from './saved-state.ts'

/** The log's clock (sched_clock) is not disciplined: since the boot it drifts from the boot clock by up to so much. */
const DRIFT = 100e-6

/** How far a stamp of the log may be off, µs. */
const uncertaintyOf = ({ at }: LoggedKill): number => SECOND + Math.ceil(at * DRIFT)

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

const toEvent = (
  kill: LoggedKill,
  host: HostIdentity,
  at: number,
  uncertainty: number,
): EventObservation<'oom-kill'> => {
  const { global, cgroup, limitCgroup, limitBytes, usageBytes, oomGroup, triggerPid, triggerCommand, victims } = kill
  const limitOf = cgroup && limitCgroup && ownerOfLimit(parseCgroupPath(cgroup), parseCgroupPath(limitCgroup))
  return {
    type: 'event',
    kind: 'oom-kill',
    id: `oom-kill/${host.key}/${host.bootId}/log/${kill.sequence}`,
    at,
    uncertainty,
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
      ...(limitOf && { limitOf }),
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
 * was: a kill lies between what it would be with all of the gap's suspension after it and with all before. And it lies in the gap, or
 * a program would have told of it: weeks after the boot, that says more than the log's clock.
 * @param logged by the kernel's log
 * @param seen victims that were told of, by pid: boot clock in ns
 */
export const missedKills = (
  logged: readonly LoggedKill[],
  host: HostIdentity,
  { watchedFrom, from, to, offset, suspended: [before, after] }: Unread,
  seen: ReadonlyMap<number, number>,
): EventObservation<'oom-kill'>[] =>
  logged.flatMap((kill) => {
    const slack = uncertaintyOf(kill)
    const [earliest, latest] = [kill.at + before - slack, kill.at + after + slack]
    const isTold = kill.victims.some(({ pid }) => {
      const told = (seen.get(pid) ?? 0) / 1_000
      return told > earliest && told < latest
    })
    const [begin, end] = [from - SECOND, to + SECOND]
    const isInGap = latest + offset >= begin && earliest + offset <= end
    if (!isInGap || isTold) return []
    const wasWatched = watchedFrom !== undefined && watchedFrom <= earliest + offset
    const at = wasWatched ? Math.max(earliest + offset, begin) : earliest + offset
    return [toEvent(kill, host, at, Math.min(latest + offset, end) - at)]
  })
