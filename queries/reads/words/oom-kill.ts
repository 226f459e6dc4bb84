import { bytes, many } from '../units.ts'
import type { Words } from '../words.ts'

export default {
  title: 'OOM kill',
  summary: ({ victimCommands, victimPids, victimBytes, triggerPid, triggerCommand, global, oomGroup }) => {
    const victims = victimPids.map(
      (pid, index) => `${victimCommands[index] ?? '?'} (pid ${pid}, ${bytes(victimBytes[index] ?? 0)})`,
    )
    const told = victims.length > 2 ? `${many(victims.length, 'victim')}, first ${victims[0]}` : victims.join(' and ')
    const trigger = victimPids.includes(triggerPid)
      ? 'its own allocation'
      : `allocation of ${triggerCommand} (pid ${triggerPid})`
    return [told, trigger, ...(oomGroup ? ['whole cgroup'] : []), ...(global ? ['node out of memory'] : [])].join(', ')
  },
  befell: ({ global, firstProcessKilled, containerName, limitBytes }) => {
    const container = containerName === undefined ? 'a container of it' : `its container "${containerName}"`
    const limit = limitBytes === undefined ? '' : ` (${bytes(limitBytes)})`
    if (global) return `the node ran out of memory and the kernel killed in ${container}`
    // Only the kernel log told: it does not say which process of the container that was.
    if (firstProcessKilled === undefined) return `a process in ${container} was OOM-killed at the memory limit${limit}`
    return firstProcessKilled
      ? `${container} outgrew its memory limit${limit} and was OOM-killed`
      : `a child process in ${container} was OOM-killed at the memory limit${limit}`
  },
} satisfies Words<'oom-kill'>
