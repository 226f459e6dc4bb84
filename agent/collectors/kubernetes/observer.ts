import { hash } from 'node:crypto'
import {
  type Declaration,
  type EventObservation,
  type ObjectRef,
  type Observation,
  type StateObservation,
  sourceOf,
} from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import type { Change, Gap } from '../../reflector/handler.ts'
import {
  type AllRef,
  type AnyKind,
  type Fact,
  type Follower,
  type Marks,
  type Moment,
  nameOf,
  type Resolve,
  type Trimmed,
} from './kind.ts'
import type { Known, Passed } from './known.ts'
import type { Names } from './names.ts'

export const source = sourceOf('kubernetes')

/** What may have come and gone unseen of one kind. */
export const gapOf = (kind: AnyKind, { from, to, reason }: Gap): Observation => ({
  ...{ type: 'gap', source, from, to, reason: `${nameOf(kind)}: ${reason}`, kinds: kind.tells ?? [] },
})

/** A kind could not be read from then on until now. Where the clock was set back that lies ahead of it. */
export const unreadOf = (kind: AnyKind, from: number): Observation => {
  const to = now()
  return gapOf(kind, { from: Math.min(from, to), to, reason: 'it could not be read' })
}

/** When a state was seen, and which of its object it is. */
type Stamp = Pick<StateObservation, 'at' | 'version' | 'uncertainty'>
type Ending = Pick<Change<Trimmed>, 'observedAt' | 'resourceVersion' | 'inferred'>

/** Longest owner chain that is followed: a cycle must end somewhere. */
const longestChain = 10

/** What is there now. */
interface Objects {
  /** An object of any kind by its UID. */
  find(uid: string): Trimmed | undefined
  among(all: AllRef): Iterable<Trimmed>
  /** Nothing is to be told of it. */
  isLeftOut(object: Trimmed): boolean
}

/** Turns changes into what is sent: a state where body or relations differ from what was last sent, and the events that are new. */
export class Observer {
  readonly #names: Names
  readonly #known: Known
  readonly #objects: Objects
  readonly #toldBefore: () => Passed | undefined
  readonly #followers = new Map<AnyKind, Follower<Trimmed>>()
  /** States that were left out because nothing in them had changed. */
  unchanged = 0
  /** How much of what objects tell was left out, by what it is. */
  readonly omitted = new Map<string, number>()

  /** `toldBefore`: what another may have told of any object was seen no later than this, by its clock, and of no higher version. */
  constructor(names: Names, known: Known, objects: Objects, toldBefore: () => Passed | undefined) {
    this.#names = names
    this.#known = known
    this.#objects = objects
    this.#toldBefore = toldBefore
  }

