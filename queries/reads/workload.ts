/** A workload, pod or Service as of a time: its state, owners, pods with their containers, Services and events. */
import type { EventName } from '../../graph/model/generated/types.ts'
import { SECOND } from '../../graph/model/time.ts'
import { endpoints, readyAt } from './endpoints.ts'
import { eventsTouching } from './events.ts'
import type { Window } from './family.ts'
import type { Ground } from './ground.ts'
import { groundOfEvents } from './ground-of-events.ts'
import { beginAt, instant, type Link, stepsFrom, type Walk, walk } from './links.ts'
import { owners } from './owners.ts'
import type { Reader } from './read.ts'
import { statesInForce } from './states.ts'
import type { StoredEvent, StoredObject, StoredState } from './stored.ts'
import { type AsOfQuestion, type Subject, subjectOf } from './subject.ts'

/** How far back its events are told, µs. */
export const EVENTS_BACK = 3600 * SECOND
/** Pods and other things below it that one answer holds. */
const MOST = 2_000
/** Events that one answer tells. */
const EVENTS = 100

export interface ContainerView {
  readonly object: StoredObject
  readonly name: string | null
  /** main, init, sidecar or ephemeral; null where only attribution claimed it. */
  readonly role: string | null
  /** When it started, µs. */
  readonly from: number
}

export interface PodView {
  readonly object: StoredObject
  readonly state: StoredState | null
  readonly node: StoredObject | null
  /** The latest run of each. */
  readonly containers: readonly ContainerView[]
}

export interface ServiceView {
  readonly object: StoredObject
  /** Endpoints that took traffic, and all. */
  readonly ready: number
  readonly endpoints: number
}

export interface WorkloadView {
  readonly subject: Subject
  readonly ground: Ground
  /** The nearest first. */
  readonly owners: readonly StoredObject[]
  readonly pods: readonly PodView[]
  readonly services: readonly ServiceView[]
  /** Of it, its pods and their containers, in the hour before: the newest, by time. */
  readonly events: readonly StoredEvent<EventName>[]
  /** It has more pods, endpoints, or events than one answer tells. */
  readonly cut: boolean
}

const containersOf = (pod: StoredObject, below: Walk): ContainerView[] =>
  below.links
    .filter((link) => link.kind === 'RUNS' && link.fromKey === pod.key && below.reached.has(link.toKey))
    .map(({ toKey, from, properties }) => ({
      object: below.reached.get(toKey)!.object,
      name: (properties.containerName as string | undefined) ?? null,
      role: (properties.role as string | undefined) ?? null,
      from,
    }))

const nodeOf = (pod: StoredObject, { links, reached }: Walk): StoredObject | null => {
  const runsOn = links.find((link: Link) => link.kind === 'RUNS_ON' && link.fromKey === pod.key)
  return (runsOn && reached.get(runsOn.toKey)?.object) ?? null
}

/** All that is told of one object as of a time. Throws NotFound where it was not there. */
export const workload = async (reader: Reader, question: AsOfQuestion): Promise<WorkloadView> => {
  const subject = await subjectOf(reader, question)
  const { cluster, at, known, object } = subject
  const window = instant(subject)
  const below = await walk(reader, 'relies-on', beginAt(object), window, { depth: 8, most: MOST })
  const found = [...below.reached.values()].map((each) => each.object)
  const pods = found.filter(({ kind }) => kind === 'Pod')
  const happening = found.filter(({ kind }) => ['Workload', 'Pod', 'Container'].includes(kind) || kind === object.kind)
  const keys = happening.map(({ key }) => key)
  const before: Window = { from: at - EVENTS_BACK, to: at + 1, known }
  const above = await stepsFrom(
    reader,
    'relied-on-by',
    pods.map(({ key }) => ({ key, own: false })),
    window,
  )
  const services = new Map(
    [...(object.kind === 'Service' ? [object] : []), ...above.steps.map(({ other }) => other)]
      .filter(({ kind }) => kind === 'Service')
      .map((service) => [service.key, service]),
  )
  const [chain, states, claims, told, ground] = await Promise.all([
    owners(reader, [object.key], subject),
    statesInForce(
      reader,
      pods.map(({ key }) => key),
      subject,
    ),
    endpoints(reader, [...services.keys()], window),
    eventsTouching(reader, keys, { ...before, limit: EVENTS }),
    groundOfEvents(reader, cluster, { from: at, to: at }, keys, before),
  ])
  return {
    subject,
    ground,
    owners: chain.get(object.key) ?? [],
    pods: pods
      .map((pod) => ({
        object: pod,
        state: states.get(pod.key) ?? null,
        node: nodeOf(pod, below),
        containers: containersOf(pod, below),
      }))
      .sort((a, b) => ((a.object.name ?? '') < (b.object.name ?? '') ? -1 : 1)),
    services: [...services.values()].map((service) => {
      const all = claims.get(service.key)!.claims
      return { object: service, ready: readyAt(all, at), endpoints: new Set(all.map(({ pod }) => pod)).size }
    }),
    events: told.events.slice(-EVENTS),
    cut:
      below.cut ||
      above.cut ||
      told.cut ||
      [...claims.values()].some((each) => each.cut) ||
      told.events.length > EVENTS,
  }
}
