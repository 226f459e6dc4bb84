import type { EventName } from '../../../graph/model/generated/types.ts'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import type { Change } from '../../reflector/handler.ts'
import type { Reflector } from '../../reflector/reflector.ts'
import type { View } from '../../reflector/view.ts'
import { type AllRef, type AnyKind, covers, type NameRef, nameOf, type Trimmed } from './kind.ts'

/** One kind with its watch. */
export interface Watched {
  readonly kind: AnyKind
  readonly reflector: Reflector<Trimmed>
  /** Its first list is there: what it lacks does not exist. */
  listed: boolean
  /** Its first list is there, or it was refused. */
  readonly settled: PromiseWithResolvers<void>
  /** Its first list has been passed on. */
  passed: boolean
  /** Version of the last change that was looked at. */
  position: string | undefined
  /** The API does not let us read it. */
  refused: boolean
  /** µs: it was seen up to here, and then refused. Until a gap has told so it counts as unseen. */
  seenUntil: number | undefined
}

const namespacesPath = '/api/v1/namespaces'
const countEveryMs = 10_000
/** Those of which most is left out: a heartbeat has to stay small. */
const namespacesCounted = 50

const isSeen = ({ passed, seenUntil }: Watched): boolean => passed && seenUntil === undefined

/** Up to when all of these that are seen have come, µs. */
function lowest(watches: readonly Watched[]): number | undefined {
  const marks = watches.filter(isSeen).map(({ reflector }) => reflector.watermark)
  return marks.length && marks.every((mark) => mark !== undefined) ? Math.min(...marks) : undefined
}

/**
 * Version of the last change that a batch shows. Of a first list that is its newest object: the version of the list itself is one
 * that another watch of a quiet kind may not hear of for a minute. Undefined where nothing is there.
 */
export const positionOf = ({ passed, reflector }: Watched, version: string): string | undefined => {
  if (passed) return version
  const newest = [...reflector.view.objects()].reduce((max, object) => Math.max(max, object.version), 0)
  return newest === 0 ? undefined : String(newest)
}

const versions = (watches: readonly Watched[], of: (watched: Watched) => string | undefined): Record<string, string> =>
  Object.fromEntries(
    watches.flatMap((watched) => {
      const version = of(watched)
      return version === undefined ? [] : [[watched.kind.path, version]]
    }),
  )

/** The watches of all kinds together: what is there, and how far it is known. */
export class Watches {
  readonly #byPath = new Map<string, Watched>()
  readonly #leftOut: AnyKind[] = []
  #counted = { at: Number.NEGATIVE_INFINITY, counters: {} as Record<string, number> }

  add(watched: Watched): void {
    this.#byPath.set(watched.kind.path, watched)
  }

  /** A kind that is not watched at all. */
  leaveOut(kind: AnyKind): void {
    this.#leftOut.push(kind)
  }

  has(path: string): boolean {
    return this.#byPath.has(path)
  }