  /** `succeeded`: what is deleted goes on under another UID. */
  changed(kind: AnyKind, change: Change<Trimmed>, succeeded: boolean): Observation[] {
    const { object, type } = change
    const previous = change.previous?.leftOut ? undefined : change.previous
    const refersTo = type === 'present' && !object.leftOut ? (kind.references?.(object) ?? []) : []
    // What is left out is gone for whom only it concerns.
    if (!object.leftOut) this.#followerOf(kind)?.take({ ...change, previous } as Change<Trimmed>)
    else if (previous) this.#followerOf(kind)?.take({ ...change, type: 'deleted', object: previous })
    this.#names.refers(object.uid, refersTo, previous ? (kind.references?.(previous) ?? []) : [])
    if (type === 'deleted') {
      if (!object.ref || succeeded) return []
      if (this.#objects.isLeftOut(object) && !this.#known.has(object.ref.key)) return []
      return [...this.#events(kind, change), this.#tombstone(object.ref, change, change.uncertaintyFrom)]
    }
    const state = this.#state(kind, object, change.observedAt, this.uncertainty(kind, change))
    return [...state, ...this.#events(kind, change)]
  }

  /** What shows over several objects of the kind, or as time passes. */
  followed(kind: AnyKind, moment: Omit<Moment, 'resolve' | 'isThere'>): EventObservation[] {
    const isThere = (uid: string) => this.#objects.find(uid) !== undefined
    const facts = this.#followerOf(kind)?.facts({ ...moment, resolve: this.#names.resolve, isThere }) ?? []
    const told = facts.filter(({ object, pod }) => !this.#isOfLeftOut(pod ?? object))
    return told.map((fact) => this.#event(fact, undefined, now()))
  }

  /** What shows over several objects of a kind will be told as if nothing of it had been. */
  followAnew(kind: AnyKind): void {
    this.#followers.get(kind)?.anew?.()
  }

  #followerOf(kind: AnyKind): Follower<Trimmed> | undefined {
    if (!kind.follow) return undefined
    const follower = this.#followers.get(kind) ?? kind.follow(this.#marksOf(kind))
    this.#followers.set(kind, follower)
    return follower
  }

  #marksOf({ path }: AnyKind): Marks {
    const known = this.#known
    return {
      has: (key) => known.has(key),
      mark: (key) => known.mark(key),
      setMark: (key, mark) => known.setMark(key, mark),
      since: known.since(path),
    }
  }

  /** The state again, where what it refers to was seen to differ, which it may do for so long. */
  again(kind: AnyKind, object: Trimmed, observedAt: number, uncertainty: number): Observation[] {
    const since = Math.max(object.createdAt, observedAt - uncertainty)
    return this.#state(kind, object, observedAt, Math.max(0, observedAt - since))
  }

  /** µs back from the sight within which the change happened: to creation where the object is new, else to the last coverage. */
  uncertainty({ path }: AnyKind, { object, previous, observedAt, uncertaintyFrom = 0 }: Change<Trimmed>): number {
    if (previous) return uncertaintyFrom === 0 ? 0 : observedAt - uncertaintyFrom
    const covered = object.ref && this.#known.has(object.ref.key) ? (this.#known.watermark(path) ?? 0) : 0
    return Math.max(0, observedAt - Math.max(object.createdAt, uncertaintyFrom, covered))
  }

  /** State and events of what is there, as if nothing had been told of it. */
  anew(kind: AnyKind, object: Trimmed, at: number): Observation[] {
    const change = { type: 'present', uid: object.uid, object, observedAt: at, resourceVersion: '' } as const
    const state = this.#state(kind, object, at, Math.max(0, at - object.createdAt))
    return [...state, ...this.#events(kind, change)]
  }

  /** An object of an earlier run that is gone, and the event that its end is. */
  gone({ path, unseenEnd }: AnyKind, object: ObjectRef, at: number, resourceVersion: string): Observation[] {
    const from = Math.min(this.#known.since(path), at)
    const facts = this.#known.isSilent(object.key) ? [] : (unseenEnd?.facts(object, { from, to: at }) ?? [])
    return [
      ...facts.map((fact) => this.#event(fact, undefined, at)),
      this.#tombstone(object, { observedAt: at, resourceVersion, inferred: true }, from),
    ]
  }

  #tombstone(object: ObjectRef, end: Ending, from: number | undefined): StateObservation {
    const { observedAt, resourceVersion, inferred } = end
    const version = Number(resourceVersion)
    const stamp = {
      at: observedAt,
      // Nothing comes after an end: the version of a list that is empty may be lower than that of the last state.
      version: Math.max(Number.isSafeInteger(version) ? version : 0, this.#known.last(object.key)?.version ?? 0),
      uncertainty: from === undefined ? 0 : Math.max(0, observedAt - from),
    }
    const ended = { ...this.#after(object.key, stamp), source, deleted: true } as const
    this.#known.holdsEnd(object.key)
    return { type: 'state', object, ...ended, ...(inferred && { inferred }), body: {}, relations: [] }
  }

  /**
   * Of two states of one version the later counts, and it has to be what is told later: it is no earlier than what was told before,
   * also where the clock was set back in between, or another told it by a clock that is ahead. When it was seen it may have been so.
   */
  #after(key: string, { at, version, uncertainty }: Stamp): Stamp {
    const lateAfter = (told: Passed | undefined) => (told && version <= told.version ? told.at + 1 - at : 0)
    const late = Math.max(0, lateAfter(this.#known.last(key)), lateAfter(this.#toldBefore()))
    return { at: at + late, version, uncertainty: uncertainty + late }
  }

  #state(kind: AnyKind, object: Trimmed, at: number, uncertainty: number): StateObservation[] {
    const { ref, version } = object
    const leftOut = this.#objects.isLeftOut(object)
    // Of what was told before it was left out the last state says no more; it ends when the object does.
    if (!ref || (leftOut ? !this.#known.has(ref.key) : !object.body)) return []
    const relations: Declaration[] =
      (!leftOut && kind.relations?.(object, this.#names.resolve, (all) => this.#objects.among(all))) || []
    const body = leftOut ? {} : object.body!
    const digest = hash('sha1', JSON.stringify([body, relations]), 'base64url')
    if (this.#known.digest(ref.key) === digest) {
      this.unchanged++
      return []
    }
    const stamp = this.#after(ref.key, { at, version, uncertainty })
    this.#known.holds(kind.path, ref, { digest, ...stamp }, leftOut || kind.unseenEnd?.isTold(object) === false)
    const state = { type: 'state', object: ref, ...stamp, source, body, relations } as const
    return [leftOut ? { ...state, leftOut } : state]
  }

  #events(kind: AnyKind, change: Change<Trimmed>): EventObservation[] {
    const { type, object, observedAt, uncertaintyFrom } = change
    if (!kind.facts || this.#objects.isLeftOut(object)) return []
    const previous = change.previous?.leftOut ? undefined : change.previous
    const counted = new Set(previous && kind.omits?.(previous).map(({ id }) => id))
    for (const { what, id } of kind.omits?.(object, previous) ?? []) {
      if (!counted.has(id)) this.omitted.set(what, (this.omitted.get(what) ?? 0) + 1)
    }
    const resolve: Resolve = this.#names.resolve
    const gone = type !== 'deleted' ? undefined : change.inferred ? 'inferred' : 'seen'
    const facts: Fact[] = kind.facts(object, { observedAt, previous, uncertaintyFrom, gone, resolve })
    const before: Fact[] = previous ? kind.facts(previous, { observedAt, previous: undefined, resolve }) : []
    const told = new Set(before.map(({ id }) => id))
    const fresh = facts.filter(({ id, object, pod }) => !told.has(id) && !this.#isOfLeftOut(pod ?? object))
    return fresh.map((fact) => this.#event(fact, object, observedAt))
  }

  #isOfLeftOut({ key }: ObjectRef): boolean {
    const about = this.#objects.find(key)
    return about !== undefined && this.#objects.isLeftOut(about)
  }

  /** `teller`: it may be gone, so that no view has it any more. */
  #event(fact: Fact, teller: Trimmed | undefined, observedAt: number): EventObservation {
    const { key } = fact.pod ?? fact.object
    const top = this.#topOwner(teller?.ref?.key === key ? teller : this.#objects.find(key))
    const workloadName = top?.ref?.kind === 'Workload' ? top.ref.name : undefined
    return { type: 'event', observedAt, source, ...fact, ...(workloadName !== undefined && { workloadName }) }
  }

  #topOwner(owned: Trimmed | undefined): Trimmed | undefined {
    let object = owned
    for (let depth = 0; object?.owner && depth < longestChain; depth++) {
      const owner = this.#objects.find(object.owner.uid)
      if (!owner) break
      object = owner
    }
    return object
  }
}
