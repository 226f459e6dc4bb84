import { bytes, many } from '../units.ts'
import type { Words } from '../words.ts'

export default {
  title: 'OOM kill',
  summary: ({ victimCommands, victimPids, victimBytes, triggerPid, triggerCommand, global, limitOf, oomGroup }) => {
    const victims = victimPids.map(
      (pid, index) => `${victimCommands[index] ?? '?'} (pid ${pid}, ${bytes(victimBytes[index] ?? 0)})`,
    )
    const told = victims.length > 2 ? `${many(victims.length, 'victim')}, first ${victims[0]}` : victims.join(' and ')
    const trigger = victimPids.includes(triggerPid)
      ? 'its own allocation'
      : `allocation of ${triggerCommand} (pid ${triggerPid})`
    const full = global ? ['node out of memory'] : limitOf === 'node' ? ['node out of memory for pods'] : []
    return [told, trigger, ...(oomGroup ? ['whole cgroup'] : []), ...full].join(', ')
  },
  befell: ({ global, firstProcessKilled, containerName, limitBytes, limitOf }) => {
    const container = containerName === undefined ? 'a container of it' : `its container "${containerName}"`
    const limit = limitBytes === undefined ? '' : ` (${bytes(limitBytes)})`
    if (global) return `the node ran out of memory and the kernel killed in ${container}`
    if (limitOf === 'node') return `the node ran out of memory for pods${limit} and the kernel killed in ${container}`
    const reached = `was OOM-killed at the ${limitOf === 'pod' ? "pod's memory" : 'memory'} limit${limit}`
    // Only the kernel log told: it does not say which process of the container that was.
    if (firstProcessKilled === undefined) return `a process in ${container} ${reached}`
    if (!firstProcessKilled) return `a child process in ${container} ${reached}`
    // Who of a pod outgrew the limit of all of it is not known.
    return limitOf === 'pod'
      ? `${container} ${reached}`
      : `${container} outgrew its memory limit${limit} and was OOM-killed`
  },
} satisfies Words<'oom-kill'>
