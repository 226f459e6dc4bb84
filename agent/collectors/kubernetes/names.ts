import type { ObjectRef } from '../../../graph/model/observation.ts'
import type { Change } from '../../reflector/handler.ts'
import { type AnyKind, given, type NameRef, type Reference, type Trimmed } from './kind.ts'

type KindRef = Pick<NameRef, 'kind' | 'workloadKind'>

const textOf = ({ kind, workloadKind = kind, namespace, name }: NameRef): string =>
  `${workloadKind}/${namespace}/${name}`

/** No object is called `*`. */
const textOfAny = (reference: Reference): string =>
  textOf('name' in reference ? reference : { ...reference, name: '*' })

/** A name that stands for no object that is known. */
export const isPlaceholder = ({ missing, unwatched }: ObjectRef): boolean => missing === true || unwatched === true

/** Who refers to what, by name or to all of a kind, and which object has a name. */
export class Names {
  readonly #find: (reference: NameRef) => ObjectRef | undefined
  readonly #isWatched: (kind: KindRef) => boolean
  readonly #declarers = new Map<string, Set<string>>()
  /** A node that is gone is still the one on which its pods ran. Kept while someone refers to the name. */
  readonly #last = new Map<string, ObjectRef>()

  /** `isWatched`: all objects of a kind are known, so that what is not found is not there. */
  constructor(find: (reference: NameRef) => ObjectRef | undefined, isWatched: (kind: KindRef) => boolean) {
    this.#find = find
    this.#isWatched = isWatched
  }

  /**
   * What an object refers to now, and what it referred to before (empty where it is new; `now` where it is gone). A UID that is
   * found stays what it is; one that is not may be that of a mirror, of which only the pod itself tells the key.
   */
  refers(uid: string, now: readonly Reference[], before: readonly Reference[]): void {
    const isOpen = (reference: Reference) => !('uid' in reference && this.#find(reference))
    const kept = new Set(now.filter(isOpen).map(textOfAny))
    for (const name of kept) {
      const declarers = this.#declarers.get(name) ?? new Set()
      this.#declarers.set(name, declarers.add(uid))
    }
    for (const name of before.map(textOfAny)) {
      if (kept.has(name)) continue
      const declarers = this.#declarers.get(name)
      declarers?.delete(uid)
      if (declarers?.size !== 0) continue
      this.#declarers.delete(name)
      this.#last.delete(name)
    }
  }

  /**
   * The object that is meant. Of a UID that is the object that has it, or else one with that key; of a name alone the object that
   * has it, or where that lasts the last that had it, or a placeholder that holds its place.
   */
  resolve = (reference: NameRef): ObjectRef => {
    const name = textOf(reference)
    const found = this.#find(reference)
    if (reference.uid !== undefined) return found ?? refOf(reference, reference.uid)
    if (!reference.lasting) return found ?? this.#placeholder(reference)
    if (found && this.#declarers.has(name)) this.#last.set(name, found)
    return found ?? this.#last.get(name) ?? this.#placeholder(reference)
  }

  #placeholder(reference: NameRef): ObjectRef {
    const standing = this.#isWatched(reference) ? 'missing' : 'unwatched'
    return { ...refOf(reference, `${standing}/${textOf(reference)}`), [standing]: true }
  }

  /** UIDs of those who name something of a kind that is not found: whether it is missing or not watched may differ. */
  *unresolved({ object: kind, workloadKind }: Pick<AnyKind, 'object' | 'workloadKind'>): Iterable<string> {
    for (const [text, declarers] of this.#declarers) {
      const [of, namespace = '', name = ''] = text.split('/')
      if (!kind || of !== (workloadKind ?? kind) || name === '*') continue
      if (!this.#find({ kind, ...given({ workloadKind }), namespace, name })) yield* declarers
    }
  }

  /** UIDs of those whose relations may differ by a change: who name the object that appears or goes, and who look among all of its kind. */
  *dependents(
    { object: kind, workloadKind }: AnyKind,
    { object: { ref }, type, previous }: Change<Trimmed>,
  ): Iterable<string> {
    if (!kind || !ref?.name) return
    const namespace = ref.namespace ?? ''
    const of = (reference: Reference) => this.#declarers.get(textOfAny(reference)) ?? []
    if (type === 'deleted' || !previous) yield* of({ kind, ...given({ workloadKind }), namespace, name: ref.name })
    yield* of({ kind, namespace })
  }
}

const refOf = ({ kind, namespace, name, workloadKind }: NameRef, key: string): ObjectRef => ({
  ...{ kind, key, name },
  ...given({ namespace: namespace || undefined, workloadKind }),
})
