import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import { Known } from './known.ts'

const pods = '/api/v1/pods'
const nodes = '/api/v1/nodes'
const ref = (key: string): ObjectRef => ({ kind: 'Pod', key, name: key })
const sent = async () => true
const all = new Set([pods, nodes])

function fileOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'known.ndjson')
}

/** Passes on states of objects by their keys. */
async function pass(known: Known, path: string, states: Record<string, string>, gone: string[] = []): Promise<void> {
  for (const [key, digest] of Object.entries(states)) known.holds(path, ref(key), digest)
  for (const key of gone) known.holdsEnd(key)
  await known.pass(sent)
}

test('the next run knows what was there, by kind, in which state, and how far all had come', async (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  assert.equal(known.watermark(pods), undefined)
  await pass(known, pods, { a: '1', b: '1' })
  await pass(known, nodes, { n: '1' })
  known.covers(10, all)
  await pass(known, pods, { a: '2' }, ['b'])
  known.covers(20, all)
  const next = new Known(file, 'c')
  assert.deepEqual([next.of(pods), next.of(nodes), next.watermark(pods)], [[ref('a')], [ref('n')], 20])
  assert.deepEqual([next.digest('a'), next.digest('n'), next.digest('b'), next.has('b')], ['2', '1', undefined, false])
  const again = new Known(file, 'c')
  assert.deepEqual([again.of(pods), again.digest('a'), again.watermark(pods)], [[ref('a')], '2', 20])
})

test('what was not passed on is sent again, and what was not told to be gone is still to be told', async (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  await pass(known, pods, { old: '1', going: '1' })
  known.holds(pods, ref('new'), '1')
  known.holds(pods, ref('old'), '2')
  known.holdsEnd('going')
  assert.deepEqual([known.digest('new'), known.digest('old'), known.has('going')], ['1', '2', false], 'on their way')
  const lost = known.pass(async () => {
    // As a crash would leave it.
    const crashed = new Known(file, 'c')
    assert.deepEqual([crashed.digest('new'), crashed.digest('old')], [undefined, '1'])
    assert.deepEqual(crashed.of(pods), [ref('old'), ref('going'), ref('new')])
    throw new Error('disk full')
  })
  await assert.rejects(lost, /disk full/)
  assert.deepEqual([known.digest('new'), known.digest('old'), known.has('going')], [undefined, '1', true])
  known.holds(pods, ref('old'), '2')
  known.holdsEnd('going')
  await known.pass(async () => false)
  assert.deepEqual([known.digest('old'), known.has('going')], ['1', true], 'there was no room for it')
  known.covers(10, all)
  assert.equal(new Known(file, 'c').watermark(pods), undefined, 'not all has been passed on')
  await pass(known, pods, { old: '2', new: '1' }, ['going'])
  known.covers(10, all)
  assert.equal(new Known(file, 'c').watermark(pods), 10)
})

test('a kind that nobody sees stays where it was, over any number of runs, and goes on once it is seen', async (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  await pass(known, pods, { a: '1' })
  await pass(known, nodes, { n: '1' })
  const without = new Set([nodes])
  known.covers(10, without)
  const { since } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!)
  const begun = new Known(file, 'c')
  assert.deepEqual([begun.watermark(pods), begun.watermark(nodes)], [since, 10], 'it was never seen to the end')
  begun.covers(20, all)
  begun.covers(30, without)
  begun.covers(40, without)
  const next = new Known(file, 'c')
  assert.deepEqual([next.watermark(pods), next.since(pods), next.watermark(nodes)], [20, 20, 40])
  next.covers(50, without)
  assert.equal(next.since(pods), 20)
  const last = new Known(file, 'c')
  assert.deepEqual([last.watermark(pods), last.watermark(nodes)], [20, 50])
  last.covers(60, all)
  assert.equal(new Known(file, 'c').watermark(pods), 60)
})

test('kinds of owners are found again, also where they share their plural with another kind', async (t) => {
  const file = fileOf(t)
  const knative = '/apis/serving.knative.dev/v1/services'
  const known = new Known(file, 'c')
  const owner: ObjectRef = { kind: 'Workload', key: 'w', name: 'w', workloadKind: 'Service' }
  known.holds('/api/v1/services', { kind: 'Service', key: 's', name: 's' }, '1')
  known.holds(knative, owner, '1')
  await known.pass(sent)
  const next = new Known(file, 'c')
  assert.deepEqual([...next.workloadKinds()], [[knative, 'Service']])
  assert.deepEqual(next.of(knative), [owner])
})

