/** An agent as a process of its own, started as users start it: for what it costs its machine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unpin } from '../../agent/native/native.ts'

const PINS = '/sys/fs/bpf/aitia'

/** Starts an agent with the ebpf collector alone. It knows no cluster but the one that `settings` name. */
export const startAgent = (settings: Readonly<Record<string, string>>): ChildProcess => {
  const { KUBECONFIG: _, ...environment } = process.env
  const command = join(import.meta.dirname, '../../aitia')
  return spawn(command, ['agent', '--collectors', 'ebpf'], {
    env: { ...environment, ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Ends a process in order, and waits for it. */
export const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

const pinsOf = (cluster: string): string | undefined => {
  const name = existsSync(PINS) && readdirSync(PINS).find((each) => each.startsWith(`${cluster}-`))
  return name ? join(PINS, name) : undefined
}

/** Waits until the kernel programs of the cluster's agent are at work; gives the folders of its pinned maps. */
export const atWork = async (child: ChildProcess, cluster: string): Promise<string[]> => {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}, expected it to run`)
    const pins = pinsOf(cluster)
    const version = pins && readdirSync(pins).find((name) => existsSync(join(pins, name, 'links/process_exit')))
    if (pins && version) return [join(pins, version, 'maps'), pins]
    await sleep(100)
  }
  throw new Error('no pinned program of the agent after 60 s')
}

/** Lets go of what the cluster's agents left at work in the kernel. */
export const unpinAll = (cluster: string): void => {
  const pins = pinsOf(cluster)
  if (pins !== undefined) unpin(pins)
}

/** Memory of a process, MB: what it holds now, or the most it ever held. */
export const memoryOf = (pid: number, which: 'VmRSS' | 'VmHWM'): number =>
  (Number(new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) /
  1e6
