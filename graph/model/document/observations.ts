/** One entry of a document's `observations`, short or whole, as an observation. */
import type { Field, Fields } from '../define.ts'
import { COLLECTORS, EVENTS, OBJECTS, RELATIONS } from '../generated/registry.ts'
import type { EventName, RelationName } from '../generated/types.ts'
import {
  type Declaration,
  type EventObservation,
  type ObjectRef,
  type Observation,
  type StateObservation,
  sourceOf,
  type Value,
} from '../observation.ts'
import { SECOND } from '../time.ts'
import { refOf } from './ref.ts'
import { isTimeField, resolved, spanOf, timeOf } from './times.ts'

/** What the entries of one document share. */
export interface Surroundings {
  readonly start: number
  /** Host of node-level events that name none. */
  readonly host: string
  /** How often an id was made, to tell events of one kind, object and time apart. */
  readonly ids: Map<string, number>
}

/** An observation, and when it reaches the queue where that is said. */
export interface Note {
  readonly observation: Observation
  readonly arrives?: number
}

type Raw = Readonly<Record<string, unknown>>

const ZERO: Record<Field['type'], Value> = {
  string: '',
  key: '',
  int: 0,
  float: 0,
  bool: false,
  'string[]': [],
  'int[]': [],
}

/** Values as given, and for each field that must be there and is not: empty, 0, false, or `at` for a point in time. */
const filled = (where: string, fields: Fields, given: unknown, start: number, at: number): Record<string, Value> => {
  if (typeof given !== 'object' || given === null)
    throw new Error(`${where}: got ${JSON.stringify(given)}, expected a map`)
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields))
    if (!field.optional) values[name] = isTimeField(field) ? at : ZERO[field.type]
  for (const [name, value] of Object.entries(given)) {
    const field = fields[name]
    const isRef = field?.type === 'key' && typeof value === 'string' && /^[A-Z]\w*\//.test(value)
    values[name] = isRef ? refOf(`${where}.${name}`, value).key : resolved(`${where}.${name}`, field, value, start)
  }
  return values as Record<string, Value>
}

const defined = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T

const eventOf = (raw: Raw, { start, host, ids }: Surroundings): EventObservation => {
  const { event: name, id, at: atGiven, object, pod, fields = {}, ...rest } = raw
  const kind = EVENTS[name as EventName]
  if (kind === undefined)
    throw new Error(`event: got ${JSON.stringify(name)}, expected one of ${Object.keys(EVENTS).join(', ')}`)
  const at = timeOf('at', atGiven, start)
  const onHost = COLLECTORS[kind.collector].scope === 'host'
  const about = refOf('object', object)
  const made = `${name}/${about.key}/${at}`
  const count = (ids.get(made) ?? 0) + 1
  ids.set(made, count)
  const uncertainty =
    rest.uncertainty === undefined
      ? kind.collector === 'kubernetes'
        ? SECOND
        : 0
      : spanOf('uncertainty', rest.uncertainty)
  const ownHost = onHost ? String(rest.host ?? host) : undefined
  return defined({
    ...rest,
    type: 'event',
    kind: name as EventName,
    id: id === undefined ? (count === 1 ? made : `${made}/${count}`) : String(id),
    at,
    uncertainty,
    observedAt: rest.observedAt === undefined ? at + uncertainty : timeOf('observedAt', rest.observedAt, start),
    source: String(rest.source ?? sourceOf(kind.collector, ownHost)),
    host: ownHost,
    object: about,
    pod: pod === undefined ? undefined : refOf('pod', pod),
    fields: filled('fields', kind.fields, fields, start, at),
  }) as unknown as EventObservation
}

const ENDS = new Set(['from', 'to', 'since', 'kind', 'properties'])

