/** A K8sContext in a recording or case. */
import type { ContextField, Field } from '../../define.ts'
import type { Model } from '../model.ts'
import { docOf } from '../names.ts'
import { object, type Schema, TYPES } from './shape.ts'

/** Whole, with times in µs; what the reader fills may be left out. */
export const contextSchema = ({ context: { doc, fields, records } }: Model): Schema => {
  const plain = (field: Field): Schema => ({ ...TYPES[field.type], description: docOf(field) })
  const schemaOf = ({ type, ...field }: ContextField): Schema => {
    const description = docOf(field)
    if (type === 'map') return { type: 'object', additionalProperties: { type: 'string' }, description }
    const record = records[type.slice(0, -2)]
    if (record === undefined) return { ...TYPES[type as Field['type']], description }
    const named = Object.entries(record.fields)
    const required = named.filter(([, { optional }]) => !optional).map(([name]) => name)
    const items = object(Object.fromEntries(named.map(([name, each]) => [name, plain(each)])), required)
    return { type: 'array', items, description }
  }
  return object(
    Object.fromEntries(Object.entries<ContextField>(fields).map(([name, field]) => [name, schemaOf(field)])),
    ['namespace', 'podName', 'podUid'],
    { description: doc },
  )
}
