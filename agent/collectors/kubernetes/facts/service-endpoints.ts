import { SECOND } from '../../../../graph/model/time.ts'
import type { Change } from '../../../reflector/handler.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { type Fact, type Follower, type Moment, type NameRef, type Raw, type Thing, timeOf } from '../kind.ts'
import { isPlaceholder } from '../names.ts'

/** Endpoints of one slice, by the pod that each is, or by its address. */
export interface Endpoints {
  readonly ready: readonly string[]
  /** Those that end are not counted: nobody misses them. */
  readonly notReady: readonly string[]
  /** When the slice was last written, µs, where the server tells. */
  readonly writtenAt: number | undefined
}

/** Of a raw EndpointSlice. */
export function endpointsOf({ metadata, endpoints }: RawObject): Endpoints {
  const all = (endpoints ?? []) as Raw[]
  const idOf = ({ targetRef, addresses }: Raw): string => targetRef?.name ?? addresses?.[0] ?? ''
  // A condition that is not given means true, but for terminating.
  const isReady = ({ conditions }: Raw) => conditions?.ready !== false
  const times = ((metadata.managedFields ?? []) as Raw[]).map(({ time }) => timeOf(time) ?? 0)
  return {
    ready: all.filter(isReady).map(idOf),
    notReady: all.filter((each) => !isReady(each) && each.conditions?.terminating !== true).map(idOf),
    writtenAt: times.length ? Math.max(...times) : undefined,
  }
}

/** What is needed of a slice. */
export interface Slice extends Thing {
  readonly counted: Endpoints
}

type ServiceOf<T> = (slice: T) => NameRef | undefined

/** None is ready, half of them or fewer, more. */
type Level = 0 | 1 | 2

interface Tally {
  readonly ready: number
  readonly all: number
  readonly level: Level
}

const nothing: Tally = { ready: 0, all: 0, level: 0 }

interface Service<T> {
  readonly name: NameRef
  readonly slices: Map<string, T>
  /** How it was told, or found, last. */
  told: Tally | undefined
}

/** When what changed did so, µs, and the newest version that shows it. */
interface Touch {
  from: number
  until: number
  version: number
}

/**
 * Endpoints of Services over all their slices. Each change of an endpoint would be an event for each pod that starts or ends, which
 * pods tell themselves; what is told is that a Service loses its last ready endpoint or half of them, and that it is over.
 */
export class ServiceEndpoints<T extends Slice> implements Follower<T> {
  readonly #serviceOf: ServiceOf<T>
  readonly #services = new Map<string, Service<T>>()
  readonly #touched = new Map<string, Touch>()
  #taken: Change<T>[] = []

  constructor(serviceOf: ServiceOf<T>) {
    this.#serviceOf = serviceOf
  }

  take(change: Change<T>): void {
    this.#taken.push(change)
  }

  /**
   * Counted after each write, so that what is told does not hang on how many came at once. In a list the writes are neither all
   * there nor in order, and what it infers (as of a slice whose name another has now) goes with what follows.
   */
  facts(moment: Moment): Fact[] {
    const taken = this.#taken
    this.#taken = []
    return taken.flatMap((change, index) => {
      this.#apply(change)
      const isWhole = index === taken.length - 1 || !(moment.isFirst || moment.isListed || change.inferred)
      return isWhole ? this.#count(moment) : []
    })
  }

  #apply({ type, object, previous, observedAt, uncertaintyFrom }: Change<T>): void {
    const live = type === 'present' ? object.counted.writtenAt : undefined
    const from = uncertaintyFrom ?? live ?? observedAt - SECOND
    const until = uncertaintyFrom === undefined && live !== undefined ? live + SECOND : observedAt
    for (const slice of previous ? [previous, object] : [object]) {
      const name = this.#serviceOf(slice)
      if (!name) continue
      const key = `${name.namespace}/${name.name}`
      const service = this.#services.get(key) ?? { name, slices: new Map(), told: undefined }
      this.#services.set(key, service)
      if (slice === object && type === 'present') service.slices.set(object.uid, object)
      else service.slices.delete(object.uid)
      const touch = this.#touched.get(key) ?? { from, until, version: 0 }
      this.#touched.set(key, {
        from: Math.min(touch.from, from),
        until: Math.max(touch.until, until),
        version: Math.max(touch.version, object.version),
      })
    }
  }

  #count({ isFirst, resolve, isThere }: Moment): Fact[] {
    const touched = [...this.#touched]
    this.#touched.clear()
    return touched.flatMap(([key, touch]) => {
      const service = this.#services.get(key)!
      if (service.slices.size === 0) this.#services.delete(key)
      const object = resolve(service.name)
      // One that comes while it is watched has had none.
      const told = service.told ?? (isFirst ? undefined : nothing)
      const now = tally(service.slices.values())
      // More that are wanted are no loss: then it stands as it stood before.
      const isGrown = told !== undefined && now.level < told.level && now.ready >= told.ready
      service.told = isGrown ? { ...now, level: told.level } : now
      const isNews = told !== undefined && now.level !== told.level && !isGrown
      if (!isNews || isPlaceholder(object) || !isThere(object.key)) return []
      return [
        {
          kind: 'endpoints-changed',
          id: `endpoints-changed/${object.key}/${now.ready}/${now.all}/${touch.version}`,
          at: touch.from,
          uncertainty: Math.max(0, touch.until - touch.from),
          object,
          fields: {
            ...{ readyEndpoints: now.ready, endpoints: now.all },
            ...{ previousReadyEndpoints: told.ready, previousEndpoints: told.all },
          },
        },
      ]
    })
  }
}

/** An endpoint with addresses of both families is in two slices. */
function tally(slices: Iterable<Slice>): Tally {
  const [ready, all] = [new Set<string>(), new Set<string>()]
  for (const { counted } of slices) {
    for (const id of counted.ready) ready.add(id)
    for (const id of [...counted.ready, ...counted.notReady]) all.add(id)
  }
  const level = ready.size === 0 ? 0 : 2 * ready.size <= all.size ? 1 : 2
  return { ready: ready.size, all: all.size, level }
}
