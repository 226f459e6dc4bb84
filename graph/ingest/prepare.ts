/** A batch as rows for the statements: the cluster put before all keys and ids, each object, event and state once. */
import type { Batch } from '../model/batch.ts'
import { digestOf } from '../model/digest.ts'
import { EVENTS, OBJECTS, RELATIONS } from '../model/generated/registry.ts'
import type { EventName, RelationName } from '../model/generated/types.ts'
import type {
  Declaration,
  EventObservation,
  HeartbeatObservation,
  ObjectRef,
  StateObservation,
} from '../model/observation.ts'
import type { Claim, StateView, Target } from './derive.ts'
import { namesItself, type ObjectRow, objectRow, saysTheSame, united } from './objects.ts'

const kindsOfLaw = (law: 'state' | 'fixed'): ReadonlySet<RelationName> =>
  new Set((Object.keys(RELATIONS) as RelationName[]).filter((kind) => RELATIONS[kind].law === law))
export const STATE_LAW = kindsOfLaw('state')
export const FIXED_LAW = kindsOfLaw('fixed')

interface EventRow {
  readonly id: string
  readonly about: string | null
  /** `recordedAt` and `arrival` are set when the lane is raised. */
  readonly properties: Record<string, unknown>
}

export interface StateRow {
  readonly view: StateView
  readonly key: string
  readonly properties: Record<string, unknown>
}

interface CoverageRow {
  readonly id: string
  readonly properties: Readonly<Record<string, unknown>>
  to: number
  ended: boolean
  heardAt: number
  counters: string
  /** Null where it sees all that it can tell: no property. */
  blind: readonly EventName[] | null
}

interface ContextRow {
  readonly key: string
  readonly podKey: unknown
  readonly json: string
  /** The newest event of the batch that names it. */
  at: number
}

export interface Prepared {
  readonly cluster: string
  readonly lane: string
  readonly objects: ReadonlyMap<string, ObjectRow>
  readonly events: ReadonlyMap<EventName, readonly EventRow[]>
  readonly states: readonly StateRow[]
  readonly claims: readonly Claim[]
  readonly coverage: readonly CoverageRow[]
  readonly gaps: readonly { id: string; properties: object }[]
  readonly losses: readonly { id: string; count: number; properties: object }[]
  readonly contexts: readonly ContextRow[]
  /** Events, states, gaps and losses: so many arrivals the lane is raised by. */
  readonly count: number
}

/** The digest is the id's last part: see `digestOfId`. */
const stateIdOf = (key: string, { at, version }: StateObservation, digest: string): string =>
  `${key}@${at}.${version}.${digest}`

/** The digest in a stored state's id. */
export const digestOfId = (id: string): string => id.slice(id.lastIndexOf('.') + 1)

/** Declared relations with the graph's keys. An end that is left out is the declaring object. */
export const targetsOf = (cluster: string, declarer: string, relations: readonly Declaration[]): Target[] =>
  relations.map(({ kind, from, to, since, properties = {} }) => ({
    kind,
    fromKey: from ? `${cluster}/${from.key}` : declarer,
    toKey: to ? `${cluster}/${to.key}` : declarer,
    ...(since === undefined ? {} : { since }),
    properties,
  }))

const eventRow = (cluster: string, lane: string, event: EventObservation): EventRow => {
  const prefixed = (key: string) => `${cluster}/${key}`
  const objectKey = prefixed(event.object.key)
  const pod = event.pod ?? (event.object.kind === 'Pod' ? event.object : undefined)
  const { kind } = event
  const properties: Record<string, unknown> = {
    kind,
    cluster,
    at: event.at,
    uncertainty: event.uncertainty,
    observedAt: event.observedAt,
    lane,
    source: event.source,
    host: event.host,
    bootId: event.bootId,
    bootClock: event.bootClock,
    sequence: event.sequence,
    objectKey,
    objectKind: event.object.kind,
    containerName: event.containerName,
    workloadName: event.workloadName,
    unattributed: event.unattributed,
    podKey: pod && prefixed(pod.key),
    podName: pod?.name,
    namespace: pod?.namespace ?? event.object.namespace,
    contextKey: event.contextKey && prefixed(event.contextKey),
  }
  const fields = EVENTS[kind].fields
  for (const [name, value] of Object.entries(event.fields))
    properties[name] = fields[name]?.type === 'key' ? prefixed(String(value)) : value
  return { id: prefixed(event.id), about: OBJECTS[event.object.kind].crowded ? null : objectKey, properties }
}

/** An event of a pod's container shows that the pod runs it, no later than the event. */
const claimOfEvent = (cluster: string, { object, pod, at, uncertainty, containerName }: EventObservation): Claim[] =>
  object.kind === 'Container' && pod !== undefined
    ? [
        {
          kind: 'RUNS',
          fromKey: `${cluster}/${pod.key}`,
          toKey: `${cluster}/${object.key}`,
          from: at,
          uncertainty,
          properties: containerName === undefined ? {} : { containerName },
        },
      ]
    : []

