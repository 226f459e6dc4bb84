import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conditionsOf } from './conditions.ts'

test('what a custom kind has in place of conditions is no reason not to read the rest of it', () => {
  for (const conditions of [undefined, null, 'Ready', 7, { Ready: 'True' }, [null, 'Ready', { type: 'Ready' }, [[]]]])
    assert.deepEqual(conditionsOf({ conditions }), [], JSON.stringify(conditions))
  for (const status of [undefined, null, 'fine']) assert.deepEqual(conditionsOf(status), [])
  const odd = { type: 'Ready', status: 'True', reason: 1, message: { text: 'x' }, lastTransitionTime: 5 }
  assert.deepEqual(conditionsOf({ conditions: [odd] }), [{ type: 'Ready', status: 'True', at: undefined, reason: '' }])
  const never = { type: 'Ready', status: 'True', lastTransitionTime: '9999-12-31T23:59:59Z' }
  assert.equal(conditionsOf({ conditions: [never] })[0]!.at, undefined, 'no integer holds it')
  const stamp = '1970-01-01T00:00:01Z'
  const whole = { type: 'Ready', status: 'False', reason: 'R', message: 'm'.repeat(2000), lastTransitionTime: stamp }
  assert.deepEqual(conditionsOf({ conditions: [whole] }), [
    { type: 'Ready', status: 'False', at: 1_000_000, reason: 'R', message: 'm'.repeat(1024) },
  ])
})
