/**
 * What could not be kept. It is written to disk at once, so that a loss is told even when the process ends before there is
 * room to tell it: then as loss and gap observations, before anything else goes on.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lossOf } from '../../model/loss.ts'
import type { GapObservation, LossObservation, Observation } from '../../model/observation.ts'
import { SECOND } from '../../model/time.ts'
import type { Damage } from './spool.ts'

/** How much earlier than its writing an observation may have happened, for records of which nothing else is known. */
const DAMAGE_SLACK = 10 * SECOND

/** Damage is rare: older than this many it has been told. */
const DAMAGES_KEPT = 16

type Told = LossObservation | GapObservation

interface Kept {
  /** What is being told lane by lane: it stays as it is until all have it, or its count would be another in each. */
  telling: Told[]
  losses: LossObservation[]
  gaps: GapObservation[]
  /** Losses that may concern any source: told for each as soon as it speaks. */
  damages: Damage[]
}

const bySource = <T extends Told>(list: T[], add: T, same: (a: T, b: T) => boolean, merge: (a: T, b: T) => T): T[] => {
  const at = list.findIndex((each) => each.source === add.source && same(each, add))
  return at === -1 ? [...list, add] : list.with(at, merge(list[at]!, add))
}

/** What concerns other kinds is kept apart, or it would blind for all of them. */
const sameKinds = (a: Told, b: Told): boolean => a.kinds?.join() === b.kinds?.join()

const span = (a: Told, b: Told) => ({ from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) })

export class Ledger {
  readonly #file: string
  readonly #toldDamage = new Set<string>()
  #kept: Kept = { telling: [], losses: [], gaps: [], damages: [] }
  #unsaved: string | null = null

  constructor(folder: string) {
    this.#file = join(folder, 'losses.json')
    try {
      this.#kept = { ...this.#kept, ...JSON.parse(readFileSync(this.#file, 'utf8')) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new Error(`${this.#file} can't be read`, { cause: error })
    }
  }

  /**
   * Notes the observations of a job that was dropped. Heartbeats claim nothing by being absent. What they would have told
   * of gaps and losses stands in the jobs of all lanes: it is taken from the first.
   */
  dropped(lane: number, observations: readonly Observation[]): void {
    for (const loss of lossOf(observations, 'spool')) this.#lose(loss)
    for (const observation of lane === 0 ? observations : []) {
      if (observation.type === 'loss') this.#lose(observation)
      else if (observation.type === 'gap') this.#gap(observation)
    }
    this.#write()
  }

  damaged(damages: readonly Damage[]): void {
    if (damages.length === 0) return
    this.#kept.damages = [...this.#kept.damages, ...damages].slice(-DAMAGES_KEPT)
    this.#write()
  }

  /** What has to be told to every lane before anything else is kept; empty where nothing was lost. The same until `told`, whatever is lost meanwhile. */
  untold(): readonly Told[] {
    const { telling, losses, gaps } = this.#kept
    if (telling.length === 0 && losses.length + gaps.length > 0) {
      this.#kept = { ...this.#kept, telling: [...losses, ...gaps], losses: [], gaps: [] }
      this.#write()
    }
    return this.#kept.telling
  }

  told(): void {
    this.#kept = { ...this.#kept, telling: [] }
    this.#write()
  }

  /** What has to be told before a source's next heartbeat, since damage may have hit it. Once a run; telling it again changes nothing. */
  untoldOf(source: string): readonly LossObservation[] {
    if (this.#kept.damages.length === 0 || this.#toldDamage.has(source)) return []
    this.#toldDamage.add(source)
    return this.#kept.damages.map(({ from, to }) => {
      return { type: 'loss', source, from: from - DAMAGE_SLACK, to, count: 1, what: 'spool-damage' }
    })
  }

  #lose(loss: LossObservation): void {
    const merge = (a: LossObservation, b: LossObservation) => ({ ...a, ...span(a, b), count: a.count + b.count })
    this.#kept.losses = bySource(this.#kept.losses, loss, (a, b) => a.what === b.what && sameKinds(a, b), merge)
  }

  #gap(gap: GapObservation): void {
    const merge = (a: GapObservation, b: GapObservation) => ({ ...a, ...span(a, b) })
    this.#kept.gaps = bySource(this.#kept.gaps, gap, (a, b) => a.reason === b.reason && sameKinds(a, b), merge)
  }

  /** Why the file does not say all of it, or null: the losses are then told by this process, and by no other after it. */
  get unsaved(): string | null {
    return this.#unsaved
  }

  /** Tries to write again what the disk refused. */
  save(): void {
    if (this.#unsaved !== null) this.#write()
  }

  #write(): void {
    const { telling, losses, gaps, damages } = this.#kept
    try {
      if (telling.length + losses.length + gaps.length + damages.length === 0) rmSync(this.#file, { force: true })
      else {
        // On the disk before it takes the old one's place: a power cut would leave it empty.
        writeFileSync(`${this.#file}.new`, JSON.stringify(this.#kept), { mode: 0o600, flush: true })
        renameSync(`${this.#file}.new`, this.#file)
      }
      this.#unsaved = null
    } catch (error) {
      this.#unsaved = (error as Error).message
    }
  }
}
