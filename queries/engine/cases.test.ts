import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testCase } from './cases.ts'
import { caseNamed, containerOom, countOf, graphForTest } from './testing.ts'

describe('cases', async () => {
  const store = await graphForTest()

  it('of another pattern, or of none, are told as such', async () => {
    const recording = caseNamed('main-killed')
    const [right] = recording.expect ?? []
    const other = { ...recording, expect: [{ ...right!, pattern: 'other' }] }
    assert.deepEqual(await testCase(store, containerOom, other), ['its `expect` names other, expected container-oom'])
    const { expect: _, ...none } = recording
    assert.match((await testCase(store, containerOom, none)).join(), /^it expects nothing: say what of container-oom/)
  })

  it('are told apart from what they are not', async () => {
    const recording = caseNamed('main-killed')
    const [right] = recording.expect ?? []
    const wrong = (change: object) =>
      testCase(store, containerOom, { ...recording, expect: [{ ...right!, ...change }] })
    assert.match((await wrong({ outcome: 'global' })).join(), /outcome: got "main killed", expected "global"/)
    assert.match((await wrong({ workload: 'Deployment/cart' })).join(), /got nothing, expected one/)
    assert.match((await wrong({ occurrences: 2 })).join(), /got 1 occurrences, expected 2/)
    assert.match((await wrong({ result: 'silence' })).join(), /got an incident, expected nothing/)
  })

  it('leave nothing behind', async () => {
    const left = await store.read(
      'CYPHER 5 MATCH (node) WHERE node.cluster STARTS WITH "case-container-oom" RETURN count(node) AS count',
    )
    assert.deepEqual(left, [{ count: 0 }])
    assert.equal(await countOf(store, 'case-container-oom', 'Cursor'), 0)
  })
})
