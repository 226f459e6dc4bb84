import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVersions, isNewer } from './version.ts'
import { type Seen, View } from './view.ts'

const seen: Seen = { at: 100, coverage: 90, live: true }
const item = (uid: string, version: number, name = uid) => ({
  uid,
  name: `n/${name}`,
  resourceVersion: String(version),
  object: `${uid}@${version}`,
})

test('versions compare as numbers of any length, and what is no number only by equality', () => {
  assert.ok(isNewer('10', '9'))
  assert.ok(isNewer('18446744073709551615', '18446744073709551614'))
  assert.ok(!isNewer('9', '9'))
  assert.equal(compareVersions('a', 'b'), undefined)
  assert.ok(isNewer('b', 'a') && isNewer('a', 'b') && !isNewer('a', 'a'))
})

test('a deleted object does not come back by a late repeat', () => {
  const view = new View<string>()
  view.present(item('x', 1), seen)
  assert.equal(view.deleted(item('x', 3), seen).length, 1)
  assert.deepEqual(view.present(item('x', 2), seen), [])
  assert.deepEqual(view.deleted(item('x', 3), seen), [])
  assert.equal(view.stale, 2)
})

test('an object that a selector lost and found again comes back by a newer version', () => {
  const view = new View<string>()
  view.present(item('x', 1), seen)
  view.deleted(item('x', 2), seen)
  assert.equal(view.present(item('x', 3), seen).length, 1)
})

test('a deletion from before what is known is a repeat', () => {
  const view = new View<string>()
  view.present(item('x', 5), seen)
  assert.deepEqual(view.deleted(item('x', 4), seen), [])
  assert.equal(view.get('x'), 'x@5')
})

test('an inferred deletion is uncertain back to the last coverage, though the rest was seen live', () => {
  const view = new View<string>()
  view.present(item('x', 1, 'name'), seen)
  const [deleted, present] = view.present(item('y', 2, 'name'), seen)
  assert.deepEqual(deleted, {
    type: 'deleted',
    uid: 'x',
    object: 'x@1',
    previous: 'x@1',
    observedAt: 100,
    resourceVersion: '2',
    uncertaintyFrom: 90,
    inferred: true,
  })
  assert.equal(present?.uncertaintyFrom, undefined)
  assert.equal(view.named('n', 'name'), 'y@2')
})

test('where the clock was set back, what is uncertain begins no later than it was seen', () => {
  const view = new View<string>()
  const [present] = view.present(item('x', 1), { at: 100, coverage: 130, live: false })
  assert.equal(present?.uncertaintyFrom, 100)
})

test('a list that holds an older version of an object keeps the newer', () => {
  const view = new View<string>()
  view.present(item('x', 5), seen)
  const list = new View<string>()
  list.present(item('x', 4), seen)
  assert.deepEqual(view.replace(list, '9', seen), [])
  assert.equal(view.get('x'), 'x@5')
})
