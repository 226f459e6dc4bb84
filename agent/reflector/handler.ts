/** One change of one object, as the reflector passes it on. Times are integer microseconds since the epoch. */
export interface Change<T> {
  type: 'present' | 'deleted'
  /** What the caller's `trim` made of the object; of a deletion that was inferred, the last that was known. */
  object: T
  /** The object as it was passed on before; absent where it was not known. */
  previous?: T
  uid: string
  /** When this process saw it; never a time that the object itself claims. */
  observedAt: number
  /** The object's own version; for an inferred deletion the version of the list that lacked it. */
  resourceVersion: string
  /** The deletion was not seen: a list lacks the object, or another object has taken its name. */
  inferred?: true
  /** The change happened between this time and `observedAt`: it was found by a list or in a backlog. Absent: seen live. */
  uncertaintyFrom?: number
}

/** Changes that belong together: a whole list, or what one read of the watch brought. */
export interface Batch<T> {
  changes: Change<T>[]
  /** True: this batch completes a list, and the view now is the server's as of `resourceVersion`. It may be empty. */
  synced: boolean
  resourceVersion: string
}

/** Between `from` and `to` (microseconds) changes may have come and gone unseen; what is there now is known. */
export interface Gap {
  from: number
  to: number
  reason: string
}

/** How the watch stands; told on each transition, not on each try. */
export type Status =
  | { state: 'watching' }
  | { state: 'failing'; error: Error }
  /** 401, 403, 404: the server lacks the kind or does not let us read it. Tried again slowly. */
  | { state: 'refused'; httpStatus: number; error: Error }

/** What a reflector calls. An exception in any of these is counted and told to `onError`; it never stops the watch. */
export interface Handler<T> {
  /** Until this has settled the reflector reads little further, so a slow handler slows the watch instead of filling memory. */
  onBatch(batch: Batch<T>): void | Promise<void>
  onGap?(gap: Gap): void
  onStatus?(status: Status): void
  /** What handlers or `trim` threw, and objects that could not be read. */
  onError?(error: Error): void
}
