import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inUse } from '../../test/support/statistics.ts'
import { operatorsOf, SCAN } from '../reads/lint.ts'
import { KEYS } from './joins.ts'
import { statement } from './statements.ts'
import { graphForTest } from './testing.ts'
import { PARAMETERS, STATEMENTS, writes } from './warm-up.ts'

/** Those that read a few nodes in all: one for each lane of a cluster. */
const FEW = new Set(['clusters'])

describe('statements of the engine', async () => {
  const store = await graphForTest()
  const reads = STATEMENTS.filter((name) => !writes(name) && !FEW.has(name))
  const planOf = (name: string) => store.explain(statement(name, 'OomKill', 'objectKey'), PARAMETERS)
  const plans = await inUse(store, () => Array.fromAsync(reads, planOf))
  for (const [index, name] of reads.entries())
    it(`${name} seeks`, () => {
      const scans = operatorsOf(plans[index]!).filter(({ operator }) => SCAN.test(operator))
      assert.deepEqual(scans, [])
    })

  // what a step joins by, and by what restarts are counted
  for (const property of KEYS)
    it(`anchors-by-key finds wide stamps by ${property}`, async () => {
      const plan = await inUse(store, () => store.explain(statement('anchors-by-key', 'OomKill', property), PARAMETERS))
      const sought = operatorsOf(plan).filter(({ operator }) => SCAN.test(operator) || /IndexSeek/.test(operator))
      const wide = sought.filter(({ details }) => details.includes(`OomKill(${property}, uncertainty)`))
      assert.equal(wide.length, 1, JSON.stringify(sought))
    })

  it('occurrences-affecting passes over what happened to an object before', () => {
    const operators = operatorsOf(plans[reads.indexOf('occurrences-affecting')]!)
    const sought = operators.filter(({ operator }) => /RelationshipIndexSeek/.test(operator))
    assert.equal(sought.length, 2)
    assert.ok(sought.some(({ details }) => /AFFECTS\(toKey, until\)/.test(details) && /until >= /.test(details)))
    assert.deepEqual(
      operators.filter(({ operator, details }) => /Expand/.test(operator) && /AFFECTS/.test(details)),
      [],
    )
  })
})
