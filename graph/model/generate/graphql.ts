/** The kinds' GraphQL types: one file a kind, api/graphql/generated/<kind>.graphql. The rest of the schema is written by hand and refers to them. */
import type { ContextField, Field, Fields } from '../define.ts'
import type { Model } from './model.ts'
import { docOf, GENERATED, kebabCase, pascalCase } from './names.ts'
import type { Output } from './outputs.ts'

const TYPES: Record<Field['type'], string> = {
  string: 'String',
  int: 'Long',
  float: 'Float',
  bool: 'Boolean',
  key: 'ID',
  'string[]': '[String!]',
  'int[]': '[Long!]',
}
const typeOf = (field: Pick<Field, 'type' | 'unit'>): string =>
  field.unit === 'µs since the epoch' ? 'Timestamp' : TYPES[field.type]

const describe = (doc: string, indent = ''): string => `${indent}${JSON.stringify(doc)}`
const member = ([name, field]: [string, Field]): string =>
  `${describe(docOf(field), '  ')}\n  ${name}: ${typeOf(field)}${field.optional ? '' : '!'}`

/** Members of the interface Event, each with its doc; every type that implements it repeats them. */
const EVENT: readonly (readonly [string, string, string])[] = [
  ['id', 'ID!', 'Cluster and what makes the event unique.'],
  ['kind', 'String!', 'Name of the kind, as in oom-kill.'],
  ['at', 'Timestamp!', 'Earliest time at which it can have happened.'],
  ['uncertainty', 'Long!', 'The truth lies in [at, at + uncertainty]. (µs)'],
  ['observedAt', 'Timestamp!', 'When the collector saw it.'],
  ['recordedAt', 'Timestamp!', 'When the graph took it.'],
  ['source', 'String!', 'collector@host, or collector@cluster.'],
  ['summary', 'String!', 'The event in a few words.'],
  ['object', 'Object', 'What it is about.'],
  ['pod', 'Pod', 'The pod of a container, or the pod itself.'],
  ['host', 'ID', 'Key of the host where it happened, for node-level witnesses.'],
  ['containerName', 'String', "Name in the pod's spec."],
  ['podName', 'String', 'Name of the pod.'],
  ['namespace', 'String', 'Its namespace.'],
  ['workloadName', 'String', 'Name of the top owner, as attribution knew it.'],
  ['unattributed', 'String', 'Why a kernel event has no container: host, sandbox, unknown-cgroup.'],
  ['bootId', 'String', 'Boot of the kernel that stamped it.'],
  ['bootClock', 'Long', 'Boot clock; with sequence it alone orders events of one boot exactly. (µs)'],
  ['sequence', 'Long', 'Number within the boot.'],
  ['context', 'K8sContext', 'What it means in Kubernetes terms, as attribution knew it.'],
  ['causes', '[Cause!]!', 'Events that caused it, by the latest verdicts.'],
  ['effects', '[Cause!]!', 'Events that it caused, by the latest verdicts.'],
]

const OBJECT: readonly (readonly [string, string, string])[] = [
  ['key', 'ID!', 'Cluster and UID; a container has its id, an address itself.'],
  ['kind', 'String!', 'Kind; for a workload its Kubernetes kind: Deployment, ReplicaSet, ...'],
  ['name', 'String', 'Its name.'],
  ['namespace', 'String', 'Its namespace.'],
  ['missing', 'Boolean!', 'Only referred to by name: it was looked for, and does not exist.'],
  ['unwatched', 'Boolean!', 'Only referred to by name: nobody watches its kind, and whether it exists is not known.'],
  ['state(at: Timestamp, known: Timestamp)', 'State', 'The state in force at a time (now), as known at a time (now).'],
  ['owners(at: Timestamp, known: Timestamp)', '[Object!]!', 'Its owner chain, the nearest first.'],
  [
    'events(from: Timestamp!, to: Timestamp, first: Int = 50)',
    '[Event!]!',
    'The newest `first` events about it, oldest first.',
  ],
]
const repeat = (members: typeof EVENT): string => members.map(([name, type]) => `  ${name}: ${type}`).join('\n')
const contract = (name: string, doc: string, members: typeof EVENT): string =>
  `${describe(doc)}\ninterface ${name} {\n${members.map(([member, type, text]) => `${describe(text, '  ')}\n  ${member}: ${type}`).join('\n')}\n}`

const type = (head: string, doc: string, inherited: string, fields: Fields): string =>
  `${describe(doc)}\ntype ${head} {\n${[inherited, ...Object.entries(fields).map(member)].filter((part) => part !== '').join('\n')}\n}`

const contextTypes = ({ context: { name, doc, fields, records } }: Model): string[] => {
  const typed = ({ type, unit }: ContextField): string => {
    if (type === 'map') return 'Map'
    if (/^[A-Z]/.test(type)) return `[${type.slice(0, -2)}!]`
    return typeOf({ type: type as Field['type'], ...(unit === undefined ? {} : { unit }) })
  }
  const members = Object.entries<ContextField>(fields).map(
    ([field, of]) => `${describe(docOf(of), '  ')}\n  ${field}: ${typed(of)}${of.required ? '!' : ''}`,
  )
  return [
    `${describe(doc)}\ntype ${name} {\n${members.join('\n')}\n}`,
    ...Object.entries(records).map(([record, of]) => type(record, of.doc, '', of.fields)),
  ]
}

const file = (name: string, parts: readonly string[]): Output => ({
  path: `api/graphql/generated/${name}.graphql`,
  text: `# ${GENERATED}\n\n${parts.join('\n\n')}\n`,
})

export default (model: Model): Output[] => [
  ...model.events.map((kind) =>
    file(kind.name, [
      type(
        `${pascalCase(kind.name)} implements Event`,
        `${kind.doc} Seen at: ${kind.hook}.`,
        repeat(EVENT),
        kind.fields,
      ),
    ]),
  ),
  ...model.objects.map((kind) =>
    file(kebabCase(kind.name), [
      type(`${kind.name} implements Object`, `${kind.doc} Key: ${kind.keyFrom}.`, repeat(OBJECT), {}),
      type(`${kind.name}Body`, `What a state says of it. ${kind.doc}`, '', kind.body),
    ]),
  ),
  file('k8s-context', contextTypes(model)),
  file('interfaces', [
    contract('Event', 'Something that happened.', EVENT),
    contract('Object', 'Something that exists for a while.', OBJECT),
    `${describe('What a state says of an object.')}\nunion Body = ${model.objects.map((kind) => `${kind.name}Body`).join(' | ')}`,
  ]),
]
