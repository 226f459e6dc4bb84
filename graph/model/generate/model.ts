/** Reads the kinds from their folders; a kind is there because its file is. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { k8sContext } from '../context.ts'
import type { CollectorKind, ContextKind, EventKind, Field, ObjectKind, RecordKind, RelationKind } from '../define.ts'
import { camelCase, pascalCase } from './names.ts'

export interface Model {
  readonly collectors: readonly CollectorKind[]
  readonly events: readonly EventKind[]
  readonly records: readonly RecordKind[]
  readonly objects: readonly ObjectKind[]
  readonly relations: readonly RelationKind[]
  readonly context: ContextKind
}

/** Labels of the events that may have a context: sources that watch a host have no names of their own, attribution adds them. */
export const attributed = ({ collectors, events }: Model): string[] => {
  const ofHosts = new Set(collectors.filter(({ scope }) => scope === 'host').map(({ name }) => name))
  return events.filter(({ collector }) => ofHosts.has(collector)).map(({ name }) => pascalCase(name))
}

const loadKinds = async <K>(folder: string): Promise<K[]> => {
  const path = join(import.meta.dirname, '..', folder)
  const files = readdirSync(path).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  return Promise.all(
    files.sort().map(async (file) => {
      const module = (await import(join(path, file))) as Record<string, K>
      const name = camelCase(basename(file, '.ts'))
      const kind = module[name]
      if (kind === undefined) throw new Error(`${folder}/${file} exports ${Object.keys(module)}, expected \`${name}\``)
      return kind
    }),
  )
}

/** Fields that every event has: a kind may not use these names. */
const EVENT_PROPERTIES = new Set(
  'id kind cluster at uncertainty observedAt recordedAt lane arrival source host bootId bootClock sequence objectKey objectKind podKey containerName podName namespace workloadName unattributed contextKey'.split(
    ' ',
  ),
)

const check = (model: Model): Model => {
  const problems: string[] = []
  const objects = new Set(model.objects.map((object) => object.name))
  const needObjects = (where: string, names: readonly string[]) => {
    for (const name of names) if (!objects.has(name)) problems.push(`${where}: no object kind ${name}`)
  }
  const collectors = new Set(model.collectors.map((collector) => collector.name))
  for (const event of model.events) {
    if (!collectors.has(event.collector)) problems.push(`${event.name}: no collector ${event.collector}`)
    needObjects(event.name, event.about)
    for (const field of Object.keys(event.fields))
      if (EVENT_PROPERTIES.has(field)) problems.push(`${event.name}: field ${field} is a property of every event`)
  }
  for (const relation of model.relations)
    needObjects(relation.name, [...relation.from, ...relation.to, ...relation.declaredBy])
  for (const [name, { type }] of Object.entries(model.context.fields))
    if (/^[A-Z].*\[\]$/.test(type) && !(type.slice(0, -2) in model.context.records))
      problems.push(`${model.context.name}.${name}: no record ${type.slice(0, -2)}`)
  const fields: [string, Pick<Field, 'doc'>][] = [
    ...model.events.flatMap((k) => Object.entries(k.fields)),
    ...model.objects.flatMap((k) => Object.entries(k.body)),
    ...Object.entries(model.context.fields),
    ...Object.values(model.context.records).flatMap((record) => Object.entries(record.fields)),
  ]
  for (const [name, field] of fields)
    if (!/^[a-z][A-Za-z0-9]*$/.test(name) || field.doc === '')
      problems.push(`field ${name}: camelCase name and doc expected`)
  if (problems.length > 0) throw new Error(`the model is not sound:\n  ${problems.join('\n  ')}`)
  return model
}

/** All kinds, each list in the order of names. Throws where a kind names what does not exist. */
export const loadModel = async (): Promise<Model> =>
  check({
    collectors: await loadKinds<CollectorKind>('collectors'),
    events: await loadKinds<EventKind>('events'),
    records: await loadKinds<RecordKind>('records'),
    objects: await loadKinds<ObjectKind>('objects'),
    relations: await loadKinds<RelationKind>('relations'),
    context: k8sContext,
  })
