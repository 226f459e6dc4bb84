import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shown } from './connection.ts'

test('an address is shown without its password, whatever that is made of', () => {
  for (const secret of [
    'redis://:pa/ss@host:6379/0',
    'redis://me:p@/s?s@host:6379/0',
    'redis://host:6379/0?password=pass',
  ])
    assert.equal(shown(secret), 'redis://host:6379/0')
  assert.equal(shown('redis://127.0.0.1:6379'), 'redis://127.0.0.1:6379')
})
