import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Invocation, Invocations, type Victim } from './invocation.ts'

const victim = (invocation: number, bootMs: number, oomGroup = 1) =>
  ({ invocation, bootNs: bootMs * 1e6, oomGroup, victimPid: bootMs }) as Victim
const pids = (over: Invocation[]) => over.map((victims) => victims.map(({ victimPid }) => victimPid))

test('without oom.group one victim is an invocation, at once', () => {
  const invocations = new Invocations()
  assert.deepEqual(pids(invocations.add(victim(1, 10, 0))), [[10]])
  assert.equal(invocations.openSince, null)
})

test('with oom.group victims are held until it was quiet', () => {
  const invocations = new Invocations()
  assert.deepEqual(invocations.add(victim(1, 10)), [])
  assert.deepEqual(invocations.add(victim(1, 12)), [])
  assert.equal(invocations.openSince, 10e6)
  assert.deepEqual(invocations.settle(262e6), [])
  assert.deepEqual(pids(invocations.settle(263e6)), [[10, 12]])
  assert.deepEqual(invocations.settle(999e6), [])
})

test('another invocation ends the one before', () => {
  const invocations = new Invocations()
  invocations.add(victim(1, 10))
  assert.deepEqual(pids(invocations.add(victim(2, 11))), [[10]])
  assert.deepEqual(pids(invocations.add(victim(3, 12, 0))), [[11], [12]])
})
