import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJob, JOB_VERSION, jobDataOf, jobIdOf, packContent, type Versions } from './job.ts'
import { batchOf, eventsOf, heartbeatOf } from './testing/observations.ts'

const pack = (content: unknown) => packContent(JSON.stringify(content))

/** A job as it would be had the first version had no contexts. */
const V0 = { cluster: 'test', lane: 2, events: eventsOf(0, 3) }
const V0_TO_V1: Versions = {
  current: 1,
  upcasts: { 0: ({ events, ...rest }) => ({ ...rest, observations: events, contexts: {} }) },
}

test('a batch comes back as it was, in a sixth of its size', () => {
  const batch = batchOf(3, [...eventsOf(0, 400), heartbeatOf(400)])
  const data = jobDataOf(JOB_VERSION, pack(batch))
  assert.deepEqual(decodeJob(JSON.parse(JSON.stringify(data))), { is: 'batch', batch })
  assert.ok(data.zstd.length * 6 < JSON.stringify(batch).length)
})

test('the id depends on the content alone and has no colon', () => {
  const id = (to: number) => jobIdOf(pack(batchOf(1, eventsOf(0, to))))
  assert.equal(id(5), id(5))
  assert.notEqual(id(5), id(6))
  assert.match(id(5), /^[\w-]{22}$/)
})

test('an older version is upcast step by step', () => {
  const decoded = decodeJob(jobDataOf(0, pack(V0)), V0_TO_V1)
  assert.deepEqual(decoded, { is: 'batch', batch: batchOf(2, V0.events) })
  const twice: Versions = {
    current: 2,
    upcasts: { ...V0_TO_V1.upcasts, 1: (content) => ({ ...content, cluster: 'up' }) },
  }
  assert.deepEqual(decodeJob(jobDataOf(0, pack(V0)), twice), {
    is: 'batch',
    batch: { ...batchOf(2, V0.events), cluster: 'up' },
  })
})

test('a newer version is told without being unpacked', () => {
  assert.deepEqual(decodeJob({ v: 7, zstd: 'unknown packing', more: 1 }), { is: 'newer', version: 7 })
})

const INVALID: [string, unknown, RegExp][] = [
  ['no job at all', 'text', /not a job: expected \{v, zstd\}/],
  ['no packing', { v: 1 }, /not a job/],
  ['no zstd', { v: 1, zstd: 'AAAA' }, /version 1 can't be unpacked/],
  ['no JSON', jobDataOf(1, packContent('{')), /version 1 can't be unpacked/],
  ['a version that nothing leads from', jobDataOf(0, pack(V0)), /no upcast leads from 0 to 1/],
  ['a lane that there is not', jobDataOf(1, pack({ ...batchOf(0, []), lane: 8 })), /lane/],
  ['no cluster', jobDataOf(1, pack({ ...batchOf(0, []), cluster: '' })), /cluster/],
  ['too many observations', jobDataOf(1, pack(batchOf(0, eventsOf(0, 501)))), /observations/],
  ['an unknown observation', jobDataOf(1, pack(batchOf(0, [{ type: 'rumour' } as never]))), /observations\[0\].type/],
]
for (const [what, data, reason] of INVALID) {
  test(`${what} is invalid, with the reason`, () => {
    const decoded = decodeJob(data)
    assert.equal(decoded.is, 'invalid')
    assert.match(decoded.is === 'invalid' ? decoded.reason : '', reason)
  })
}
