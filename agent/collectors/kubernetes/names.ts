import type { ObjectRef } from '../../../graph/model/observation.ts'
import { given, type NameRef } from './kind.ts'

const textOf = ({ kind, workloadKind = kind, namespace, name }: NameRef): string =>
  `${workloadKind}/${namespace}/${name}`

/** Who refers to what by name, and which object has a name. */
export class Names {
  readonly #find: (reference: NameRef) => ObjectRef | undefined
  readonly #declarers = new Map<string, Set<string>>()
  /** A node that is gone is still the one on which its pods ran. Kept while someone refers to the name. */
  readonly #last = new Map<string, ObjectRef>()

  constructor(find: (reference: NameRef) => ObjectRef | undefined) {
    this.#find = find
  }

  /** What an object refers to now, and what it referred to before (empty where it is new; `now` where it is gone). */
  refers(uid: string, now: readonly NameRef[], before: readonly NameRef[]): void {
    const kept = new Set(now.map(textOf))
    for (const name of kept) {
      const declarers = this.#declarers.get(name) ?? new Set()
      this.#declarers.set(name, declarers.add(uid))
    }
    for (const name of before.map(textOf)) {
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
   * has it, or the last that had it, or a placeholder that holds its place.
   */
  resolve = (reference: NameRef): ObjectRef => {
    const name = textOf(reference)
    const found = this.#find(reference)
    if (reference.uid !== undefined) return found ?? refOf(reference, reference.uid)
    if (found && this.#declarers.has(name)) this.#last.set(name, found)
    return found ?? this.#last.get(name) ?? placeholder(reference)
  }

  /** UIDs of those who refer to the name. */
  declarers(reference: NameRef): Iterable<string> {
    return this.#declarers.get(textOf(reference)) ?? []
  }
}

const refOf = ({ kind, namespace, name, workloadKind }: NameRef, key: string): ObjectRef => ({
  ...{ kind, key, name },
  ...given({ namespace: namespace || undefined, workloadKind }),
})

const placeholder = (reference: NameRef): ObjectRef => ({
  ...refOf(reference, `missing/${textOf(reference)}`),
  missing: true,
})
