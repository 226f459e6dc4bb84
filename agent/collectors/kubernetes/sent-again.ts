import type { Observation } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import type { Trimmed } from './kind.ts'
import type { Known } from './known.ts'
import type { Observer } from './observer.ts'
import { emitLimit } from './replicas/handover.ts'
import type { Watched, Watches } from './watches.ts'

/** Passes on; false where some of it found no room on the way. */
export type Send = (observations: readonly Observation[]) => Promise<boolean>

/** Sends what was sent, or held back, once more: it may not have come through, or another may have told something else since. */
export class SentAgain {
  readonly #watches: Watches
  readonly #known: Known
  readonly #observer: Observer

  constructor(watches: Watches, known: Known, observer: Observer) {
    this.#watches = watches
    this.#known = known
    this.#observer = observer
  }

  /** All that is there, as if nothing had been sent, and the end of what is not. */
  async all(send: Send): Promise<void> {
    await this.#known.forget()
    for (const watched of this.#watches.listed) {
      const { kind, reflector, position = '' } = watched
      this.#observer.followAnew(kind)
      await this.#known.pass(() => send(this.gone(watched, position)))
      await this.#each(reflector.view.objects(), (object) => this.#observer.anew(kind, object, now()), send)
    }
  }

  /** The states of those with these keys that are there, as they are now. */
  async states(keys: ReadonlySet<string>, send: Send): Promise<void> {
    if (keys.size === 0) return
    await this.#known.forgetStates(keys)
    for (const { kind, reflector } of this.#watches.listed) {
      const some = [...reflector.view.objects()].filter(({ ref }) => ref && keys.has(ref.key))
      await this.#each(some, (object) => this.#observer.again(kind, object, now(), now()), send)
    }
  }

  /** The end of what is known to have been passed on, and is not there. */
  gone({ kind, reflector }: Watched, resourceVersion: string): Observation[] {
    const there = new Set([...reflector.view.objects()].map(({ ref }) => ref?.key))
    const gone = this.#known.of(kind.path).filter(({ key }) => !there.has(key))
    return gone.flatMap((object) => this.#observer.gone(kind, object, now(), resourceVersion))
  }

  async #each(all: Iterable<Trimmed>, told: (object: Trimmed) => Observation[], send: Send): Promise<void> {
    const objects = [...all]
    for (let at = 0; at < objects.length; at += emitLimit) {
      const observations = objects.slice(at, at + emitLimit).flatMap(told)
      await this.#known.pass(() => send(observations))
    }
  }
}
