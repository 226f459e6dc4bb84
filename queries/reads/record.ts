/** Exports what the graph holds of a window as a recording: of a whole cluster, or of all that an incident rests on. */
import type { Declaration, EventObservation, Observation } from '../../graph/model/observation.ts'
import { RECORDING_VERSION, type Recording } from '../../graph/model/recording.ts'
import { MINUTE, toRfc3339 } from '../../graph/model/time.ts'
import { thereAtBegin, toldWithin } from './cluster-objects.ts'
import { contexts } from './contexts.ts'
import { events } from './events.ts'
import { expected, expectedOfRemains } from './expected.ts'
import type { Window } from './family.ts'
import { type Horizon, horizonOf } from './horizon.ts'
import { incidentByPrefix } from './incidents.ts'
import { lasting } from './lasting.ts'
import { stepsFrom } from './links.ts'
import { objects } from './objects.ts'
import { eventObservation, stateObservation, watchObservations } from './observed.ts'
import { type Occurrence, occurrenceDetails, occurrences } from './occurrences.ts'
import { InvalidRequest, KNOWN_NOW, type Reader, statement, withoutCluster } from './read.ts'
import { removedWithin, withoutRemoved } from './remains.ts'
import { type Source, sources } from './sources.ts'
import { type RawState, statesRaw } from './states.ts'
import type { StoredEvent, StoredObject } from './stored.ts'

const CLUSTER_EVENTS = statement('cluster-events')

/** A recording is one document in memory: what is larger is refused, not cut. */
const MOST = 50_000
/** Around an incident's evidence: what led to it and what came of it. */
const AROUND = 5 * MINUTE
/** Occurrences of an incident that a recording holds. */
const OCCURRENCES = 50
/** Steps from an object to all that an answer may rest on: container, pod, ReplicaSet, Deployment, and what declared them. */
const STEPS = 8

const refuseMore = (count: number, what: string): void => {
  if (count >= MOST)
    throw new InvalidRequest(`the window holds ${MOST} ${what} or more: choose a shorter one, or record an incident`)
}

/** All objects that can be reached from `seeds` by steps of the relation kinds that answers walk. */
const reach = async (reader: Reader, seeds: readonly string[], window: Window): Promise<string[]> => {
  const reached = new Set(seeds)
  let front = [...reached]
  for (let step = 0; step < STEPS && front.length > 0; step++) {
    const rows = front.map((key) => ({ key, own: false }))
    const { steps } = await stepsFrom(reader, 'reach', rows, window)
    front = [...new Set(steps.flatMap(({ other, link }) => [other.key, link.by]))].filter((key) => !reached.has(key))
    for (const key of front) reached.add(key)
    refuseMore(reached.size, 'objects')
  }
  return [...reached]
}

const keysOfEvent = ({ objectKey, podKey }: StoredEvent): string[] => [
  objectKey,
  ...(podKey === undefined ? [] : [podKey]),
]

const heardAt = (observation: Observation): number =>
  observation.type === 'event' ? observation.observedAt : observation.type === 'state' ? observation.at : Infinity

/** The newest state before the window, and all of those in it. */
const statesOf = async (reader: Reader, keys: readonly string[], window: Window): Promise<RawState[]> => {
  const states = await statesRaw(reader, keys, { ...window, limit: MOST })
  refuseMore(states.length, 'states')
  return states
}

/** What a recording says beside states and events. */
interface Beside {
  readonly told: ReadonlyMap<string, StoredObject>
  readonly watched: readonly Source[]
  readonly known: Awaited<ReturnType<typeof contexts>>
  /** Up to when a part of the window was removed. */
  readonly until: number | null
}

const besideOf = async (
  reader: Reader,
  cluster: string,
  states: readonly RawState[],
  found: readonly StoredEvent[],
  window: Window,
): Promise<Beside> => {
  const [told, watched, known] = await Promise.all([
    objects(reader, [...new Set([...states.map(({ key }) => key), ...found.flatMap(keysOfEvent)])]),
    sources(reader, cluster, window),
    contexts(reader, [...new Set(found.flatMap((event) => event.contextKey ?? []))]),
  ])
  // After all else: a sweep that is under way raises it first and removes then.
  return { told, watched, known, until: removedWithin(await horizonOf(reader, cluster), window) }
}

const document = (
  cluster: string,
  title: string,
  states: readonly RawState[],
  found: readonly StoredEvent[],
  window: Window,
  { told, watched, known, until }: Beside,
): Recording => {
  const contextKeys = new Set(found.flatMap((event) => event.contextKey ?? []))
  const used = [...known].filter(([key]) => contextKeys.has(key))
  const observations: Observation[] = [
    ...[
      ...states.map((state) => stateObservation(state, told.get(state.key)!)),
      ...found.map((event): EventObservation => eventObservation(event, told)),
    ].sort((a, b) => heardAt(a) - heardAt(b)),
    ...watched.flatMap((source) => watchObservations(source, window)),
  ]
  return {
    format: 'aitia-recording',
    version: RECORDING_VERSION,
    title: until === null ? title : `${title} (history before ${toRfc3339(until)} was removed)`,
    contexts: Object.fromEntries(used.map(([key, context]) => [withoutCluster(cluster, key), context])),
    observations: until === null ? observations : [...observations, ...withoutRemoved(observations, window, until)],
  }
}

