/** What retention looks for, and the writer of what it knows, is found by seeks: the cost follows what there is of one cluster, or what is written, not what is stored. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { neo4jForTest } from '../../test/support/servers.ts'
import { inUse } from '../../test/support/statistics.ts'
import { applySchema, openStore, type Plan, type Store } from '../store/main.ts'

const filesOf = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file))
/** One node for each lane: read whole to tell which clusters there are. */
const FEW = /clusters\.cypher$/
const finds = [
  ...filesOf('statements/retention', /^[^.]+\.cypher$/).filter(
    (file) => !/(raise|turn)\.cypher$/.test(file) && !FEW.test(file),
  ),
  ...filesOf('generated', /\.(old|read)\.cypher$/),
  'statements/written.cypher',
]
const PARAMETERS = {
  rows: [],
  open: 1,
  cluster: 'c',
  after: 'c/',
  until: 'c0',
  cut: 1,
  known: 1,
  incidentsCut: 1,
  limit: 1,
  ...{ events: [], states: [], gaps: [], losses: [], coverage: [] },
}
const SCAN = /Scan$/

const operators = (plan: Plan): string[] => [plan.operator, ...plan.children.flatMap(operators)]

describe('statements of retention and of the writer', () => {
  let store: Store
  let plans: ReadonlyMap<string, Plan>
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    plans = await inUse(
      store,
      async () =>
        new Map(
          await Array.fromAsync(finds, async (file) => {
            const text = readFileSync(join(import.meta.dirname, file), 'utf8')
            return [file, await store.explain(text, PARAMETERS)] as const
          }),
        ),
    )
  })
  after(() => store.close())

  for (const file of finds)
    it(`${file} seeks`, () => {
      const plan = plans.get(file)!
      assert.deepEqual(
        operators(plan).filter((operator) => SCAN.test(operator)),
        [],
        JSON.stringify(plan, null, 1),
      )
    })
})
