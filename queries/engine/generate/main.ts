/** The tables of docs/patterns.md, from what the loader of patterns takes. `--check` fails where the page differs. */
import { z } from 'zod'
import { type Part, pageWith } from '../../../graph/model/generate/docs/parts.ts'
import { keyTable, table } from '../../../graph/model/generate/docs/table.ts'
import { keep } from '../../../graph/model/generate/outputs.ts'
import { JOINS, type Join } from '../joins.ts'
import { patternSchema } from '../pattern.ts'

const part = (name: string, from: string, text: string): Part => ({ name, from, text: `\n${text}\n` })
const keys = (of: string, schema: object): Part => part(`Keys of ${of}`, 'queries/engine/pattern.ts', keyTable(schema))

const schema = z.toJSONSchema(patternSchema, { io: 'input' })
const { properties = {} } = schema
/** What one entry of a list is. */
const entryOf = (list: string): object => (properties[list] as { items: object }).items

const joins = table(
  ['join', 'worth', 'property of both events', 'both are about'],
  Object.entries<Join>(JOINS).map(([name, { worth, property, doc }]) => [
    `\`${name}\``,
    String(worth),
    property === undefined ? '' : `\`${property}\``,
    doc,
  ]),
)

const page = pageWith('docs/patterns.md', [
  keys('pattern.yaml', schema),
  keys('a step', entryOf('steps')),
  part('Joins', 'queries/engine/joins.ts', joins),
  keys('a cause', entryOf('cause')),
  keys('an absence', entryOf('absence')),
])
keep([page], 'queries/engine', process.argv.includes('--check'))
