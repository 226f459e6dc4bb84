import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import { Known } from './known.ts'

const pods = '/api/v1/pods'
const nodes = '/api/v1/nodes'
const ref = (key: string): ObjectRef => ({ kind: 'Pod', key, name: key })
const state = (digest: string, at = 1) => ({ digest, at, version: 1 })
const sent = async () => true
/** A file on a disk that is good. */
const open = (file: string, cluster = 'c') => new Known(file, cluster, (error) => Promise.reject(error))
const all = new Set([pods, nodes])

function fileOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'known.ndjson')
}

/** Passes on states of objects by their keys. */
async function pass(known: Known, path: string, states: Record<string, string>, gone: string[] = []): Promise<void> {
  for (const [key, digest] of Object.entries(states)) known.holds(path, ref(key), state(digest))
  for (const key of gone) known.holdsEnd(key)
  await known.pass(sent)
}

test('the next run knows what was there, by kind, in which state, and how far all had come', async (t) => {
  const file = fileOf(t)
  const known = open(file)
  assert.equal(known.watermark(pods), undefined)
  await pass(known, pods, { a: '1', b: '1' })
  await pass(known, nodes, { n: '1' })
  known.covers(10, all)
  await pass(known, pods, { a: '2' }, ['b'])
  known.covers(20, all)
  const next = open(file)
  assert.deepEqual([next.of(pods), next.of(nodes), next.watermark(pods)], [[ref('a')], [ref('n')], 20])
  assert.deepEqual([next.digest('a'), next.digest('n'), next.digest('b'), next.has('b')], ['2', '1', undefined, false])
  const again = open(file)
  assert.deepEqual([again.of(pods), again.digest('a'), again.watermark(pods)], [[ref('a')], '2', 20])
})

test('what was not passed on is sent again, and what was not told to be gone is still to be told', async (t) => {
  const file = fileOf(t)
  const known = open(file)
  await pass(known, pods, { old: '1', going: '1' })
  known.holds(pods, ref('new'), state('1'))
  known.holds(pods, ref('old'), state('2'))
  known.holdsEnd('going')
  assert.deepEqual([known.digest('new'), known.digest('old'), known.has('going')], ['1', '2', false], 'on their way')
  const lost = known.pass(async () => {
    // As a crash would leave it.
    const crashed = open(file)
    assert.deepEqual([crashed.digest('new'), crashed.digest('old')], [undefined, '1'])
    assert.deepEqual(crashed.of(pods), [ref('old'), ref('going'), ref('new')])
    throw new Error('disk full')
  })
  await assert.rejects(lost, /disk full/)
  assert.deepEqual([known.digest('new'), known.digest('old'), known.has('going')], [undefined, '1', true])
  known.holds(pods, ref('old'), state('2'))
  known.holdsEnd('going')
  await known.pass(async () => false)
  assert.deepEqual([known.digest('old'), known.has('going')], ['1', true], 'there was no room for it')
  known.covers(10, all)
  assert.equal(open(file).watermark(pods), undefined, 'not all has been passed on')
  await pass(known, pods, { old: '2', new: '1' }, ['going'])
  known.covers(10, all)
  assert.equal(open(file).watermark(pods), 10)
})

test('a kind that nobody sees stays where it was, over any number of runs, and goes on once it is seen', async (t) => {
  const file = fileOf(t)
  const known = open(file)
  await pass(known, pods, { a: '1' })
  await pass(known, nodes, { n: '1' })
  const without = new Set([nodes])
  known.covers(10, without)
  const { since } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!)
  const begun = open(file)
  assert.deepEqual([begun.watermark(pods), begun.watermark(nodes)], [since, 10], 'it was never seen to the end')
  begun.covers(20, all)
  begun.covers(30, without)
  begun.covers(40, without)
  const next = open(file)
  assert.deepEqual([next.watermark(pods), next.since(pods), next.watermark(nodes)], [20, 20, 40])
  next.covers(50, without)
  assert.equal(next.since(pods), 20)
  const last = open(file)
  assert.deepEqual([last.watermark(pods), last.watermark(nodes)], [20, 50])
  last.covers(60, all)
  assert.equal(open(file).watermark(pods), 60)
})

