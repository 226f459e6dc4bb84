/** The tables of docs/recordings.md: the keys of a document, by its schema. */
import { type Part, pageWith } from './docs/parts.ts'
import { keyTable } from './docs/table.ts'
import { object, type Schema } from './json-schema/shape.ts'
import { aboutSources, eventMembers, expectation, recordingSchema } from './json-schema.ts'
import type { Model } from './model.ts'
import type { Output } from './outputs.ts'

const keys = (of: string, schema: object): Part => ({
  name: `Keys of ${of}`,
  from: 'graph/model/generate/json-schema.ts',
  text: `\n${keyTable(schema)}\n`,
})

const event = object(
  {
    event: { title: 'event kind', description: 'Its kind.' },
    ...eventMembers,
    fields: {
      type: 'object',
      description: 'The fields of its kind. Left out: empty, 0, false; points in time are `at`.',
    },
  },
  ['event', 'at', 'object'],
)

export default (model: Model): Output[] => {
  const schema = recordingSchema(model)
  const { coverage } = schema.properties as { coverage: { items: Schema } }
  const { state } = schema.$defs as { state: Schema }
  const { heartbeat, gap, loss } = aboutSources(model)
  return [
    pageWith('docs/recordings.md', [
      keys('a document', schema),
      keys('coverage', coverage.items),
      keys('an event', event),
      keys('a state', state),
      keys('a gap', gap),
      keys('a loss', loss),
      keys('a heartbeat', heartbeat),
      keys('an expectation', expectation),
    ]),
  ]
}
