import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Observation } from '../../../../graph/model/observation.ts'
import { Held, isMadeAgain } from './held.ts'

const state = (name: string, deleted = false): Observation => ({
  ...{ type: 'state', at: 1, version: 1, uncertainty: 0, source: 'kubernetes@cluster', body: {}, relations: [] },
  object: { kind: 'Pod', key: name, name },
  ...(deleted && { deleted }),
})
const namesOf = (observations: readonly Observation[]) =>
  observations.map((each) => (each.type === 'state' ? each.object.key : each.type))

test('what the leader has come past goes, in every kind that was known when it was made; the rest is kept in order', () => {
  const held = new Held()
  held.add([state('a')], { pods: '9', nodes: '5' })
  held.add([state('b')], { pods: '10', nodes: '5' })
  held.add([state('c')], { pods: '10', nodes: '12' })
  held.covered({ pods: '10' })
  held.covered({ pods: '8', nodes: '99' })
  assert.equal(held.size, 3)
  // As numbers, not as text.
  held.covered({ pods: '10', nodes: '5' })
  assert.deepEqual(namesOf(held.take()), ['c'])
  assert.equal(held.size, 0)
})

test('a doubt lasts until the leader has come past what raised it', () => {
  const held = new Held()
  held.doubts({ pods: '10', nodes: '7' })
  held.covered({ pods: '11', nodes: '6' })
  assert.equal(held.doubtful, true)
  held.covered({ pods: '11', nodes: '7' })
  assert.equal(held.doubtful, false)
})

test('too much: what can be made again goes and is in doubt, what is gone is kept', () => {
  const held = new Held()
  for (let index = 0; index < 20_001; index++) held.add([state(`p${index}`, index === 4)], { pods: String(index) })
  assert.deepEqual([held.doubtful, held.size, held.dropped], [true, 1, 0])
  assert.deepEqual(namesOf(held.take()), ['p4'])
  assert.equal(held.doubtful, false)
})

test('a condition of a node can be made again, that its Lease is not renewed can not', () => {
  const event = (condition: string): Observation => ({
    ...{ type: 'event', kind: 'node-condition-changed', id: condition, at: 1, observedAt: 1, uncertainty: 0 },
    ...{ source: 'kubernetes@cluster', object: { kind: 'Node', key: 'n' } },
    fields: { condition, status: 'False', previous: 'True', reason: 'R' },
  })
  assert.deepEqual([isMadeAgain(event('Ready')), isMadeAgain(event('Lease'))], [true, false])
})

test('what a list that lacks a pod tells of its end is not made again', () => {
  const pod = { kind: 'Pod', key: 'p', name: 'p' } as const
  const end: Observation = {
    ...{ type: 'event', kind: 'pod-deleted', id: 'pod-deleted/p', at: 1, observedAt: 2, uncertainty: 1 },
    ...{ source: 'kubernetes@cluster', object: pod, fields: { inferred: true } },
  }
  assert.deepEqual([end, state('p', true), state('q')].map(isMadeAgain), [false, false, true])
})
