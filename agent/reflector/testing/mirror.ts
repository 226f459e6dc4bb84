import assert from 'node:assert/strict'
import type { Batch, Change, Gap, Handler, Status } from '../handler.ts'
import type { RawObject } from '../list.ts'
import { isNewer } from '../version.ts'

/** What `trimThing` keeps. */
export interface Thing {
  name: string
  resourceVersion: string
}

export const trimThing = (raw: RawObject): Thing => ({
  name: raw.metadata.name,
  resourceVersion: raw.metadata.resourceVersion,
})

/** For tests: a handler that follows the changes by itself and checks what every handler may rely on. */
export class Mirror implements Handler<Thing> {
  readonly things = new Map<string, Thing>()
  readonly changes: Change<Thing>[] = []
  readonly batches: Batch<Thing>[] = []
  readonly gaps: Gap[] = []
  readonly statuses: Status[] = []
  readonly errors: Error[] = []
  readonly broken: string[] = []
  readonly #passed = new Map<string, string>()

  get synced(): boolean {
    return this.batches.some((batch) => batch.synced)
  }

  /** `name uid@version` of all that is there, sorted. */
  get view(): string[] {
    return [...this.things].map(([uid, { name, resourceVersion }]) => `${name} ${uid}@${resourceVersion}`).sort()
  }

  onBatch(batch: Batch<Thing>): void {
    this.batches.push(batch)
    for (const change of batch.changes) this.#apply(change)
    const names = [...this.things.values()].map(({ name }) => name)
    this.#hold(new Set(names).size === names.length, `two objects of one name: ${names}`)
  }

  onGap(gap: Gap): void {
    this.gaps.push(gap)
    this.#hold(gap.from <= gap.to, `gap from ${gap.from} to ${gap.to}`)
  }

  onStatus(status: Status): void {
    this.statuses.push(status)
  }

  onError(error: Error): void {
    this.errors.push(error)
  }

  /** Throws what did not hold; an assertion inside a handler would only be reported. */
  check(): void {
    assert.deepEqual(this.broken, [])
  }

  #apply(change: Change<Thing>): void {
    const { type, uid, object, resourceVersion } = change
    this.changes.push(change)
    const last = this.#passed.get(uid)
    if (type === 'present') {
      this.#hold(last === undefined || isNewer(resourceVersion, last), `${uid}: ${resourceVersion} after ${last}`)
      this.things.set(uid, object)
    } else {
      this.#hold(this.things.has(uid), `${uid} deleted, and was not there`)
      this.#hold(!isNewer(last!, resourceVersion), `${uid}: deleted at ${resourceVersion} after ${last}`)
      this.#hold(!change.inferred || change.uncertaintyFrom !== undefined, `${uid}: inferred without its last coverage`)
      this.things.delete(uid)
    }
    this.#passed.set(uid, resourceVersion)
  }

  #hold(condition: boolean, what: string): void {
    if (!condition) this.broken.push(what)
  }
}
