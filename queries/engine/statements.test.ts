import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { operatorsOf, SCAN } from '../reads/lint.ts'
import { statement } from './statements.ts'
import { graphForTest } from './testing.ts'

/** Those that read a few nodes in all: one for each lane of a cluster. */
const FEW = new Set(['clusters'])

/** Values of parameters do not count for a plan, but each has to be there. */
const PARAMETERS = {
  ...{ keys: [], lanes: [], rows: [], ids: [], limit: 1, key: '', scope: '', cluster: '', known: 0, without: [] },
  ...{ since: 0, back: 0, from: 0, to: 0 },
}

describe('statements of the engine', async () => {
  const store = await graphForTest()
  const names = readdirSync(join(import.meta.dirname, 'cypher')).map((file) => file.replace('.cypher', ''))
  const reads = names.filter((name) => !/^(write|forget|join|leave|sum)-|-move$/.test(name) && !FEW.has(name))
  for (const name of reads)
    it(`${name} seeks`, async () => {
      const plan = await store.explain(statement(name, 'OomKill', 'objectKey'), PARAMETERS)
      const scans = operatorsOf(plan).filter(({ operator }) => SCAN.test(operator))
      assert.deepEqual(scans, [])
    })
})