/** Both ends of all that these states declare. */
const endsOf = (cluster: string, states: readonly RawState[]): string[] =>
  states.flatMap(({ relations }) =>
    (JSON.parse(relations) as Declaration[]).flatMap(({ from, to }) =>
      [from, to].flatMap((end) => (end === undefined ? [] : [`${cluster}/${end.key}`])),
    ),
  )

/**
 * All that happened in a cluster within [from, to), and what was so before: of what was there, of what something was told of
 * in the window, and of what these refer to. Throws InvalidRequest where that is too much.
 */
export const recordWindow = async (
  reader: Reader,
  cluster: string,
  span: { from: number; to: number },
): Promise<Recording> => {
  const window: Window = { ...span, known: KNOWN_NOW }
  const [there, told, rows] = await Promise.all([
    thereAtBegin(reader, cluster, window, MOST),
    toldWithin(reader, cluster, window, MOST),
    reader.read<{ event: StoredEvent }>(CLUSTER_EVENTS, { cluster, limit: MOST, ...window }),
  ])
  refuseMore(rows.length, 'events')
  const found = rows.map(({ event }) => event)
  const keys = new Set([...there, ...told, ...found.flatMap(keysOfEvent)])
  refuseMore(keys.size, 'objects')
  const states = await statesOf(reader, [...keys], window)
  // Owners and nodes that are gone: they tell so, and nothing else.
  const ends = [...new Set(endsOf(cluster, states))].filter((key) => !keys.has(key))
  const ofEnds = await statesOf(reader, ends, window)
  const all = [...(await lasting(reader, [...keys, ...ends], window)), ...found]
  refuseMore(all.length, 'events')
  const allStates = [...states, ...ofEnds]
  const title = `${cluster} from ${toRfc3339(window.from)} to ${toRfc3339(window.to)}`
  return document(cluster, title, allStates, all, window, await besideOf(reader, cluster, allStates, all, window))
}

/** The latest of `items`, which come so: as many as a recording holds, and of which the graph still has all; else the last one. */
const latestOf = (items: readonly Occurrence[], { at: horizon }: Horizon): Occurrence[] => {
  const tooMany = items[OCCURRENCES]?.at ?? -1
  const latest = items.slice(0, OCCURRENCES).filter((it) => it.at > tooMany)
  const whole = latest.filter((it) => it.at - 2 * AROUND >= (horizon ?? 0))
  return whole.length > 0 ? whole : latest.filter((it) => it.at === latest[0]!.at)
}

/** The latest occurrences of an incident (its id, or how that begins) with all that they rest on; what is expected of a replay is all that it holds. */
export const recordIncident = async (reader: Reader, id: string): Promise<Recording> => {
  const incident = await incidentByPrefix(reader, id)
  if (incident === null) throw new InvalidRequest(`no incident ${id}. \`aitia incidents --json\` lists their ids`)
  const { items } = await occurrences(reader, incident.id, { first: OCCURRENCES + 1 })
  if (items.length === 0)
    throw new InvalidRequest(
      `incident ${incident.id} has no occurrence any more: another has taken them over. \`aitia incidents\` lists those that are there`,
    )
  const latest = latestOf(items, await horizonOf(reader, incident.cluster))
  const earlier = items[latest.length]?.at ?? -1
  if (latest.length === 0)
    throw new InvalidRequest(
      `incident ${incident.id} has more than ${OCCURRENCES} occurrences at one instant. \`aitia record --from --to\` takes all of a window`,
    )
  const found = await occurrenceDetails(
    reader,
    latest.map((it) => it.id),
    KNOWN_NOW,
  )
  const details = latest.flatMap((it) => found.get(it.id) ?? [])
  const evidence = details.flatMap((detail) => detail.evidence.map((it) => it.event))
  const times = [
    ...details.flatMap(({ occurrence }) => [occurrence.at, occurrence.until]),
    ...evidence.map((event) => event.at),
  ]
  // Not so far back that the occurrence before those is in it.
  const from = Math.max(Math.min(...times) - AROUND, earlier + 1)
  const window: Window = { from, to: Math.max(...times) + AROUND, known: KNOWN_NOW }
  const seeds = [
    ...details.flatMap((detail) => detail.affected.map((it) => it.object.key)),
    ...evidence.flatMap(keysOfEvent),
  ]
  const keys = await reach(reader, [...new Set(seeds)], window)
  const [{ events: around, cut }, states, before] = await Promise.all([
    events(reader, keys, { ...window, limit: MOST }),
    statesOf(reader, keys, window),
    lasting(reader, keys, window),
  ])
  refuseMore(cut ? MOST : around.length, 'events')
  const anchors = new Set(details.map(({ occurrence }) => occurrence.anchorId))
  const anchorKinds = new Set(around.filter(({ id }) => anchors.has(id)).map(({ kind }) => kind))
  const replayed = await expected(reader, incident, details, { keys, found: around, window, limit: MOST })
  const told = before.filter(({ kind }) => !anchorKinds.has(kind))
  const beside = await besideOf(reader, incident.cluster, states, [...told, ...around], window)
  const { events: kept, expect } = beside.until === null ? replayed : expectedOfRemains(incident, details, around)
  const title = `${incident.title}: ${incident.workloadKind} ${incident.namespace ?? ''}/${incident.workloadName} at ${toRfc3339(incident.lastAt)}`
  return { ...document(incident.cluster, title, states, [...told, ...kept], window, beside), expect }
}
