/** docs/recording.schema.json: what an editor checks while a recording or a pattern's case is written. */
import type { Field, Fields } from '../define.ts'
import { contextSchema } from './json-schema/context.ts'
import { object, ref, type Schema, TYPES, text } from './json-schema/shape.ts'
import type { Model } from './model.ts'
import { docOf, pascalCase } from './names.ts'
import type { Output } from './outputs.ts'

/** A document may write times and spans as text; whole observations hold µs. */
const fieldSchema = (field: Field): Schema => {
  const description = docOf(field)
  const written =
    field.unit === 'µs since the epoch' ? ref('time') : field.unit === 'µs' ? ref('span') : TYPES[field.type]
  if (field.type === 'int[]' && written !== TYPES[field.type]) return { type: 'array', items: written, description }
  return { ...written, description }
}

/** Fields may be left out: the reader fills them. */
const fieldsSchema = (fields: Fields): Schema =>
  object(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldSchema(field)])))

/** What every event may say of itself. */
export const eventMembers: Schema = {
  id: text('What makes the event unique, without the cluster. Left out: made of kind, object and time.'),
  at: ref('time', 'The earliest time at which it can have happened.'),
  uncertainty: ref(
    'span',
    'The truth lies in [at, at + uncertainty]. Left out: 1s for what Kubernetes stamps, else 0.',
  ),
  observedAt: ref('time', 'When the collector saw it. Left out: at + uncertainty.'),
  arrives: ref('time', 'When it reaches the queue. Left out: when it was seen.'),
  source: text('collector@host or collector@cluster. Left out: the collector of the kind.'),
  host: text('Key of the Host, for node-level witnesses. Left out: the host of the document.'),
  bootId: text('Boot id of the host.'),
  bootClock: { type: 'integer', description: 'Boot clock in µs.' },
  sequence: { type: 'integer', description: 'With the boot clock it orders events of one boot.' },
  object: ref('object', 'What it is about.'),
  pod: ref('object', 'The pod of a container.'),
  containerName: text("Name of the container in the pod's spec."),
  workloadName: text('Name of the top owner.'),
  unattributed: { enum: ['host', 'sandbox', 'unknown-cgroup'], description: 'Why a kernel event has no container.' },
  contextKey: text('Digest of one of the contexts.'),
}

const stateMembers: Schema = {
  at: ref('time', 'When it was observed; never the creation time.'),
  version: { type: 'integer', description: 'resourceVersion; 0 where there is none.' },
  uncertainty: ref('span', 'Back from `at`.'),
  arrives: ref('time', 'When it reaches the queue. Left out: `at`.'),
  source: text('Left out: kubernetes@cluster.'),
  deleted: { type: 'boolean', description: 'A tombstone: no body, no relations.' },
  inferred: { type: 'boolean', description: 'A deletion that was concluded from a list.' },
  leftOut: { type: 'boolean', description: 'It is there, and no more is told of it: no body, no relations.' },
  relations: { type: 'array', items: ref('declaration'), description: 'Relations that hold while it does.' },
  pod: ref('object', 'The pod of a Container.'),
}

const declarations = (model: Model): Schema => {
  const short = (kind: Model['relations'][number]): Schema =>
    object(
      {
        [kind.name]: {
          description: kind.doc,
          anyOf: [
            text('The far end.'),
            object({
              from: ref('object'),
              to: ref('object'),
              since: ref('time'),
              ...(fieldsSchema(kind.properties).properties as Schema),
            }),
          ],
        },
      },
      [kind.name],
    )
  const whole = (kind: Model['relations'][number]): Schema =>
    object(
      {
        kind: { const: kind.name },
        from: ref('object'),
        to: ref('object'),
        since: ref('time'),
        properties: fieldsSchema(kind.properties),
      },
      ['kind'],
      { description: kind.doc },
    )
  return { anyOf: model.relations.flatMap((kind) => [short(kind), whole(kind)]) }
}

