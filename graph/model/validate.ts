/** Whether observations are what the model says. Used where they come in (queue, recordings); behind it they are trusted. */
import { BATCH_LIMIT, type Batch, LANES } from './batch.ts'
import { faultOfClusterName } from './cluster-name.ts'
import { k8sContext } from './context.ts'
import type { ContextField, ContextKind, Field, Fields, FieldType } from './define.ts'
import { EVENTS, OBJECTS, RELATIONS } from './generated/registry.ts'
import {
  type Declaration,
  type EventObservation,
  laneKeyOf,
  laneOf,
  type ObjectRef,
  type Observation,
  type StateObservation,
  UNATTRIBUTED,
} from './observation.ts'

/** Collects reasons; `where` names the member that is wrong. */
type Refuse = (where: string, got: unknown, expected: string) => void

const isText = (value: unknown): value is string => typeof value === 'string'
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
const isTime = (value: unknown): boolean => isWhole(value) && value >= 0
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A kind by a name that may be anything. */
const kindOf = <K>(kinds: Readonly<Record<string, K>>, name: unknown): K | undefined =>
  isText(name) && Object.hasOwn(kinds, name) ? kinds[name] : undefined

const CHECKS: Record<FieldType, (value: unknown) => boolean> = {
  string: isText,
  key: isText,
  int: isWhole,
  float: (value) => typeof value === 'number' && Number.isFinite(value),
  bool: (value) => typeof value === 'boolean',
  'string[]': (value) => Array.isArray(value) && value.every(isText),
  'int[]': (value) => Array.isArray(value) && value.every(isWhole),
}

const checkFields = (refuse: Refuse, where: string, fields: Fields, values: unknown): void => {
  if (!isMap(values)) {
    refuse(where, values, 'a map of fields')
    return
  }
  for (const [name, field] of Object.entries<Field>(fields)) {
    const value = values[name]
    if (value === undefined ? !field.optional : !CHECKS[field.type](value))
      refuse(`${where}.${name}`, value, `${field.type}${field.optional ? ' or nothing' : ''}`)
  }
  for (const name of Object.keys(values))
    if (!Object.hasOwn(fields, name))
      refuse(`${where}.${name}`, values[name], `one of: ${Object.keys(fields).join(', ') || 'none'}`)
}

const checkContext = (refuse: Refuse, context: unknown): void => {
  if (!isMap(context)) {
    refuse('', context, 'a K8sContext')
    return
  }
  const { fields, records } = k8sContext as ContextKind
  for (const [name, { type, required }] of Object.entries<ContextField>(fields)) {
    const value = context[name]
    const record = records[type.slice(0, -2)]
    if (value === undefined) {
      if (required) refuse(name, value, type)
    } else if (type === 'map') {
      if (!isMap(value) || !Object.values(value).every(isText)) refuse(name, value, 'a map of texts')
    } else if (record === undefined) {
      if (!CHECKS[type as FieldType](value)) refuse(name, value, `${type}${required ? '' : ' or nothing'}`)
    } else if (Array.isArray(value))
      for (const [index, each] of value.entries()) checkFields(refuse, `${name}[${index}]`, record.fields, each)
    else refuse(name, value, type)
  }
  for (const name of Object.keys(context))
    if (!Object.hasOwn(fields, name)) refuse(name, context[name], 'a field of K8sContext (docs/model.md)')
}

/** Reasons for which a context can't be kept; none where it is sound. */
export const problemsOfContext = (context: unknown): string[] => {
  const problems: string[] = []
  checkContext(
    (where, got, expected) => problems.push(`${where}: got ${JSON.stringify(got) ?? 'nothing'}, expected ${expected}`),
    context,
  )
  return problems
}

const checkRef = (refuse: Refuse, where: string, ref: ObjectRef, kinds?: readonly string[]): void => {
  if (!isMap(ref)) {
    refuse(where, ref, 'an object {kind, key}')
    return
  }
  if (kindOf(OBJECTS, ref.kind) === undefined)
    refuse(`${where}.kind`, ref.kind, `one of: ${Object.keys(OBJECTS).join(', ')}`)
  else if (kinds && !kinds.includes(ref.kind)) refuse(`${where}.kind`, ref.kind, kinds.join(' or '))
  if (!isText(ref.key) || ref.key === '') refuse(`${where}.key`, ref.key, 'text')
  for (const name of ['name', 'namespace', 'workloadKind'] as const)
    if (ref[name] !== undefined && !isText(ref[name])) refuse(`${where}.${name}`, ref[name], 'text or nothing')
}

