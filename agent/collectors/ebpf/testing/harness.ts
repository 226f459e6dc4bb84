/** Runs the collector on the real kernel, with what it emits kept in memory and container-like cgroups to watch. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import type { EventName } from '../../../../graph/model/generated/types.ts'
import type { EventObservation, Observation } from '../../../../graph/model/observation.ts'
import { Cgroup } from '../../../native/testing/cgroup.ts'
import { OBJECTS } from '../../../native/testing/recorder.ts'
import type { CollectorContext, RunningCollector } from '../../collector.ts'
import { EbpfCollector } from '../collector.ts'
import { startEbpf } from '../main.ts'

export const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** A pod and a container of it, as the kubelet's cgroupfs driver lays them out. */
export class TestContainer {
  readonly podUid = crypto.randomUUID()
  readonly id = randomBytes(32).toString('hex')
  /** Of all pods of the node. */
  readonly pods: Cgroup
  readonly pod: Cgroup
  readonly cgroup: Cgroup

  constructor(t: TestContext) {
    this.pods = new Cgroup(t)
    this.pod = new Cgroup(t, { parent: this.pods, name: `pod${this.podUid}` })
    this.cgroup = new Cgroup(t, { parent: this.pod, name: this.id })
  }
}

export interface HarnessOptions {
  readonly dataDir: string
  readonly pinning: { pinDir: string; mountPoint?: string } | null
  /** A ring so small that it is soon full; nothing is pinned then. */
  readonly ringBytes?: number
  /** Takes the place of making observations safe. */
  readonly emit?: (observations: readonly Observation[]) => Promise<void>
}

/** A running collector. */
export class Harness {
  readonly emitted: Observation[] = []
  readonly collector: RunningCollector
  /** Watermark of its last word, µs. */
  claimed = 0
  /** Lines of its log from warnings on. */
  readonly warnings: string[] = []

  constructor(t: TestContext, { dataDir, pinning, ringBytes, emit }: HarnessOptions) {
    const context: CollectorContext = {
      cluster: 'test',
      host: { key: `test-${process.pid}`, hostname: hostname(), bootId: BOOT_ID },
      emit: async (observations) => {
        this.emitted.push(...observations)
        await emit?.(observations)
      },
      drained: async () => {},
      dropped: () => 0,
      dataDir,
      log: pino({ level: 'warn' }, { write: (line) => this.warnings.push(line) }),
      signal: new AbortController().signal,
    }
    this.collector =
      ringBytes === undefined
        ? startEbpf(context, pinning)
        : new EbpfCollector(context, { objects: OBJECTS, ringBytes })
    // as the agent does
    const ask = () => {
      this.claimed = this.collector.progress!()[0]!.watermark ?? 0
    }
    ask()
    const asking = setInterval(ask, 1_000)
    t.after(() => {
      clearInterval(asking)
      return this.collector.stop()
    })
  }

  events<K extends EventName>(kind: K, matches: (event: EventObservation<K>) => boolean = () => true) {
    return this.emitted.filter(
      (observation): observation is EventObservation<K> =>
        observation.type === 'event' && observation.kind === kind && matches(observation as EventObservation<K>),
    )
  }

  /** Waits for an event of this kind about an object. */
  async event<K extends EventName>(kind: K, key: string): Promise<EventObservation<K>> {
    for (let tries = 0; tries < 500; tries++) {
      const [found] = this.events(kind, ({ object }) => object.key === key)
      if (found !== undefined) return found
      await sleep(10)
    }
    throw new Error(`no ${kind} about ${key} among ${this.emitted.length} observations after 5 s`)
  }
}

/** A folder that goes with the process: collectors note their state in it until their test is over. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  return folder
}
