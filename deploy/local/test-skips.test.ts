import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lacksCollectors } from '../../test/support/collectors.ts'
import { isRight } from './test-skips.ts'

const all = { root: true, Go: true }
const judged = (reason: string | undefined, machine = all) => isRight({ reason }, machine)

test('a skip is right where what it needs is not here, whatever else is not', () => {
  const kernel = 'needs root: loads BPF programs'
  assert.equal(judged(kernel), false)
  assert.equal(judged(kernel, { root: true, Go: false }), false, 'the kernel side needs no Go')
  assert.equal(judged(kernel, { root: false, Go: true }), true)
  assert.equal(judged('needs /proc/self: a proc'), false)
  assert.equal(judged('needs /proc/none: a kernel that has it'), true)
  for (const unnamed of [undefined, '', 'openssl is not installed', 'later', 'needs luck', 'needs toString: no word'])
    assert.equal(judged(unnamed, { root: false, Go: false }), false, unnamed)
})

test('one for want of a collector is right where its folder was deleted', () => {
  assert.equal(judged(lacksCollectors('none') || undefined), true)
  assert.equal(judged('needs agent/collectors'), false, 'that folder is here')
})
