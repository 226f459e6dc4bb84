/** The kinds' TypeScript types, and the registry of all kinds. */
import type { ContextField, ContextFieldType, ContextKind, Field, Fields } from '../define.ts'
import type { Model } from './model.ts'
import { camelCase, docOf, GENERATED, pascalCase, typeOf } from './names.ts'
import type { Output } from './outputs.ts'

const member = ([name, field]: [string, Fields[string]]): string =>
  `  /** ${docOf(field)} */\n  readonly ${name}${field.optional ? '?' : ''}: ${typeOf(field)}`

const shape = (name: string, doc: string, fields: Fields): string =>
  Object.keys(fields).length === 0
    ? `/** ${doc} */\nexport type ${name} = Readonly<Record<string, never>>`
    : `/** ${doc} */\nexport interface ${name} {\n${Object.entries(fields).map(member).join('\n')}\n}`

const contextTypeOf = (type: ContextFieldType): string => {
  if (type === 'map') return 'Readonly<Record<string, string>>'
  return /^[A-Z]/.test(type) ? `readonly ${type}` : typeOf({ type: type as Field['type'] })
}

const contextShape = ({ name, doc, fields, records }: ContextKind): string[] => [
  ...Object.entries(records).map(([record, of]) => shape(record, of.doc, of.fields)),
  `/** ${doc} */\nexport interface ${name} {\n${Object.entries<ContextField>(fields)
    .map(
      ([field, { type, required, ...of }]) =>
        `  /** ${docOf(of)} */\n  readonly ${field}${required ? '' : '?'}: ${contextTypeOf(type)}`,
    )
    .join('\n')}\n}`,
]

const map = (name: string, doc: string, entries: readonly (readonly [string, string])[]): string =>
  `/** ${doc} */\nexport interface ${name} {\n${entries.map(([key, type]) => `  readonly ${/^\w+$/.test(key) ? key : `'${key}'`}: ${type}`).join('\n')}\n}`

const types = (model: Model): string =>
  [
    `// ${GENERATED}`,
    `export type CollectorName = ${model.collectors.map((kind) => `'${kind.name}'`).join(' | ')}`,
    ...model.events.map((kind) => shape(pascalCase(kind.name), kind.doc, kind.fields)),
    map(
      'EventFields',
      'Fields of each event kind.',
      model.events.map((kind) => [kind.name, pascalCase(kind.name)]),
    ),
    'export type EventName = keyof EventFields',
    ...model.objects.map((kind) => shape(`${kind.name}Body`, kind.doc, kind.body)),
    map(
      'ObjectBodies',
      'What a state says of each kind of object.',
      model.objects.map((kind) => [kind.name, `${kind.name}Body`]),
    ),
    'export type ObjectName = keyof ObjectBodies',
    ...contextShape(model.context),
    `export type RelationName = ${model.relations.map((kind) => `'${kind.name}'`).join(' | ')}`,
    '',
  ].join('\n\n')

const registry = (model: Model): string => {
  const imports = [
    ...model.collectors.map((kind) => [
      `${camelCase(kind.name)} as ${camelCase(kind.name)}Collector`,
      `../collectors/${kind.name}.ts`,
    ]),
    ...model.events.map((kind) => [camelCase(kind.name), `../events/${kind.name}.ts`]),
    ...model.objects.map((kind) => [
      camelCase(kind.name),
      `../objects/${kind.name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()}.ts`,
    ]),
    ...model.relations.map((kind) => [
      `${camelCase(kind.name)} as ${camelCase(kind.name)}Relation`,
      `../relations/${kind.name.toLowerCase().replace(/_/g, '-')}.ts`,
    ]),
  ].map(([name, path]) => `import { ${name} } from '${path}'`)
  const record = (name: string, type: string, doc: string, entries: string[]) =>
    `/** ${doc} */\nexport const ${name}: ${type} = {\n${entries.join('\n')}\n}`
  return [
    `// ${GENERATED}`,
    [
      ...imports,
      `import type { CollectorKind, EventKind, ObjectKind, RelationKind } from '../define.ts'`,
      `import type { CollectorName, EventName, ObjectName, RelationName } from './types.ts'`,
    ].join('\n'),
    record(
      'COLLECTORS',
      'Readonly<Record<CollectorName, CollectorKind>>',
      'All collectors by name.',
      model.collectors.map((kind) => `  '${kind.name}': ${camelCase(kind.name)}Collector,`),
    ),
    record(
      'EVENTS',
      'Readonly<Record<EventName, EventKind>>',
      'All event kinds by name.',
      model.events.map((kind) => `  '${kind.name}': ${camelCase(kind.name)},`),
    ),
    record(
      'OBJECTS',
      'Readonly<Record<ObjectName, ObjectKind>>',
      'All object kinds by name.',
      model.objects.map((kind) => `  ${kind.name}: ${camelCase(kind.name)},`),
    ),
    record(
      'RELATIONS',
      'Readonly<Record<RelationName, RelationKind>>',
      'All relation kinds by name.',
      model.relations.map((kind) => `  ${kind.name}: ${camelCase(kind.name)}Relation,`),
    ),
    '',
  ].join('\n\n')
}

export default (model: Model): Output[] => [
  { path: 'graph/model/generated/types.ts', text: types(model) },
  { path: 'graph/model/generated/registry.ts', text: registry(model) },
]