const stateRow = (cluster: string, lane: string, state: StateObservation): StateRow => {
  const key = `${cluster}/${state.object.key}`
  const { at, version, uncertainty, source, deleted = false, inferred = false, leftOut, body, relations } = state
  const digest = digestOf({ uncertainty, source, deleted, inferred, body, relations, ...(leftOut && { leftOut }) })
  const id = stateIdOf(key, state, digest)
  return {
    key,
    view: { id, at, version, digest, uncertainty, targets: targetsOf(cluster, key, relations) },
    properties: {
      ...{ id, key, cluster, at, version, uncertainty, source, deleted, inferred, lane },
      ...(leftOut && { leftOut }),
      body: JSON.stringify(body),
      relations: JSON.stringify(relations),
    },
  }
}

const addHeartbeat = (rows: Map<string, CoverageRow>, cluster: string, lane: string, beat: HeartbeatObservation) => {
  const id = `${cluster}/${beat.source}/${beat.session}/${lane.slice(lane.lastIndexOf('/') + 1)}`
  const [collector, host] = beat.source.split(/@(.*)/s)
  const counters = JSON.stringify(beat.counters ?? {})
  const blind = beat.blind === undefined || beat.blind.length === 0 ? null : beat.blind
  const row = rows.get(id)
  if (row === undefined) {
    const properties = {
      ...{ cluster, source: beat.source, collector, session: beat.session, lane, from: beat.since },
      ...(host === 'cluster' ? {} : { host }),
    }
    rows.set(id, { id, properties, to: beat.watermark, ended: beat.ended ?? false, heardAt: beat.at, counters, blind })
    return
  }
  if (beat.at > row.heardAt) Object.assign(row, { counters, blind })
  row.to = Math.max(row.to, beat.watermark)
  row.ended ||= beat.ended ?? false
  row.heardAt = Math.max(row.heardAt, beat.at)
}

/** Rows of a valid batch. */
export const prepare = ({ cluster, lane: number, observations, contexts }: Batch): Prepared => {
  const lane = `${cluster}/${number}`
  const objects = new Map<string, ObjectRow>()
  const events = new Map<EventName, Map<string, EventRow>>()
  const states = new Map<string, StateRow>()
  const coverage = new Map<string, CoverageRow>()
  const gaps = new Map<string, { id: string; properties: object }>()
  const losses = new Map<string, { id: string; count: number; properties: object }>()
  const claims: Claim[] = []
  const named = new Map<string, ContextRow>()

  const addObject = (ref: ObjectRef | undefined, byItself = false) => {
    if (ref === undefined) return
    const key = `${cluster}/${ref.key}`
    const known = objects.get(key)
    // Most events of a batch name the same few in the same words.
    if (known && saysTheSame(known, ref, byItself)) return
    const row = objectRow(key, cluster, ref, byItself)
    objects.set(key, known ? united(known, row) : row)
  }
  const addContext = ({ contextKey, at }: EventObservation, podKey: unknown) => {
    const context = contextKey === undefined ? undefined : contexts[contextKey]
    if (contextKey === undefined || context === undefined) return
    const known = named.get(contextKey)
    if (known) known.at = Math.max(known.at, at)
    else named.set(contextKey, { key: `${cluster}/${contextKey}`, podKey, at, json: JSON.stringify(context) })
  }
  for (const observation of observations) {
    switch (observation.type) {
      case 'event': {
        addObject(observation.object)
        addObject(observation.pod)
        const ofKind = events.get(observation.kind) ?? new Map<string, EventRow>()
        events.set(observation.kind, ofKind)
        const row = eventRow(cluster, lane, observation)
        addContext(observation, row.properties.podKey)
        if (!ofKind.has(row.id)) ofKind.set(row.id, row)
        claims.push(...claimOfEvent(cluster, observation))
        break
      }
      case 'state': {
        addObject(observation.object, namesItself(observation))
        addObject(observation.pod)
        for (const { from, to } of observation.relations) {
          addObject(from)
          addObject(to)
        }
        const row = stateRow(cluster, lane, observation)
        states.set(row.view.id, row)
        break
      }
      case 'heartbeat':
        addHeartbeat(coverage, cluster, lane, observation)
        break
      case 'gap': {
        const { source, from, to, reason, kinds } = observation
        const id = `${cluster}/${source}/${from}/${to}/${digestOf(kinds ? [reason, kinds] : reason)}`
        gaps.set(id, { id, properties: { cluster, source, from, to, reason, kinds } })
        break
      }
      case 'loss': {
        const { source, from, to, count, what, kinds, of } = observation
        const id = `${cluster}/${source}/${what}/${from}/${to}${kinds ? `/${digestOf(kinds)}` : ''}${of ? `/${of}` : ''}`
        const most = Math.max(count, losses.get(id)?.count ?? 0)
        losses.set(id, { id, count: most, properties: { cluster, source, from, to, what, kinds, of } })
      }
    }
  }
  const eventRows = new Map([...events].map(([kind, rows]) => [kind, [...rows.values()]]))
  return {
    cluster,
    lane,
    objects,
    events: eventRows,
    states: [...states.values()],
    claims,
    coverage: [...coverage.values()],
    gaps: [...gaps.values()],
    losses: [...losses.values()],
    contexts: [...named.values()],
    count: [states, gaps, losses, ...events.values()].reduce((sum, { size }) => sum + size, 0),
  }
}