test('whose end is no event is known, and since when all was there where no run came to say how far it had come', async (t) => {
  const file = fileOf(t)
  const begun = now()
  const known = new Known(file, 'c')
  assert.ok(known.since(pods) >= begun && known.since(pods) <= now())
  known.holds(pods, ref('mirror'), '1', true)
  known.holds(pods, ref('turned'), '1')
  await known.pass(sent)
  known.holds(pods, ref('turned'), '2', true)
  await known.pass(sent)
  const next = new Known(file, 'c')
  assert.deepEqual([next.isSilent('mirror'), next.isSilent('turned'), next.digest('turned')], [true, true, '2'])
  assert.equal(next.since(pods), known.since(pods))
  next.holds(pods, ref('turned'), '3')
  await next.pass(sent)
  next.covers(begun - 5, all)
  const last = new Known(file, 'c')
  assert.deepEqual([last.isSilent('turned'), last.digest('turned'), last.since(pods)], [false, '3', begun - 5])
})

test('what a follower told is known with its object: noted before it is passed on, and its end after that', async (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  await pass(known, pods, { a: '1' })
  known.setMark('a', 7)
  known.setMark('nobody', 7)
  await known.pass(async () => {
    assert.equal(new Known(file, 'c').mark('a'), 7)
    return true
  })
  await pass(known, pods, { a: '2' })
  known.holds(pods, ref('a'), '3', true)
  await known.pass(sent)
  const next = new Known(file, 'c')
  assert.deepEqual([next.mark('a'), next.digest('a'), next.mark('nobody')], [7, '3', undefined])
  next.setMark('a', undefined)
  await next.pass(async () => {
    assert.equal(new Known(file, 'c').mark('a'), 7)
    return true
  })
  assert.equal(new Known(file, 'c').mark('a'), undefined)
})

test('half a line, as a crash leaves it, says nothing', async (t) => {
  const file = fileOf(t)
  await pass(new Known(file, 'c'), pods, { a: '1' })
  appendFileSync(file, '{"object":{"kind":"Pod","key":"half')
  await pass(new Known(file, 'c'), pods, { b: '1' })
  assert.deepEqual(new Known(file, 'c').of(pods), [ref('a'), ref('b')])
})

test('what a bad disk makes of lines says nothing; of a file whose first line is bad nothing is taken over', async (t) => {
  const file = fileOf(t)
  await pass(new Known(file, 'c'), pods, { a: '1' })
  const bad = [
    '7',
    'null',
    '"text"',
    '[]',
    '{}',
    '{"path":"/api/v1/pods"}',
    '{"path":"/api/v1/pods","object":{}}',
    '\0\0',
  ]
  appendFileSync(file, `${bad.join('\n')}\n`)
  await pass(new Known(file, 'c'), pods, { b: '1' })
  assert.deepEqual(new Known(file, 'c').of(pods), [ref('a'), ref('b')])
  const [, ...rest] = readFileSync(file, 'utf8').split('\n')
  for (const first of ['{"cluster":"c"}', '7', '']) {
    writeFileSync(file, [first, ...rest].join('\n'))
    assert.deepEqual(new Known(file, 'c').of(pods), [], first)
  }
})

test('of another cluster nothing is taken over', async (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  await pass(known, pods, { a: '1' })
  known.covers(10, all)
  const other = new Known(file, 'd')
  assert.deepEqual([other.of(pods), other.watermark(pods)], [[], undefined])
})

test('the file is rewritten before it outgrows what it holds', async (t) => {
  const file = fileOf(t)
  const known = new Known(file, 'c')
  known.covers(5, all)
  for (let round = 0; round < 10_000; round++) {
    await pass(known, pods, { kept: String(round), [`brief ${round}`]: '1' }, round > 0 ? [`brief ${round - 1}`] : [])
  }
  assert.ok(readFileSync(file, 'utf8').split('\n').length < 10_010)
  const next = new Known(file, 'c')
  assert.deepEqual([next.of(pods).map(({ key }) => key), next.watermark(pods)], [['kept', 'brief 9999'], 5])
  assert.equal(next.digest('kept'), '9999')
})