const eventKinds = (model: Model, description: string): Schema => ({
  type: 'array',
  items: { title: 'event kind', enum: model.events.map((kind) => kind.name) },
  description,
})

/** What is told of a source itself, written short. */
export const aboutSources = (model: Model): Record<'heartbeat' | 'gap' | 'loss', Schema> => {
  const short = (name: string, members: Schema, required: readonly string[]): Schema =>
    object({ [name]: text('The source.'), ...members, arrives: ref('time', 'When it reaches the queue.') }, [
      name,
      ...required,
    ])
  const span = {
    from: ref('time', 'Begin.'),
    to: ref('time', 'End.'),
    kinds: eventKinds(model, 'Only these kinds are concerned. Left out: all.'),
  }
  return {
    heartbeat: short(
      'heartbeat',
      {
        session: text('One run of the collector. Left out: recorded.'),
        since: ref('time', 'Since when it has been watching.'),
        watermark: ref('time', 'All with `at` before it has been passed on.'),
        at: ref('time', 'When it was sent. Left out: `watermark`.'),
        ended: { type: 'boolean', description: 'The stream ends here.' },
        blind: eventKinds(model, "Kinds that it can't see."),
        counters: {
          type: 'object',
          additionalProperties: { type: 'integer' },
          description: 'What it left out or could not do, counted.',
        },
      },
      ['since', 'watermark'],
    ),
    gap: short('gap', { ...span, reason: text('Why it was not watching.') }, ['from', 'to', 'reason']),
    loss: short(
      'loss',
      {
        ...span,
        count: { type: 'integer', description: 'How many observations.' },
        what: text('What was lost.'),
        of: text('Digest of the one observation that was lost, where it is known.'),
      },
      ['from', 'to', 'count', 'what'],
    ),
  }
}

/** Each written short, and whole: its name is then its `type`. */
const sourceObservations = (model: Model): Schema[] =>
  Object.entries(aboutSources(model)).flatMap(([name, short]) => {
    const { [name]: source, ...members } = short.properties as Schema
    const required = (short.required as string[]).filter((each) => each !== name)
    return [short, object({ type: { const: name }, source, ...members }, ['type', 'source', ...required])]
  })

const definitions = (model: Model): Schema => {
  const events = model.events.map((kind) => [pascalCase(kind.name), kind] as const)
  const states = model.objects.map((kind) => [`${kind.name}State`, kind] as const)
  const observations = [
    ...events.flatMap(([name]) => [ref(name), ref(`Whole${name}`)]),
    ref('state'),
    ...states.map(([name]) => ref(name)),
    ...sourceObservations(model),
  ]
  const workloads = model.objects.flatMap((kind) => [kind.name, ...(kind.alsoLabelled ?? [])])
  return {
    time: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      description: '+1.5s, -3m (after, before start), RFC 3339, or µs since the epoch.',
    },
    span: {
      anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\d+(\\.\\d+)?(us|µs|ms|s|m|h)$' }],
      description: '250ms, 1.5s, or µs.',
    },
    object: {
      description: 'Kind/namespace/name or Kind/name; #2 at the end tells apart what had the same name. Or whole.',
      anyOf: [
        { type: 'string', pattern: `^(${workloads.join('|')})/.+$` },
        object(
          {
            kind: { enum: model.objects.map((kind) => kind.name) },
            key: text('Its key, without the cluster.'),
            name: text('Its name.'),
            namespace: text('Its namespace.'),
            workloadKind: text('The Kubernetes kind of a Workload.'),
            missing: { const: true, description: 'A reference by name to what does not exist.' },
            unwatched: { const: true, description: 'A reference by name to what nobody watches: it may exist.' },
          },
          ['kind', 'key'],
        ),
      ],
    },
    declaration: declarations(model),
    context: contextSchema(model),
    ...Object.fromEntries(
      events.flatMap(([name, kind]) => {
        const rest = { ...eventMembers, fields: fieldsSchema(kind.fields) }
        const required = ['at', 'object']
        return [
          [name, object({ event: { const: kind.name }, ...rest }, ['event', ...required], { description: kind.doc })],
          [
            `Whole${name}`,
            object({ type: { const: 'event' }, kind: { const: kind.name }, ...rest }, ['type', 'kind', ...required]),
          ],
        ]
      }),
    ),
    state: object(
      {
        state: ref('object', 'The object that was seen.'),
        ...stateMembers,
        body: { type: 'object', description: 'What was seen of it; see the kind in docs/model.md.' },
      },
      ['state', 'at'],
      { description: 'What a collector saw of an object, from a time on.' },
    ),
    ...Object.fromEntries(
      states.map(([name, kind]) => [
        name,
        object(
          {
            type: { const: 'state' },
            object: { type: 'object', properties: { kind: { const: kind.name } }, required: ['kind', 'key'] },
            ...stateMembers,
            body: fieldsSchema(kind.body),
          },
          ['type', 'object', 'at', 'version', 'uncertainty', 'source', 'body', 'relations'],
        ),
      ]),
    ),
    observation: { anyOf: observations },
  }
}