const checkTimes = (refuse: Refuse, times: Readonly<Record<string, unknown>>): void => {
  for (const [name, time] of Object.entries(times)) if (!isTime(time)) refuse(name, time, 'whole µs, not negative')
}

/** What an event may leave out. */
const TEXTS = ['host', 'bootId', 'containerName', 'workloadName', 'contextKey'] as const
const NUMBERS = ['bootClock', 'sequence'] as const

/** Names of event kinds that a source speaks of. */
const checkKinds = (refuse: Refuse, where: string, kinds: unknown, least: number): void => {
  if (kinds === undefined) return
  if (!Array.isArray(kinds) || kinds.length < least) refuse(where, kinds, 'event kinds, or nothing')
  else
    for (const kind of kinds)
      if (kindOf(EVENTS, kind) === undefined) refuse(where, kind, `some of: ${Object.keys(EVENTS).join(', ')}`)
}

const checkEvent = (refuse: Refuse, event: EventObservation): void => {
  const kind = kindOf(EVENTS, event.kind)
  if (kind === undefined) {
    refuse('kind', event.kind, `one of: ${Object.keys(EVENTS).join(', ')}`)
    return
  }
  if (!isText(event.id) || event.id === '') refuse('id', event.id, 'text')
  checkTimes(refuse, { at: event.at, uncertainty: event.uncertainty, observedAt: event.observedAt })
  for (const name of TEXTS)
    if (event[name] !== undefined && !isText(event[name])) refuse(name, event[name], 'text or nothing')
  for (const name of NUMBERS)
    if (event[name] !== undefined && !isWhole(event[name])) refuse(name, event[name], 'a whole number or nothing')
  if (event.unattributed !== undefined && !UNATTRIBUTED.includes(event.unattributed))
    refuse('unattributed', event.unattributed, `one of: ${UNATTRIBUTED.join(', ')}; or nothing`)
  checkRef(refuse, 'object', event.object, kind.about)
  if (event.pod !== undefined) checkRef(refuse, 'pod', event.pod, ['Pod'])
  checkFields(refuse, 'fields', kind.fields, event.fields)
}

/** The ends of a declared relation, and who may declare it. A fixed one is kept in the lane of its near end. */
const checkDeclaration = (refuse: Refuse, where: string, state: StateObservation, declaration: Declaration): void => {
  const { kind: name, from = state.object, to = state.object, since, properties = {} } = declaration
  const kind = kindOf(RELATIONS, name)
  if (kind === undefined) {
    refuse(`${where}.kind`, name, `one of: ${Object.keys(RELATIONS).join(', ')}`)
    return
  }
  if (!kind.declaredBy.includes(state.object.kind))
    refuse(`${where} ${name}`, `declared by a ${state.object.kind}`, `declared by ${kind.declaredBy.join(' or ')}`)
  checkRef(refuse, `${where}.from`, from, kind.from)
  checkRef(refuse, `${where}.to`, to, kind.to)
  if (since !== undefined) checkTimes(refuse, { [`${where}.since`]: since })
  checkFields(refuse, `${where}.properties`, kind.properties, properties)
  if (kind.law === 'fixed' && isMap(from) && isText(from.key) && from.key !== laneKeyOf(state))
    refuse(
      `${where} ${name}`,
      `from ${from.key} in the lane of ${laneKeyOf(state)}`,
      `a state that names \`pod\` ${from.key}`,
    )
}

const checkState = (refuse: Refuse, state: StateObservation): void => {
  checkTimes(refuse, { at: state.at, version: state.version, uncertainty: state.uncertainty })
  checkRef(refuse, 'object', state.object)
  // What follows names the object: where that is no text, the reason is given already.
  if (!isMap(state.object) || !isText(state.object.kind) || !isText(state.object.key)) return
  if (state.pod !== undefined) checkRef(refuse, 'pod', state.pod, ['Pod'])
  if (!Array.isArray(state.relations)) {
    refuse('relations', state.relations, 'a list')
    return
  }
  if (state.deleted || state.leftOut) {
    const what = state.deleted ? 'deleted' : 'left out'
    if (!isMap(state.body) || Object.keys(state.body).length > 0) refuse('body', state.body, `{} of what is ${what}`)
    if (state.relations.length > 0) refuse('relations', state.relations, `[] of what is ${what}`)
    return
  }
  const kind = kindOf(OBJECTS, state.object.kind)
  if (kind !== undefined) checkFields(refuse, 'body', kind.body, state.body)
  for (const [index, declaration] of (state.relations as readonly unknown[]).entries())
    if (isMap(declaration))
      checkDeclaration(refuse, `relations[${index}]`, state, declaration as unknown as Declaration)
    else refuse(`relations[${index}]`, declaration, 'a declaration')
}