  get all(): Watched[] {
    return [...this.#byPath.values()]
  }

  /** Those whose silence the source vouches for. */
  get covering(): Watched[] {
    return this.all.filter(({ kind }) => covers(kind))
  }

  /** Up to when all events are passed on that can be seen, µs. */
  get watermark(): number | undefined {
    return lowest(this.covering)
  }

  /** Paths of the kinds that are seen. */
  get seen(): Set<string> {
    return new Set(this.all.filter(isSeen).map(({ kind }) => kind.path))
  }

  /** Up to when the states of all kinds that are seen are passed on, µs: the next run dates back to it what it finds changed. */
  get covered(): number | undefined {
    return lowest(this.all.filter(({ kind }) => kind.object !== undefined))
  }

  /** Versions of the last changes. */
  get positions(): Record<string, string> {
    return versions(this.all, ({ position }) => position)
  }

  /** Those of which the first list has been passed on. */
  get listed(): Watched[] {
    return this.all.filter(({ passed }) => passed)
  }

  /** Versions up to which all is passed on. */
  get passed(): Record<string, string> {
    return versions(this.all, ({ reflector }) => reflector.passed)
  }

  /** Kinds of events that can't be seen. */
  get blind(): EventName[] {
    const unseen = this.all.filter((watched) => !watched.kind.unclaimed && !isSeen(watched))
    const kinds = [...unseen.map(({ kind }) => kind), ...this.#leftOut]
    return [...new Set(kinds.flatMap(({ tells = [] }) => tells))]
  }

  /** By itself, or with all of its namespace. */
  isLeftOut({ leftOut, ref, namespace = ref?.namespace }: Trimmed): boolean {
    if (leftOut || namespace === undefined) return leftOut === true
    return this.#byPath.get(namespacesPath)?.reflector.view.named('', namespace)?.leftOut === true
  }

  /** All in a namespace that by this change is left out from now on, or no more. */
  *turned({ object: of }: AnyKind, { object, previous }: Change<Trimmed>): IterableIterator<[AnyKind, Trimmed]> {
    if (of !== 'Namespace' || !previous || previous.leftOut === object.leftOut) return
    for (const { kind, reflector } of this.#byPath.values())
      for (const each of reflector.view.objects()) if (each.ref?.namespace === object.ref?.name) yield [kind, each]
  }

  /** Objects of the model that are left out, all and by namespace. Counted anew at most every ten seconds. */
  get omitted(): Record<string, number> {
    if (performance.now() < this.#counted.at + countEveryMs) return this.#counted.counters
    const counts = new Map<string, number>()
    const raise = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
    for (const { reflector } of this.#byPath.values()) {
      for (const object of reflector.view.objects()) {
        if (!object.ref || !this.isLeftOut(object)) continue
        raise('omitted.objects')
        if (object.ref.namespace !== undefined) raise(`omitted.objects.in.${object.ref.namespace}`)
      }
    }
    const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, namespacesCounted)
    this.#counted = { at: performance.now(), counters: Object.fromEntries(most) }
    return this.#counted.counters
  }

  /** An object of any kind by its UID. */
  find(uid: string): Trimmed | undefined {
    for (const { reflector } of this.#byPath.values()) {
      const found = reflector.view.get(uid)
      if (found) return found
    }
    return undefined
  }

  /** The object that a reference means, where it is there. */
  named({ kind, workloadKind, namespace, name, uid }: NameRef): ObjectRef | undefined {
    if (uid !== undefined) return this.find(uid)?.ref
    for (const { kind: watched, reflector } of this.#byPath.values()) {
      if (watched.object !== kind || watched.workloadKind !== workloadKind) continue
      const found = reflector.view.named(namespace, name)
      if (found) return found.ref
    }
    return undefined
  }

  /** Whether all objects of a kind are known. */
  knowsAll({ kind, workloadKind }: Pick<NameRef, 'kind' | 'workloadKind'>): boolean {
    return this.all.some(
      ({ kind: watched, listed, refused }) =>
        watched.object === kind && watched.workloadKind === workloadKind && listed && !refused,
    )
  }

  *among({ kind, namespace }: AllRef): IterableIterator<Trimmed> {
    for (const { kind: watched, reflector } of this.#byPath.values()) {
      if (watched.object !== kind) continue
      for (const object of reflector.view.objects())
        if (object.ref?.namespace === namespace && !object.leftOut) yield object
    }
  }

  /** What went wrong, by kind. */
  counters(): Record<string, number> {
    const counters: Record<string, number> = {}
    for (const { kind, reflector, refused } of this.#byPath.values()) {
      const { lists, failures, gaps, unreadable, handlerErrors } = reflector.counts
      const counts = {
        lists,
        failures,
        gaps,
        unreadable,
        handlerErrors,
        stale: reflector.view.stale,
        refused: Number(refused),
      }
      for (const [name, count] of Object.entries(counts)) if (count > 0) counters[`${nameOf(kind)}.${name}`] = count
    }
    return counters
  }
}

/** The mirror of a static pod was made anew: another UID, the same pod. */
export function isSucceeded({ type, object: { ref } }: Change<Trimmed>, view: View<Trimmed>): boolean {
  return type === 'deleted' && !!ref?.name && view.named(ref.namespace ?? '', ref.name)?.ref?.key === ref.key
}