/** What a document may expect of a pattern. */
export const expectation: Schema = object(
  {
    pattern: text('Id of the pattern.'),
    result: {
      enum: ['incident', 'near-miss', 'silence'],
      description: 'Near miss: a required step is missing though its source was watching. Silence: nothing.',
    },
    status: { enum: ['waiting', 'provisional', 'final'], description: 'Of the last verdict.' },
    outcome: text('Outcome of the last verdict, in full.'),
    workload: text('Top owner as Kind/name; the pod where it has none.'),
    container: text('Name of the container.'),
    occurrences: { type: 'integer', description: 'How many the incident has.' },
    missing: text('A step that the near miss names.'),
    unseen: { type: 'array', items: { type: 'string' }, description: 'All steps said to be unseen.' },
    affected: { type: 'array', items: { type: 'string' }, description: 'All objects affected, as role: Kind/name.' },
    confidence: object(
      {
        atLeast: { type: 'number', description: '0 to 1.' },
        atMost: { type: 'number', description: '0 to 1.' },
      },
      [],
      { description: 'Of the last verdict.' },
    ),
  },
  ['pattern', 'result'],
)

export const recordingSchema = (model: Model): Schema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $comment: 'Generated by `npm run generate` from graph/model. Do not edit.',
  title: 'A recording, or a case of a pattern',
  ...object(
    {
      $schema: text('Where this schema is, for editors.'),
      format: { const: 'aitia-recording', description: 'What this is.' },
      version: { const: 1, description: 'Version of the format.' },
      title: text("What happens in it. Left out: the file's name."),
      start: ref('time', 'Zero of relative times. Left out: 2026-01-01T10:00:00Z.'),
      host: text('Host of node-level events that name none. Left out: node-1.'),
      contexts: { type: 'object', description: 'K8sContexts by digest.', additionalProperties: ref('context') },
      coverage: {
        type: 'array',
        description: 'Who was watching: one heartbeat each, sent at `to`.',
        items: object(
          {
            source: text('collector@host or collector@cluster.'),
            from: ref('time', 'Since when it watched.'),
            to: ref('time', 'All before has been passed on.'),
            ended: { type: 'boolean', description: 'Its stream ends there.' },
            session: text('One run of the collector. Left out: recorded.'),
            blind: eventKinds(model, "Kinds that it can't see."),
          },
          ['source', 'from', 'to'],
        ),
      },
      observations: { type: 'array', items: ref('observation'), description: 'What was seen, in any order.' },
      expect: { type: 'array', items: expectation, description: 'What must come of it.' },
    },
    ['observations'],
  ),
  $defs: definitions(model),
})

export default (model: Model): Output[] => [
  { path: 'docs/recording.schema.json', text: `${JSON.stringify(recordingSchema(model), null, 2)}\n` },
]
