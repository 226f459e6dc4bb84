/** OOM kills that the kernel wrote to its log while no program of ours watched: /dev/kmsg, read once. */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { SECOND } from '../../../graph/model/time.ts'

/** One kill as the log tells it. */
export interface LoggedKill {
  /** Number of the log record: unique in a boot. */
  readonly sequence: number
  /** µs since boot, by the log's own clock. */
  readonly at: number
  readonly global: boolean
  /** Path of the victim's cgroup; absent where the kernel left lines out to protect its log. */
  readonly cgroup?: string
  readonly limitCgroup?: string
  readonly limitBytes?: number
  readonly usageBytes?: number
  readonly oomGroup: boolean
  readonly triggerPid: number
  readonly triggerCommand: string
  readonly victims: { readonly pid: number; readonly command: string; readonly bytes: number }[]
}

// <level and facility>,<sequence>,<µs>,<flags>;<text>
const RECORD = /^\d+,(\d+),(\d+),[^;]*;(.*)/
const INVOKED = /^(.*) invoked oom-killer: /
const TRIGGER = /^CPU: .*\bPID: (\d+) Comm: /
const USAGE = /^memory: usage (\d+)kB, limit (\d+)kB/
const CONSTRAINT =
  /^oom-kill:constraint=(\w+),.*?(?:oom_memcg=(.*?),)?(?:global_oom,)?task_memcg=(.*),task=.*,pid=\d+,uid=\d+$/
const GROUP = /^Tasks in .* are going to be killed due to memory\.oom\.group set/
const KILLED = /Killed process (\d+) \((.*)\) total-vm:\d+kB, anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB/

/** Reads kills out of the lines of /dev/kmsg, in their order. */
export const parseKernelLog = (records: readonly string[]): LoggedKill[] => {
  const kills: LoggedKill[] = []
  let facts: Partial<LoggedKill> = {}
  for (const record of records) {
    const [, sequence, at, text] = RECORD.exec(record) ?? []
    if (text === undefined) continue
    const invoked = INVOKED.exec(text)
    if (invoked !== null) facts = { triggerCommand: invoked[1]! }
    const trigger = TRIGGER.exec(text)
    if (trigger !== null && facts.triggerPid === undefined) facts = { ...facts, triggerPid: Number(trigger[1]) }
    const usage = USAGE.exec(text)
    if (usage !== null) facts = { ...facts, usageBytes: Number(usage[1]) * 1_024, limitBytes: Number(usage[2]) * 1_024 }
    const constraint = CONSTRAINT.exec(text)
    if (constraint !== null) {
      const [, kind, limitCgroup, cgroup] = constraint
      const { usageBytes, limitBytes, ...others } = facts
      facts = kind === 'CONSTRAINT_MEMCG' ? { ...facts, limitCgroup, cgroup } : { ...others, global: true, cgroup }
    }
    const killed = KILLED.exec(text)
    if (killed !== null) {
      const [, pid, command, ...sizes] = killed
      const bytes = sizes.reduce((sum, kb) => sum + Number(kb) * 1_024, 0)
      const victim = { pid: Number(pid), command: command!, bytes }
      const group = facts.oomGroup ? kills.at(-1) : undefined
      // the first victim comes before the line about the group, the others right after it
      if (group !== undefined && Number(at) - group.at < SECOND) {
        // the members are gone through from the start: the first one is named twice
        if (!group.victims.some(({ pid }) => pid === victim.pid)) group.victims.push(victim)
      } else {
        const global = facts.global ?? !text.startsWith('Memory cgroup')
        const { triggerPid = 0, triggerCommand = '' } = facts
        kills.push({
          ...facts,
          sequence: Number(sequence),
          at: Number(at),
          global,
          oomGroup: false,
          triggerPid,
          triggerCommand,
          victims: [victim],
        })
        facts = {}
      }
    }
    const last = kills.at(-1)
    if (GROUP.test(text) && last !== undefined) {
      kills[kills.length - 1] = { ...last, oomGroup: true }
      facts = { oomGroup: true }
    }
  }
  return kills
}

/** The kernel's log as far as it still holds it. @throws Error without the right to read it (CAP_SYSLOG) */
export const readKernelLog = (): string[] => {
  const file = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
  const records: string[] = []
  const buffer = Buffer.alloc(16_384)
  try {
    for (;;) {
      try {
        records.push(buffer.toString('utf8', 0, readSync(file, buffer)))
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') return records
        if (code !== 'EPIPE') throw error // EPIPE: overwritten meanwhile, the next read goes on
      }
    }
  } finally {
    closeSync(file)
  }
}
