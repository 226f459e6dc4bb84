import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVENTS } from '../../../../graph/model/generated/registry.ts'
import { watchedKinds } from './all.ts'
import { covers, nameOf } from './kind.ts'

test('each kind of event of this collector is told by one kind of object', () => {
  const told = watchedKinds.flatMap(({ tells = [] }) => tells)
  const own = Object.values(EVENTS).filter(({ collector }) => collector === 'kubernetes')
  assert.deepEqual(told.toSorted(), own.map(({ name }) => name).sort())
})

test('the watermark waits for pods and nodes, and not for Events, whose absence proves nothing', () => {
  assert.deepEqual(watchedKinds.filter(covers).map(nameOf).sort(), ['nodes', 'pods'])
})
