import type { Change } from './handler.ts'
import { isNewer } from './version.ts'

/** One object as it came from the server, trimmed. */
export interface Item<T> {
  uid: string
  /** `namespace/name`, or `/name` where there is no namespace. */
  name: string
  resourceVersion: string
  object: T
}

/** When and how something was seen. Times in microseconds. */
export interface Seen {
  at: number
  /** Up to when everything had been passed on before this. */
  coverage: number | undefined
  /** Told by a watch that has caught up: it happened at `at`, as near as a watch can tell. */
  live: boolean
}

/** Deleted UIDs that are remembered, so that a late repeat does not bring one back. A UID costs about 150 bytes. */
const tombstoneLimit = 8192

/** The objects of one kind that are known to be there; turns what arrives into changes and drops what is not news. */
export class View<T> {
  readonly #items = new Map<string, Item<T>>()
  readonly #uids = new Map<string, string>()
  readonly #tombstones = new Map<string, string>()
  /** Objects dropped because a version at least as new was passed on before. */
  stale = 0

  get size(): number {
    return this.#items.size
  }

  get(uid: string): T | undefined {
    return this.#items.get(uid)?.object
  }

  named(namespace: string, name: string): T | undefined {
    const uid = this.#uids.get(`${namespace}/${name}`)
    return uid === undefined ? undefined : this.get(uid)
  }

  *objects(): IterableIterator<T> {
    for (const item of this.#items.values()) yield item.object
  }

  /** The object is there with this body. */
  present(item: Item<T>, seen: Seen): Change<T>[] {
    const previous = this.#items.get(item.uid)
    const last = previous?.resourceVersion ?? this.#tombstones.get(item.uid)
    const rival = this.#rival(item)
    if (
      (last !== undefined && !isNewer(item.resourceVersion, last)) ||
      (rival !== undefined && !isNewer(item.resourceVersion, rival.resourceVersion))
    ) {
      this.stale++
      return []
    }
    const changes: Change<T>[] = []
    if (rival) changes.push(this.#infer(rival, item.resourceVersion, seen))
    this.#tombstones.delete(item.uid)
    this.#items.set(item.uid, item)
    this.#uids.set(item.name, item.uid)
    changes.push(change('present', item, seen, previous))
    return changes
  }

  /** The server says that the object is gone. Its version may equal the last one: no object is deleted twice. */
  deleted(item: Item<T>, seen: Seen): Change<T>[] {
    const last = this.#items.get(item.uid)
    if (!last || isNewer(last.resourceVersion, item.resourceVersion)) {
      this.stale++
      return []
    }
    this.#forget(last, item.resourceVersion)
    return [change('deleted', item, seen, last)]
  }

  /** A whole list replaces the view: what it lacks is deleted (first, so that a name is free before it is taken). */
  replace(list: View<T>, resourceVersion: string, seen: Seen): Change<T>[] {
    const changes: Change<T>[] = []
    for (const item of this.#items.values()) {
      if (!list.#items.has(item.uid)) changes.push(this.#infer(item, resourceVersion, seen))
    }
    for (const item of list.#items.values()) {
      if (item.resourceVersion === this.#items.get(item.uid)?.resourceVersion) continue
      for (const each of this.present(item, seen)) changes.push(each)
    }
    return changes
  }

  #rival(item: Item<T>): Item<T> | undefined {
    const uid = this.#uids.get(item.name)
    return uid === undefined || uid === item.uid ? undefined : this.#items.get(uid)
  }

  #infer(item: Item<T>, resourceVersion: string, seen: Seen): Change<T> {
    this.#forget(item, resourceVersion)
    return { ...change('deleted', { ...item, resourceVersion }, { ...seen, live: false }, item), inferred: true }
  }

  #forget(item: Item<T>, resourceVersion: string): void {
    this.#items.delete(item.uid)
    if (this.#uids.get(item.name) === item.uid) this.#uids.delete(item.name)
    this.#tombstones.set(item.uid, resourceVersion)
    if (this.#tombstones.size > tombstoneLimit) this.#tombstones.delete(this.#tombstones.keys().next().value!)
  }
}

function change<T>(type: Change<T>['type'], item: Item<T>, seen: Seen, previous?: Item<T>): Change<T> {
  const { uid, object, resourceVersion } = item
  return {
    type,
    uid,
    object,
    ...(previous && { previous: previous.object }),
    observedAt: seen.at,
    resourceVersion,
    // Where the clock was set back the coverage lies ahead of it.
    ...(!seen.live && seen.coverage !== undefined && { uncertaintyFrom: Math.min(seen.coverage, seen.at) }),
  }
}
