import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import { Known } from './known.ts'

const pods = '/api/v1/pods'
const nodes = '/api/v1/nodes'
const ref = (key: string): ObjectRef => ({ kind: 'Pod', key, name: key })

function fileOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'known.ndjson')
}

test('the next run knows what was there, by kind, and how far all had come', (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  assert.equal(known.watermark, undefined)
  known.note(pods, [ref('a'), ref('b')], [], 10)
  known.note(nodes, [ref('n')], [], undefined)
  known.note(pods, [ref('a')], ['b'], 20)
  const next = new Known(file, 'c')
  assert.deepEqual([next.of(pods), next.of(nodes), next.watermark], [[ref('a')], [ref('n')], 20])
  assert.deepEqual(new Known(file, 'c').of(pods), [ref('a')])
})

test('kinds of owners are found again, also where they share their plural with another kind', (t) => {
  const file = fileOf(t)
  const knative = '/apis/serving.knative.dev/v1/services'
  const known = new Known(file, 'c')
  const owner: ObjectRef = { kind: 'Workload', key: 'w', name: 'w', workloadKind: 'Service' }
  known.note('/api/v1/services', [{ kind: 'Service', key: 's', name: 's' }], [], 10)
  known.note(knative, [owner], [], 10)
  const next = new Known(file, 'c')
  assert.deepEqual([...next.workloadKinds()], [[knative, 'Service']])
  assert.deepEqual(next.of(knative), [owner])
})

test('half a line, as a crash leaves it, says nothing', (t) => {
  const file = fileOf(t)
  new Known(file, 'c').note(pods, [ref('a')], [], 10)
  appendFileSync(file, '{"object":{"kind":"Pod","key":"half')
  const next = new Known(file, 'c')
  next.note(pods, [ref('b')], [], undefined)
  assert.deepEqual(new Known(file, 'c').of(pods), [ref('a'), ref('b')])
})

test('of another cluster nothing is taken over', (t) => {
  const file = fileOf(t)
  new Known(file, 'c').note(pods, [ref('a')], [], 10)
  const other = new Known(file, 'd')
  assert.deepEqual([other.of(pods), other.watermark], [[], undefined])
})

test('the file is rewritten before it outgrows what it holds', (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  known.note(pods, [ref('kept')], [], undefined)
  for (let index = 0; index < 10_000; index++) {
    known.note(pods, [ref('x')], [], index)
    known.note(pods, [], ['x'], undefined)
  }
  assert.ok(readFileSync(file, 'utf8').split('\n').length < 10_010)
  assert.deepEqual(new Known(file, 'c').of(pods), [ref('kept')])
})
