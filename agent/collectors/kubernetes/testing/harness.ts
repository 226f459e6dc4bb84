import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import type { EventName } from '../../../../graph/model/generated/types.ts'
import type {
  Declaration,
  EventObservation,
  ObjectRef,
  Observation,
  StateObservation,
} from '../../../../graph/model/observation.ts'
import { problemsOf } from '../../../../graph/model/validate.ts'
import type { ControlPlane } from '../../../../test/cluster/control-plane.ts'
import type { Timings } from '../../../reflector/timings.ts'
import type { Log } from '../../collector.ts'
import type { Settings } from '../config.ts'
import { ClusterWatcher } from '../watcher.ts'

/** Real kubelets take half a minute to show a second crash, many times that on a busy machine. */
const patienceMs = 240_000

/** For tests: a watcher of a real API server, with what it emits kept in memory. */
export class Harness {
  readonly emitted: Observation[] = []
  /** Without room all that is emitted is dropped, as by a spool that is full. */
  hasRoom = true
  dropped = 0
  readonly logged: string[] = []
  readonly dataDir: string
  readonly #kubeConfig = new KubeConfig()
  #watcher: ClusterWatcher | undefined

  constructor(server: Pick<ControlPlane, 'kubeconfig'>, user?: string) {
    this.dataDir = mkdtempSync(join(tmpdir(), 'aitia-test-'))
    this.#kubeConfig.loadFromFile(server.kubeconfig)
    if (user !== undefined) Object.assign(this.#kubeConfig.users[0]!, { impersonateUser: user })
  }

  /** Makes it ask another address from now on. */
  pointTo(url: string): void {
    // The client asks over HTTP only where nothing is to be verified.
    Object.assign(this.#kubeConfig.clusters[0]!, { server: url, skipTLSVerify: url.startsWith('http:') })
  }

  get watcher(): ClusterWatcher {
    return this.#watcher!
  }

  async start(cluster = 'test', timings?: Partial<Timings>, settings: Settings = {}): Promise<void> {
    const say = (...words: unknown[]) => void this.logged.push(String(words.at(-1)))
    const context = {
      cluster,
      dataDir: this.dataDir,
      emit: async (observations: readonly Observation[]) => {
        if (this.hasRoom) this.emitted.push(...observations)
        else this.dropped += observations.length
      },
      drained: async (signal: AbortSignal) => {
        while (!this.hasRoom) await sleep(20, undefined, { signal })
      },
      dropped: () => this.dropped,
      log: { debug: say, info: say, warn: say, error: say } as Log,
    }
    this.#watcher = new ClusterWatcher(this.#kubeConfig, context, settings, timings)
    await this.#watcher.start()
  }

  async stop(): Promise<void> {
    await this.#watcher?.stop()
    this.#watcher = undefined
  }

  /** Stops, and fails if anything that was emitted is not what the model says. */
  async end(): Promise<void> {
    await this.stop()
    rmSync(this.dataDir, { recursive: true })
    assert.ok(!this.logged.includes('an object was not passed on'), 'a handler threw')
    for (const observation of this.emitted) assert.deepEqual(problemsOf(observation), [], JSON.stringify(observation))
  }

  /** States of an object by its key or name, in order. */
  states(name: string): StateObservation[] {
    return this.emitted.filter(
      (observation): observation is StateObservation =>
        observation.type === 'state' && (observation.object.name === name || observation.object.key === name),
    )
  }

  events<K extends EventName>(kind: K, objectName: string): EventObservation<K>[] {
    return this.emitted.filter(
      (observation): observation is EventObservation<K> =>
        observation.type === 'event' &&
        observation.kind === kind &&
        (observation.object.name === objectName || observation.pod?.name === objectName),
    )
  }

  /** The last state of an object that meets the condition; waits for it. */
  async state(name: string, condition: (state: StateObservation) => boolean = () => true): Promise<StateObservation> {
    return this.#wait(`a state of ${name}`, () => this.states(name).findLast(condition))
  }

  async event<K extends EventName>(
    kind: K,
    objectName: string,
    condition: (event: EventObservation<K>) => boolean = () => true,
  ): Promise<EventObservation<K>> {
    return this.#wait(`a ${kind} of ${objectName}`, () => this.events(kind, objectName).find(condition))
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    await this.#wait(what, () => condition() || undefined)
  }

  async #wait<T>(what: string, find: () => T | undefined): Promise<T> {
    const end = Date.now() + patienceMs
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (Date.now() > end) {
        throw new Error(`waited ${patienceMs} ms for ${what}; logged: ${this.logged.slice(-5).join('; ')}`)
      }
      await sleep(20)
    }
  }
}

const standing = ({ missing, unwatched }: ObjectRef): string => (missing ? 'missing ' : unwatched ? 'unwatched ' : '')

/** Relations of a state as `KIND from -> to`, by the names of the ends; `this` where an end is the declaring object. */
export const relationsOf = ({ relations }: Pick<StateObservation, 'relations'>): string[] => {
  const end = (ref: Declaration['to']) => (ref === undefined ? 'this' : `${standing(ref)}${ref.name}`)
  return relations.map(({ kind, from, to }) => `${end(from)} ${kind} ${end(to)}`).sort()
}

/** Relations of some kinds as the name of the other end and the properties. */
export const declared = ({ relations }: Pick<StateObservation, 'relations'>, ...kinds: string[]): string[] =>
  relations
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ from, to, properties }) => {
      const ref = (to ?? from)!
      return `${standing(ref)}${ref.name} ${JSON.stringify(properties ?? {})}`
    })
    .sort()
