/** The reference page docs/model.md: every kind, its fields, where it comes from and where it ends. */
import type { ContextField, EventKind, Fields, Wire } from '../define.ts'
import { hooksOf, programsAt } from './docs/programs.ts'
import { table } from './docs/table.ts'
import type { Model } from './model.ts'
import { docOf, GENERATED, pascalCase, snakeCase } from './names.ts'
import type { Output } from './outputs.ts'

/** A link from a page of docs/ to a file, by its path from the root. */
const link = (path: string): string => `[${path}](../${path})`

const fieldTable = (fields: Fields): string =>
  table(
    ['field', 'type', 'meaning'],
    Object.entries(fields).map(([name, field]) => [
      `\`${name}\``,
      field.type + (field.optional ? ', optional' : ''),
      docOf(field),
    ]),
  )

const wireTable = (wire: Wire): string =>
  table(
    ['member', 'type', 'meaning'],
    Object.entries(wire).map(([name, { type, doc }]) => [`\`${snakeCase(name)}\``, type, doc]),
  )

const valuesOf = (compared: true | Readonly<Record<string, string>>): string =>
  compared === true
    ? ''
    : `, where ${Object.entries(compared)
        .map(([name, value]) => `${name} is ${value}`)
        .join(' and ')}`
const seconds = (micros: number): string => (micros === 0 ? 'none' : `${micros / 1_000_000} s`)

const kernelSide = (kind: EventKind): string =>
  [...new Set(hooksOf(kind).flatMap(programsAt))].map(link).join(', ') || 'no program has its hook yet'

const collectors = (model: Model): string =>
  table(
    ['collector', 'one source watches', ''],
    model.collectors.map((kind) => [kind.name, kind.scope === 'host' ? 'a host' : 'the cluster', kind.doc]),
  )

const events = (model: Model): string[] =>
  model.events.flatMap((kind) => [
    `### ${kind.name}`,
    kind.doc,
    table(
      ['', ''],
      [
        ['collector', kind.collector],
        ['seen at', `\`${kind.hook}\``],
        ['about', kind.about.join(', ')],
        ['origin', kind.origin],
        ['delay of its source', seconds(kind.delay)],
        ...(kind.bestEffort
          ? [['if there is none', 'proves nothing: the source may leave it out, or tell it later']]
          : []),
        ...(kind.lasts
          ? [['retention leaves', `the newest of each ${kind.lasts.join(', ')}: it tells what lasts`]]
          : []),
        ...(kind.compared
          ? [
              [
                'told',
                `once${valuesOf(kind.compared)}: it is found by comparing two sights, and no later one shows it again`,
              ],
            ]
          : []),
        ['defined in', link(`graph/model/events/${kind.name}.ts`)],
        ...(kind.wire === undefined
          ? []
          : [
              ['kernel side', kernelSide(kind)],
              ['C struct', `\`aitia_${snakeCase(kind.name)}\`, in ${link('bpf/include/events.h')}`],
            ]),
        ['label', `\`${pascalCase(kind.name)}\`, written by ${link(`graph/ingest/generated/${kind.name}.cypher`)}`],
        ['GraphQL type', `\`${pascalCase(kind.name)}\`, in ${link(`api/graphql/generated/${kind.name}.graphql`)}`],
      ],
    ),
    fieldTable(kind.fields),
    ...(kind.wire === undefined ? [] : ['Members of the kernel record, after the header:', wireTable(kind.wire)]),
  ])

const objects = (model: Model): string[] =>
  model.objects.flatMap((kind) => [`### ${kind.name}`, kind.doc, `Key: ${kind.keyFrom}.`, fieldTable(kind.body)])

const relations = (model: Model): string[] =>
  model.relations.flatMap((kind) => [
    `### ${kind.name}`,
    `\`(${kind.from.join('|')})-[:${kind.name}]->(${kind.to.join('|')})\``,
    kind.doc,
    `Law: ${kind.law}. Declared by: ${kind.declaredBy.join(', ')}. Holds from: ${kind.since}. The \`${kind.dependent}\` end relies on the other. Answers follow it towards ${kind.reaches.map((end) => `\`${end}\``).join(' and ')}.`,
    ...(Object.keys(kind.properties).length === 0 ? [] : [fieldTable(kind.properties)]),
  ])

const context = ({ context: { doc, fields, records, leftOut } }: Model): string[] => [
  `${doc} A record of its own, by the digest of its content, as JSON: \`(:Context {key, json})\`; events name it by \`contextKey\`. Beside them it goes through the queue and into recordings, and GraphQL has it as \`K8sContext\`. Of two events between which nothing changed both name one context. What the API does not tell is absent. Only what watches a host attributes its events: a cluster whose nodes run no ebpf collector has no K8sContext at all. Retention leaves the newest of each pod that is there.`,
  `${Object.keys(fields).length} fields. \`container.\` is the container's entry in the pod's spec, \`status.\` the one in its status.`,
  table(
    ['field', 'type', 'unit', 'from', 'meaning'],
    Object.entries<ContextField>(fields).map(([name, { type, unit, path, doc: meaning, required }]) => [
      `\`${name}\``,
      type + (required ? '' : ', optional'),
      unit ?? '',
      path,
      meaning,
    ]),
  ),
  ...Object.entries(records).flatMap(([name, record]) => [`### ${name}`, record.doc, fieldTable(record.fields)]),
  'Left out:',
  table(['what', 'why'], leftOut),
]

export default (model: Model): Output[] => [
  {
    path: 'docs/model.md',
    text: `${[
      '# The model',
      `<!-- ${GENERATED} -->`,
      'Times are integer microseconds since the epoch. What happened lies in [at, at + uncertainty].',
      '## Collectors',
      collectors(model),
      '## Events',
      ...events(model),
      '## Objects',
      ...objects(model),
      '## Relations',
      'Every relation carries `by` (the object that declares it), `from` and `to` (when it held in the world), `recordedFrom` and `recordedTo` (when the graph said so) and `end` (the earlier of `to` and `recordedTo`); an open end is 9007199254740991.',
      ...relations(model),
      `## ${model.context.name}`,
      ...context(model),
    ].join('\n\n')}\n`,
  },
]