test('kinds of owners are found again, also where they share their plural with another kind', async (t) => {
  const file = fileOf(t)
  const knative = '/apis/serving.knative.dev/v1/services'
  const known = open(file)
  const owner: ObjectRef = { kind: 'Workload', key: 'w', name: 'w', workloadKind: 'Service' }
  known.holds('/api/v1/services', { kind: 'Service', key: 's', name: 's' }, state('1'))
  known.holds(knative, owner, state('1'))
  await known.pass(sent)
  const next = open(file)
  assert.deepEqual([...next.workloadKinds()], [[knative, 'Service']])
  assert.deepEqual(next.of(knative), [owner])
})

test('whose end is no event is known, and since when all was there where no run came to say how far it had come', async (t) => {
  const file = fileOf(t)
  const begun = now()
  const known = open(file)
  assert.ok(known.since(pods) >= begun && known.since(pods) <= now())
  known.holds(pods, ref('mirror'), state('1'), true)
  known.holds(pods, ref('turned'), state('1'))
  await known.pass(sent)
  known.holds(pods, ref('turned'), state('2'), true)
  await known.pass(sent)
  const next = open(file)
  assert.deepEqual([next.isSilent('mirror'), next.isSilent('turned'), next.digest('turned')], [true, true, '2'])
  assert.equal(next.since(pods), known.since(pods))
  next.holds(pods, ref('turned'), state('3'))
  await next.pass(sent)
  next.covers(begun - 5, all)
  const last = open(file)
  assert.deepEqual([last.isSilent('turned'), last.digest('turned'), last.since(pods)], [false, '3', begun - 5])
})

test('what a follower told is known with its object: noted before it is passed on, and that it holds no more after that', async (t) => {
  const file = fileOf(t)
  const known = open(file)
  await pass(known, pods, { a: '1' })
  known.setMark('a', 7)
  known.setMark('nobody', 7)
  await known.pass(async () => {
    assert.equal(open(file).mark('a'), 7)
    return true
  })
  await pass(known, pods, { a: '2' })
  known.holds(pods, ref('a'), state('3'), true)
  await known.pass(sent)
  const next = open(file)
  assert.deepEqual([next.mark('a'), next.digest('a'), next.mark('nobody')], [7, '3', undefined])
  next.setMark('a', null)
  await next.pass(async () => {
    assert.equal(open(file).mark('a'), 7)
    return true
  })
  const last = open(file)
  assert.deepEqual([last.mark('a'), open(file).mark('a')], [null, null])
  await last.forgetStates(['a', 'nobody'])
  const again = open(file)
  assert.deepEqual([again.mark('a'), again.digest('a'), again.has('nobody')], [null, undefined, false])
  await again.forget()
  assert.equal(open(file).mark('a'), undefined)
})

test('the next run knows when the last state was seen and which it was, also where that has to be sent again', async (t) => {
  const file = fileOf(t)
  const known = open(file)
  assert.equal(known.last('a'), undefined)
  known.holds(pods, ref('a'), state('1', 5))
  assert.deepEqual(known.last('a'), { at: 5, version: 1 }, 'on its way')
  await known.pass(sent)
  known.holds(pods, ref('a'), { digest: '2', at: 7, version: 3 })
  await known.pass(sent)
  const next = open(file)
  await next.forget()
  const last = open(file)
  assert.deepEqual(
    [next.last('a'), last.last('a'), last.digest('a')],
    [{ at: 7, version: 3 }, { at: 7, version: 3 }, undefined],
  )
})

const isRoot = process.getuid?.() === 0

