/** Parts of a JSON schema. */
import type { Field } from '../../define.ts'

export type Schema = Readonly<Record<string, unknown>>

export const ref = (name: string, description?: string): Schema => ({
  $ref: `#/$defs/${name}`,
  ...(description === undefined ? {} : { description }),
})
export const text = (description: string): Schema => ({ type: 'string', description })
export const object = (properties: Schema, required: readonly string[] = [], more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
  ...more,
})

export const TYPES: Record<Field['type'], Schema> = {
  string: { type: 'string' },
  key: { type: 'string' },
  int: { type: 'integer' },
  float: { type: 'number' },
  bool: { type: 'boolean' },
  'string[]': { type: 'array', items: { type: 'string' } },
  'int[]': { type: 'array', items: { type: 'integer' } },
}
