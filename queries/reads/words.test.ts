import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from './stored.ts'
import { bytes, many, span } from './units.ts'
import { summaryOf, titleOf } from './words.ts'

const event = (fields: object): StoredEvent => ({ id: 'x', at: 0, ...fields }) as unknown as StoredEvent

test('quantities have one unit and few digits', () => {
  assert.deepEqual([0, 812, 256 * 2 ** 20, 1.5 * 2 ** 30].map(bytes), ['0 B', '812 B', '256 MiB', '1.5 GiB'])
  assert.deepEqual([400, 9_000, 12_608_000, 240_000_000, 9_000_000_000, 518_400_000_000].map(span), [
    '400 µs',
    '9 ms',
    '12.6 s',
    '4 min',
    '2.5 h',
    '6 d',
  ])
  assert.deepEqual([many(1, 'replica'), many(2, 'replica')], ['1 replica', '2 replicas'])
})

test('an OOM kill tells victim and trigger', () => {
  const kill = {
    kind: 'oom-kill',
    victimPids: [41172],
    victimCommands: ['node'],
    victimBytes: [251 * 2 ** 20],
    triggerPid: 41172,
    triggerCommand: 'node',
  }
  assert.equal(titleOf('oom-kill'), 'OOM kill')
  assert.equal(summaryOf(event(kill)), 'node (pid 41172, 251 MiB), its own allocation')
  assert.equal(
    summaryOf(event({ ...kill, triggerPid: 7, triggerCommand: 'sh', oomGroup: true })),
    'node (pid 41172, 251 MiB), allocation of sh (pid 7), whole cgroup',
  )
})

test('a kind without words of its own lists its fields', () => {
  assert.equal(titleOf('no-such-kind'), 'no such kind')
  assert.equal(summaryOf(event({ kind: 'no-such-kind' })), '')
})