suite('on a full disk', { skip: isRoot ? false : 'needs root: mounts a small one' }, () => {
  /** A file on a disk of its own, and what fills that. */
  function small(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
    t.after(() => {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    })
    const filler = join(folder, 'filler')
    const fill = () => assert.throws(() => writeFileSync(filler, Buffer.alloc(1 << 20)), /ENOSPC/)
    return { file: join(folder, 'known.ndjson'), fill, free: () => rmSync(filler) }
  }
  const keys = Array.from({ length: 100 }, (_, index) => `object ${index}`)

  test('nothing is passed on until it can be noted; half a line that is left takes no other with it', async (t) => {
    const { file, fill, free } = small(t)
    let refusals = 0
    const known = new Known(file, 'c', async (error, tries) => {
      assert.match(error.message, /ENOSPC/)
      assert.ok(!readFileSync(file, 'utf8').endsWith('\n'), 'half a line is left')
      refusals++
      if (tries === 2) free()
    })
    for (const key of keys) known.holds(pods, ref(key), state('1'))
    fill()
    await known.pass(async () => {
      assert.equal(refusals, 2)
      fill()
      return true
    })
    assert.equal(refusals, 4)
    const next = open(file)
    assert.deepEqual(
      next.of(pods).map(({ key }) => [key, next.digest(key)]),
      keys.map((key) => [key, '1']),
    )
  })

  test('what is given up before it can be noted is sent again, and how far all had come is noted later', async (t) => {
    const { file, fill, free } = small(t)
    const known = open(file)
    await pass(known, pods, { a: '1' })
    for (const key of ['a', ...keys]) known.holds(pods, ref(key), state('2'))
    fill()
    await assert.rejects(
      known.pass(async () => assert.fail('it was sent')),
      /ENOSPC/,
    )
    assert.deepEqual([known.digest('a'), known.has(keys[0]!)], ['1', false])
    free()
    await pass(known, pods, Object.fromEntries(['a', ...keys].map((key) => [key, '2'])))
    fill()
    for (let watermark = 1; watermark < 500; watermark++) known.covers(watermark, all)
    free()
    known.covers(500, all)
    assert.deepEqual([open(file).digest('a'), open(file).watermark(pods)], ['2', 500])
  })
})

test('half a line, as a crash leaves it, says nothing', async (t) => {
  const file = fileOf(t)
  await pass(open(file), pods, { a: '1' })
  appendFileSync(file, '{"object":{"kind":"Pod","key":"half')
  await pass(open(file), pods, { b: '1' })
  assert.deepEqual(open(file).of(pods), [ref('a'), ref('b')])
})

test('what a bad disk makes of lines says nothing; of a file whose first line is bad nothing is taken over', async (t) => {
  const file = fileOf(t)
  await pass(open(file), pods, { a: '1' })
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
  await pass(open(file), pods, { b: '1' })
  assert.deepEqual(open(file).of(pods), [ref('a'), ref('b')])
  const [, ...rest] = readFileSync(file, 'utf8').split('\n')
  for (const first of ['{"cluster":"c"}', '7', '']) {
    writeFileSync(file, [first, ...rest].join('\n'))
    assert.deepEqual(open(file).of(pods), [], first)
  }
})

test('of another cluster nothing is taken over', async (t) => {
  const file = fileOf(t)
  const known = open(file)
  await pass(known, pods, { a: '1' })
  known.covers(10, all)
  const other = open(file, 'd')
  assert.deepEqual([other.of(pods), other.watermark(pods)], [[], undefined])
})

test('the file is rewritten before it outgrows what it holds', async (t) => {
  const file = fileOf(t)
  const known = open(file)
  known.covers(5, all)
  for (let round = 0; round < 10_000; round++) {
    await pass(known, pods, { kept: String(round), [`brief ${round}`]: '1' }, round > 0 ? [`brief ${round - 1}`] : [])
  }
  assert.ok(readFileSync(file, 'utf8').split('\n').length < 10_010)
  const next = open(file)
  assert.deepEqual([next.of(pods).map(({ key }) => key), next.watermark(pods)], [['kept', 'brief 9999'], 5])
  assert.equal(next.digest('kept'), '9999')
})
