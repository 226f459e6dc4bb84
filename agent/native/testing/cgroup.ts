/** Real cgroups and processes for tests of the kernel side. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const v1 = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')
const ROOT = v1 ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup'
let made = 0

/** On v2 a cgroup has limits where its parent lets it, which can have no processes of its own then. */
const letLimit = (parent: string): void => {
  if (parent !== ROOT) letLimit(dirname(parent))
  writeFileSync(join(parent, 'cgroup.subtree_control'), '+memory')
}

/** A cgroup with the memory controller, of the test's own; its processes are killed and it is removed after the test. */
export class Cgroup {
  readonly name: string
  readonly folder: string
  readonly #children: Cgroup[] = []

  constructor(t: TestContext, { name, parent }: { name?: string; parent?: Cgroup } = {}) {
    this.name = name ?? `aitia-test-${process.pid}-${made++}`
    this.folder = join(parent?.folder ?? ROOT, this.name)
    mkdirSync(this.folder)
    if (parent !== undefined) parent.#children.push(this)
    t.after(() => this.remove())
  }

  /** Id of the cgroup, as kernel records name it. */
  get id(): number {
    return statSync(this.folder).ino
  }

  limit(bytes: number): this {
    if (!v1) letLimit(dirname(this.folder))
    writeFileSync(join(this.folder, v1 ? 'memory.limit_in_bytes' : 'memory.max'), `${bytes}`)
    return this
  }

  /** Kills by the OOM killer, as the kernel counts them. */
  get oomKills(): number {
    const counts = readFileSync(join(this.folder, v1 ? 'memory.oom_control' : 'memory.events'), 'utf8')
    return Number(/^oom_kill (\d+)$/m.exec(counts)?.[1])
  }

  get usage(): number {
    return Number(readFileSync(join(this.folder, v1 ? 'memory.usage_in_bytes' : 'memory.current'), 'utf8'))
  }

  /**
   * Runs a shell command inside, with mounts of its own; `unshare` gives it a pid namespace of its own too. As a
   * container's first process does, it joins the cgroup (as number 1 of the namespace) and then runs its program, with
   * its parent outside.
   */
  spawn(command: string, { unshare = false } = {}): ChildProcess {
    const ownPids = unshare ? ['--pid', '--fork', '--kill-child'] : []
    const join = `echo 0 > ${this.folder}/cgroup.procs && exec "$@"`
    const words = ['--mount', ...ownPids, 'sh', '-c', join, 'sh', 'sh', '-c', command]
    return spawn('unshare', words, { stdio: 'ignore' })
  }

  async remove(): Promise<void> {
    for (const child of this.#children) await child.remove()
    for (let tries = 0; existsSync(this.folder); tries++) {
      for (const pid of readFileSync(join(this.folder, 'cgroup.procs'), 'utf8').split('\n'))
        if (pid !== '') spawnSync('kill', ['-9', pid])
      try {
        rmdirSync(this.folder)
      } catch (error) {
        if (tries === 50) throw error
        await sleep(20)
      }
    }
  }
}

/** Resolves with a process's end. */
export const ended = (child: ChildProcess): Promise<{ code: number | null; signal: string | null }> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
