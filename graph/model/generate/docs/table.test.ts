import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyTable } from './table.ts'

test('a table tells of each key what it may be, whether it may be left out, and what it means; of a map its keys too', () => {
  const kinds = { title: 'event kind', enum: ['a', 'b'] }
  const schema = {
    properties: {
      one: { type: 'string', description: 'Says a | b.' },
      many: { type: 'array', items: kinds },
      either: { enum: ['x', 'y'] },
      time: { $ref: '#/$defs/time' },
      flag: { type: 'boolean', default: false },
      map: {
        type: 'object',
        properties: { inner: { anyOf: [{ type: 'integer' }, { const: 1 }] } },
        required: ['inner'],
      },
    },
    required: ['one'],
  }
  assert.deepEqual(keyTable(schema).split('\n').slice(2), [
    '| `one` | string | Says a \\| b. |',
    '| `many` | event kind[], optional |  |',
    '| `either` | `x` or `y`, optional |  |',
    '| `time` | time, optional |  |',
    '| `flag` | boolean, else `false` |  |',
    '| `map` | map, optional |  |',
    '| `map.inner` | integer or `1` |  |',
  ])
})