/** `{OWNS: {from: ...}}`, `{RUNS_ON: Node/node-1}`, or a whole declaration. */
const declarationOf = (where: string, raw: Raw, start: number): Declaration => {
  const short = raw.kind === undefined ? Object.entries(raw) : [[raw.kind, raw] as const]
  const [[kind, given] = [undefined, undefined]] = short
  const relation = RELATIONS[kind as RelationName]
  if (short.length !== 1 || relation === undefined)
    throw new Error(
      `${where}: got ${JSON.stringify(raw)}, expected one of ${Object.keys(RELATIONS).join(', ')} with its ends`,
    )
  const ends: Raw = typeof given === 'string' ? { to: given } : ((given ?? {}) as Raw)
  const inline = Object.fromEntries(Object.entries(ends).filter(([name]) => !ENDS.has(name)))
  const properties = { ...(ends.properties as Raw | undefined), ...inline } as Record<string, Value>
  return defined({
    kind: kind as RelationName,
    from: ends.from === undefined ? undefined : refOf(`${where}.from`, ends.from),
    to: ends.to === undefined ? undefined : refOf(`${where}.to`, ends.to),
    since: ends.since === undefined ? undefined : timeOf(`${where}.since`, ends.since, start),
    properties: Object.keys(properties).length === 0 ? undefined : properties,
  })
}

const stateOf = (raw: Raw, { start }: Surroundings): StateObservation => {
  const {
    state,
    at: atGiven,
    pod,
    body = {},
    relations = [],
    deleted,
    inferred,
    leftOut,
    uncertainty = 0,
    version = 0,
    source,
  } = raw
  const object = refOf('state', state)
  const at = timeOf('at', atGiven, start)
  const fields = OBJECTS[object.kind]?.body
  if (fields === undefined)
    throw new Error(`state: got kind ${object.kind}, expected ${Object.keys(OBJECTS).join(', ')}`)
  if (!Array.isArray(relations)) throw new Error(`relations: got ${JSON.stringify(relations)}, expected a list`)
  const named: Raw = object.workloadKind === undefined ? {} : { workloadKind: object.workloadKind }
  return defined({
    type: 'state',
    object,
    at,
    version: Number(version),
    uncertainty: spanOf('uncertainty', uncertainty),
    source: String(source ?? sourceOf('kubernetes')),
    deleted: deleted ? true : undefined,
    inferred: inferred ? true : undefined,
    leftOut: leftOut ? true : undefined,
    body:
      deleted || leftOut
        ? {}
        : filled('body', fields, fields.workloadKind ? { ...named, ...(body as Raw) } : body, start, at),
    relations: relations.map((entry, index) => declarationOf(`relations[${index}]`, entry as Raw, start)),
    pod: pod === undefined ? undefined : refOf('pod', pod),
  } as StateObservation)
}

const TIMES = ['at', 'from', 'to', 'since', 'watermark', 'observedAt']

/** A whole observation, or `heartbeat:`, `gap:` and `loss:` with their source: times are resolved, refs may be text. */
const wholeOf = (raw: Raw, start: number): Observation => {
  const short = (['heartbeat', 'gap', 'loss'] as const).find((name) => raw[name] !== undefined)
  const whole: Record<string, unknown> = { ...raw }
  if (short !== undefined) {
    delete whole[short]
    Object.assign(whole, { type: short, source: raw[short] })
    if (short === 'heartbeat') {
      whole.session ??= 'recorded'
      whole.at ??= whole.watermark
    }
  }
  if (whole.type === undefined)
    throw new Error(`got ${Object.keys(raw).join(', ')}, expected event, state, heartbeat, gap, loss or type`)
  for (const name of TIMES) if (whole[name] !== undefined) whole[name] = timeOf(name, whole[name], start)
  if (whole.uncertainty !== undefined) whole.uncertainty = spanOf('uncertainty', whole.uncertainty)
  for (const name of ['object', 'pod'])
    if (whole[name] !== undefined) whole[name] = refOf(name, whole[name] as ObjectRef)
  return whole as unknown as Observation
}

/** Reads an entry. Throws with what was got and what was expected. */
export const observationOf = (entry: unknown, surroundings: Surroundings): Note => {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw new Error(`got ${JSON.stringify(entry)}, expected an observation`)
  const { arrives, ...raw } = entry as Record<string, unknown>
  const observation =
    raw.event !== undefined
      ? eventOf(raw, surroundings)
      : raw.state !== undefined
        ? stateOf(raw, surroundings)
        : wholeOf(raw, surroundings.start)
  return arrives === undefined
    ? { observation }
    : { observation, arrives: timeOf('arrives', arrives, surroundings.start) }
}
