import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Place, spawnAt } from './place.ts'
import { identify, isAlive, type ProcessIdentity, signal } from './processes.ts'

const startSeconds = 90

/** A long-running program of the cluster that can be killed and started again. */
export class Daemon {
  readonly name: string
  /** File with all that it printed, over all its starts. */
  readonly log: string
  readonly #place: Place
  readonly #command: string[]
  readonly #isReady: () => Promise<boolean>
  #process: ProcessIdentity | undefined

  constructor(place: Place, name: string, command: string[], isReady: () => Promise<boolean>) {
    this.name = name
    this.log = join(place.state.folder, `${name}.log`)
    this.#place = place
    this.#command = command
    this.#isReady = isReady
  }

  /** Pid as the host sees it, undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process && isAlive(this.#process) ? this.#process.pid : undefined
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    if (this.pid) throw new Error(`${this.name} runs already (pid ${this.pid})`)
    const child = spawnAt(this.#place, this.#command, this.log)
    child.on('error', () => {})
    this.#process = child.pid ? identify(child.pid) : undefined
    const deadline = performance.now() + startSeconds * 1000
    while (!(await this.#isReady().catch(() => false))) {
      if (!this.pid) throw new Error(`${this.name} ended before it was ready; ${this.#lastWords()}`)
      if (performance.now() > deadline)
        throw new Error(`${this.name} not ready in ${startSeconds} s; ${this.#lastWords()}`)
      await delay(50)
    }
  }

  /** Kills it, by default without warning, and waits for its end; children such as containers' shims go on. */
  async kill(name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#process) return
    signal(this.#process, name)
    while (isAlive(this.#process)) await delay(10)
  }

  #lastWords(): string {
    return `the end of ${this.log}:\n${readFileSync(this.log, 'utf8').slice(-3000)}`
  }
}
