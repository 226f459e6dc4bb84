import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadRecording, removeCluster } from '../../graph/ingest/main.ts'
import { MINUTE, now } from '../../graph/model/time.ts'
import { testCluster } from '../../test/support/servers.ts'
import { removeLeftCases, testCase } from './cases.ts'
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

  it('left by a run that is gone go, and those of one that is under way stay', async () => {
    const [gone, running] = [`case-left-${testCluster()}`, `case-left-${testCluster()}`]
    for (const cluster of [gone, running]) await loadRecording(store, caseNamed('main-killed'), cluster)
    await store.run('CYPHER 5 MATCH (lane:Lane {cluster: $gone}) SET lane.recordedAt = $written', {
      gone,
      written: now() - 2 * 60 * MINUTE,
    })
    await removeLeftCases(store)
    for (const label of ['Lane', 'State', 'Object', 'Event']) {
      assert.equal(await countOf(store, gone, label), 0, label)
      assert.notEqual(await countOf(store, running, label), 0, label)
    }
    await removeCluster(store, running)
  })

  it('leave nothing behind', async () => {
    const left = await store.read(
      'CYPHER 5 MATCH (node) WHERE node.cluster STARTS WITH "case-container-oom" RETURN count(node) AS count',
    )
    assert.deepEqual(left, [{ count: 0 }])
    assert.equal(await countOf(store, 'case-container-oom', 'Cursor'), 0)
  })
})