/** Reasons for which an observation can never be written; none where it is sound. */
export const problemsOf = (observation: Observation): string[] => {
  const problems: string[] = []
  const refuse: Refuse = (where, got, expected) =>
    problems.push(`${where}: got ${JSON.stringify(got) ?? 'nothing'}, expected ${expected}`)
  if (!isMap(observation)) return [`got ${JSON.stringify(observation)}, expected an observation`]
  if (!isText(observation.source) || !/^[a-z-]+@./.test(observation.source))
    refuse('source', observation.source, 'collector@host or collector@cluster')
  switch (observation.type) {
    case 'event':
      checkEvent(refuse, observation)
      break
    case 'state':
      checkState(refuse, observation)
      break
    case 'heartbeat': {
      const { since, watermark, at, session } = observation
      checkTimes(refuse, { since, watermark, at })
      if (!isText(session) || session === '') refuse('session', session, 'text')
      checkKinds(refuse, 'blind', observation.blind, 0)
      break
    }
    case 'gap':
    case 'loss': {
      const { from, to } = observation
      checkTimes(refuse, { from, to })
      if (isTime(from) && isTime(to) && from > to) refuse('to', to, `no earlier than from, ${from}`)
      if (observation.type === 'loss') checkTimes(refuse, { count: observation.count })
      const named = observation.type === 'loss' ? observation.what : observation.reason
      if (observation.type === 'loss' && observation.of !== undefined && !isText(observation.of))
        refuse('of', observation.of, 'text or nothing')
      if (!isText(named)) refuse(observation.type === 'loss' ? 'what' : 'reason', named, 'text')
      checkKinds(refuse, 'kinds', observation.kinds, observation.type === 'gap' ? 0 : 1)
      break
    }
    default:
      refuse('type', (observation as Observation).type, 'event, state, heartbeat, gap or loss')
  }
  return problems
}

const labelOf = (observation: Observation, index: number): string => {
  const { type, kind, object, id } = (observation ?? {}) as Partial<EventObservation>
  // What is no text may be anything, also what can't be written as one.
  const names: unknown[] = [type, kind ?? object?.kind, id ?? object?.key]
  return `observation ${index} (${names.filter((name) => isText(name) && name !== '').join(' ')})`
}

/** Reasons for which a batch can never be written as it is; none where it is sound. */
export const problemsOfBatch = (batch: Batch): string[] => {
  const problems: string[] = []
  const { cluster, lane, observations, contexts } = batch
  const misnamed = faultOfClusterName(cluster)
  if (misnamed !== null) problems.push(misnamed)
  if (!isWhole(lane) || lane < 0 || lane >= LANES)
    problems.push(`lane: got ${JSON.stringify(lane)}, expected 0 to ${LANES - 1}`)
  if (!Array.isArray(observations)) return [...problems, 'observations: expected a list']
  if (observations.length > BATCH_LIMIT)
    problems.push(`observations: got ${observations.length}, expected ${BATCH_LIMIT} at most`)
  if (!isMap(contexts))
    problems.push(`contexts: got ${JSON.stringify(contexts) ?? 'nothing'}, expected a map of contexts by digest`)
  const known = new Map<string, string[]>()
  // A context is an observation's: what names a bad one falls, and what names none stays.
  const ofContext = (key: string): string[] => {
    if (!isMap(contexts) || !Object.hasOwn(contexts, key)) return []
    const found = known.get(key) ?? problemsOfContext(contexts[key]).map((problem) => `context ${key}: ${problem}`)
    known.set(key, found)
    return found
  }
  for (const [index, observation] of observations.entries()) {
    const found = problemsOf(observation)
    if (found.length === 0 && observation.type === 'event' && observation.contextKey !== undefined)
      found.push(...ofContext(observation.contextKey))
    const key = found.length === 0 ? laneKeyOf(observation) : null
    if (key !== null && laneOf(key, LANES) !== lane)
      found.push(`lane: got ${JSON.stringify(lane)}, expected ${laneOf(key, LANES)} for ${key}`)
    problems.push(...found.map((problem) => `${labelOf(observation, index)}: ${problem}`))
  }
  return problems
}
