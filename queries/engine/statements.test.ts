import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { operatorsOf, SCAN } from '../reads/lint.ts'
import { statement } from './statements.ts'
import { graphForTest } from './testing.ts'
import { PARAMETERS, STATEMENTS, writes } from './warm-up.ts'

/** Those that read a few nodes in all: one for each lane of a cluster. */
const FEW = new Set(['clusters'])

describe('statements of the engine', async () => {
  const store = await graphForTest()
  const reads = STATEMENTS.filter((name) => !writes(name) && !FEW.has(name))
  for (const name of reads)
    it(`${name} seeks`, async () => {
      const plan = await store.explain(statement(name, 'OomKill', 'objectKey'), PARAMETERS)
      const scans = operatorsOf(plan).filter(({ operator }) => SCAN.test(operator))
      assert.deepEqual(scans, [])
    })
})
