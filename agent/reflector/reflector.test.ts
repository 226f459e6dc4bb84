import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { now, SECOND } from '../../graph/model/time.ts'
import type { Gap } from './handler.ts'
import { Reflector } from './reflector.ts'
import { FaultyServer, until } from './testing/faulty-server.ts'
import { Mirror, type Thing, trimThing } from './testing/mirror.ts'
import type { Timings } from './timings.ts'

const quick: Partial<Timings> = { backoff: [1, 20], refused: 50, steady: 50, tick: 5, aliveBound: 60_000 }

/** A server with things `a`, `b` and `c`, and a reflector of it that is not started yet. */
async function setUp(t: TestContext, timings: Partial<Timings> = {}) {
  const server = new FaultyServer()
  const kubeConfig = await server.listen()
  const mirror = new Mirror()
  const options = { kubeConfig, path: '/api/v1/things', trim: trimThing, timings: { ...quick, ...timings } }
  const reflector = new Reflector<Thing>({ ...options, handler: mirror })
  t.after(async () => {
    await reflector.stop()
    await server.close()
    mirror.check()
  })
  for (const name of ['a', 'b', 'c']) server.create(name)
  const same = () => {
    const there = [...server.objects.values()].map(({ metadata: m }) => `${m.name} ${m.uid}@${m.resourceVersion}`)
    return mirror.synced && there.sort().join() === mirror.view.join()
  }
  return { server, mirror, reflector, options, equal: () => until('the view to equal the server', same) }
}

test('a WatchList gives all objects in one batch, then each change once', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  assert.deepEqual(
    mirror.batches.map(({ synced, changes }) => [synced, changes.length]),
    [[true, 3]],
  )
  const { sendInitialEvents, resourceVersionMatch, resourceVersion } = Object.fromEntries(server.requests[0]!)
  assert.deepEqual([sendInitialEvents, resourceVersionMatch, resourceVersion], ['true', 'NotOlderThan', undefined])
  server.update('a')
  server.delete('b')
  server.create('d')
  await equal()
  assert.deepEqual(
    mirror.changes.slice(3).map(({ type, object, inferred }) => `${type} ${object.name} ${inferred}`),
    ['present a undefined', 'deleted b undefined', 'present d undefined'],
  )
  assert.equal(reflector.view.named('n', 'd')?.name, 'd')
  assert.equal(reflector.view.size, 3)
})

test('without WatchList: pages, then a watch from the version of the list', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  server.watchList = false
  server.pageLimit = 2
  reflector.start()
  await equal()
  assert.equal(mirror.batches.filter(({ synced }) => synced).length, 1)
  await until('the watch', () => server.watching === 1)
  const [, first, second, watch] = server.requests
  assert.deepEqual([first?.get('limit'), first?.get('resourceVersion')], ['500', null])
  assert.match(second?.get('continue') ?? '', /^page-/)
  assert.equal(watch?.get('resourceVersion'), server.version)
  server.delete('c')
  await equal()
})

test('a server that never ends the initial events, or never answers: lists after the deadline', async (t) => {
  for (const fault of [{ initialThen: 'hang' }, 'hang'] as const) {
    const { server, reflector, equal } = await setUp(t, { initial: 500, answer: 500 })
    server.faults.push(fault)
    reflector.start()
    await equal()
    assert.equal(server.requests[1]?.get('watch'), null)
  }
})

test('a cut connection is resumed from the last version: nothing is lost, and there is no gap', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  for (const politely of [true, false]) {
    server.cut(politely)
    server.create(`made-while-away-${politely}`)
    server.delete(politely ? 'a' : 'b')
    await equal()
  }
  const deleted = mirror.changes.filter(({ type }) => type === 'deleted')
  assert.deepEqual(
    deleted.map(({ inferred }) => inferred),
    [undefined, undefined],
  )
  assert.ok(deleted.every(({ observedAt, uncertaintyFrom }) => uncertaintyFrom! <= observedAt))
  assert.deepEqual([mirror.gaps, reflector.counts.lists], [[], 1])
})

test('a bookmark moves the version from which a watch is resumed', async (t) => {
  const { server, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  server.create('d')
  await equal()
  server.compact()
  const before = reflector.watermark!
  await new Promise((resolve) => setTimeout(resolve, 2))
  server.bookmark()
  await until('the bookmark to be read', () => reflector.watermark! > before)
  server.cut()
  server.create('e')
  await equal()
  assert.equal(reflector.counts.lists, 1)
})

test('410 lists anew: what vanished is deleted by inference, and the gap is told', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  server.faults.push({ status: 503 })
  server.cut()
  const recreated = server.delete('a') && server.create('a')
  server.delete('b')
  server.compact()
  await equal()
  const [gap] = mirror.gaps
  assert.ok(gap && /410 Expired/.test(gap.reason))
  const after = mirror.changes.slice(3)
  assert.deepEqual(
    after.map(({ type, object, inferred }) => `${type} ${object.name} ${inferred ?? ''}`.trim()).sort(),
    ['deleted a true', 'deleted b true', 'present a'],
  )
  const deletions = after.filter(({ type }) => type === 'deleted')
  assert.ok(deletions.every(({ resourceVersion }) => resourceVersion === server.version))
  assert.ok(after.every(({ uncertaintyFrom }) => uncertaintyFrom === gap.from))
  assert.equal(after.at(-1)?.uid, recreated.metadata.uid)
  const list = server.requests.at(-1)!
  assert.equal(list.get('resourceVersion'), null)
})

test('a gap is passed on before what was listed is seen, and until then nothing is claimed', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t, { aliveBound: 20 })
  reflector.start()
  await equal()
  const told = mirror.onGap.bind(mirror)
  const during: (number | undefined)[] = []
  let passedOnAt = 0
  mirror.onGap = async (gap: Gap) => {
    told(gap)
    during.push(reflector.watermark)
    // Longer than a watch has to be open to be vouched for.
    await new Promise((resolve) => setTimeout(resolve, 100))
    during.push(reflector.watermark)
    passedOnAt = now()
  }
  server.faults.push({ status: 503 })
  server.cut()
  server.delete('a')
  server.compact()
  await equal()
  assert.deepEqual([mirror.gaps.length, during[1]], [1, during[0]])
  assert.ok(mirror.changes.at(-1)!.observedAt >= passedOnAt)
})

test('a clock that is set back turns no gap and no time of a change around', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  server.bookmark()
  const { now: wall } = Date
  t.mock.method(Date, 'now', () => wall() - 3_600_000)
  server.faults.push({ status: 503 })
  server.cut()
  server.update('a')
  server.compact()
  await equal()
  const [gap] = mirror.gaps
  assert.ok(gap && gap.from <= gap.to && gap.to < wall() * 1_000 - 3_500 * SECOND)
  const { observedAt, uncertaintyFrom } = mirror.changes.at(-1)!
  assert.ok(observedAt >= gap.to && uncertaintyFrom! <= observedAt)
})

test('410 inside the watch lists anew, also where it says Expired without a code', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  for (const status of [{ code: 410, reason: 'Gone' }, { reason: 'Expired' }]) {
    const gaps = mirror.gaps.length
    server.say(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', message: 'too old', ...status } })}\n`)
    await until('the gap', () => mirror.gaps.length > gaps)
    await equal()
  }
})

test('429 is retried no sooner than Retry-After says; 500 with growing waits', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  server.faults.push({ status: 429, headers: { 'Retry-After': '1' } }, { status: 500 }, { status: 500 })
  const began = performance.now()
  reflector.start()
  await equal()
  assert.ok(performance.now() - began >= 1000)
  assert.deepEqual(
    mirror.statuses.map(({ state }) => state),
    ['failing', 'watching'],
  )
  assert.equal(reflector.counts.failures, 3)
})

test('401, 403 and 404 are told once and retried slowly', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  server.faults.push({ status: 404 }, { status: 404 }, { status: 403 }, { status: 401 })
  const began = performance.now()
  reflector.start()
  await equal()
  assert.ok(performance.now() - began >= 4 * 25)
  assert.deepEqual(
    mirror.statuses.map((status) => ('httpStatus' in status ? status.httpStatus : status.state)),
    [404, 403, 401, 'watching'],
  )
})

test('changes that come in one piece with the bookmark, or in pieces themselves, are not lost', async (t) => {
  const { server, reflector, equal } = await setUp(t)
  server.faults.push({ initialThen: 'change' })
  reflector.start()
  await equal()
  assert.ok(reflector.view.named('n', 'late'))
  const metadata = { uid: 'é', name: 'pieces', namespace: 'n', resourceVersion: '99' }
  const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { metadata } })}\n`)
  for (const byte of bytes) {
    server.say(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until('the object', () => reflector.view.get('é') !== undefined)
  assert.equal(reflector.counts.failures, 0)
})

test('half a line is dropped and its event comes again; a line that is no JSON is not skipped', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  server.say('{"type":"ADDED","object":{"metadata":{"uid":"ghost","na')
  server.cut(true)
  await until('the half line to be counted', () => reflector.counts.halfLines === 1)
  server.create('d')
  await equal()
  server.garble()
  server.create('e')
  await equal()
  assert.deepEqual(mirror.gaps, [])
})

test('a version that the server keeps answering with errors is given up: a list from it, and a gap', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  const last = server.version
  server.faults.push({ status: 409 }, { status: 409 }, { status: 409 })
  server.cut()
  await until('the gap', () => mirror.gaps.length === 1)
  await equal()
  assert.match(mirror.gaps[0]!.reason, /409/)
  assert.equal(server.requests.at(-1)?.get('resourceVersion'), last)
})

test('old and repeated objects are not passed on', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  server.update('a')
  server.delete('b')
  server.create('b')
  await equal()
  const count = mirror.changes.length
  for (let back = 0; back < 6; back++) server.say(server.past(back)!)
  server.create('d')
  await equal()
  assert.equal(mirror.changes.length, count + 1)
  assert.equal(reflector.view.stale, 6)
})

test('a name with another UID: the old object is deleted, though the server said nothing of it', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  reflector.start()
  await equal()
  const metadata = { uid: 'other', name: 'a', namespace: 'n', resourceVersion: '99' }
  server.say(`${JSON.stringify({ type: 'ADDED', object: { metadata } })}\n`)
  await until('both changes', () => mirror.changes.length === 5)
  assert.deepEqual(
    mirror.changes.slice(3).map(({ type, uid, inferred }) => [type, uid, inferred]),
    [
      ['deleted', 'uid-1', true],
      ['present', 'other', undefined],
    ],
  )
})

test('a server that hangs is cut by our own deadlines', async (t) => {
  for (const timings of [{ silence: 40 }, { watch: [10, 20] as [number, number], grace: 20 }]) {
    const { server, mirror, reflector, equal } = await setUp(t, timings)
    reflector.start()
    await equal()
    await until('a second watch', () => server.requests.length > 1)
    server.create('d')
    await equal()
    assert.deepEqual(mirror.gaps, [])
  }
})

test('a handler that throws is reported and stops nothing; so does a trim', async (t) => {
  const { server, options } = await setUp(t)
  const mirror = new Mirror()
  const throws = () => {
    throw new Error('from the handler')
  }
  const handler = { ...mirror, onBatch: throws, onStatus: throws, onError: (error: Error) => mirror.errors.push(error) }
  const trim: typeof trimThing = (raw) => {
    if (raw.metadata.name === 'b') throw new Error('from trim')
    return trimThing(raw)
  }
  const reflector = new Reflector<Thing>({ ...options, trim, handler: handler as never })
  t.after(() => reflector.stop())
  reflector.start()
  await until('two objects', () => reflector.view.size === 2)
  server.create('d')
  await until('three objects', () => reflector.view.size === 3)
  assert.equal(reflector.counts.unreadable, 1)
  assert.deepEqual([...new Set(mirror.errors.map(({ message }) => message))].sort(), ['from the handler', 'from trim'])
})

test('a slow handler holds the watch back, and the batches come one after the other', async (t) => {
  const { server, options } = await setUp(t)
  let inside = 0
  let most = 0
  let seen = 0
  const onBatch = async ({ changes }: { changes: unknown[] }) => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve, 5))
    inside--
    seen += changes.length
  }
  const reflector = new Reflector<Thing>({ ...options, handler: { onBatch } })
  t.after(() => reflector.stop())
  reflector.start()
  for (let i = 0; i < 20; i++) server.create(`x${i}`)
  await until('all changes', () => seen === 23)
  assert.equal(most, 1)
})

test('the watermark goes on in a quiet cluster, and stands while the watch is away', async (t) => {
  const { server, reflector, equal } = await setUp(t, { aliveBound: 20 })
  reflector.start()
  await equal()
  const begin = reflector.watermark!
  await until('progress without events', () => reflector.watermark! > begin + 50_000)
  server.faults.push(...Array(500).fill({ status: 500 }))
  server.cut()
  await until('a failure', () => reflector.counts.failures > 0)
  const stands = reflector.watermark
  await new Promise((resolve) => setTimeout(resolve, 60))
  assert.equal(reflector.watermark, stands)
  server.faults.length = 0
  await until('progress again', () => reflector.watermark! > stands!)
})

test('the watermark does not pass what a handler still holds', async (t) => {
  const { server, options } = await setUp(t)
  let release: (() => void) | undefined
  const onBatch = ({ synced }: { synced: boolean }) =>
    synced ? undefined : new Promise<void>((resolve) => (release = resolve))
  const timings = { ...quick, aliveBound: 5 }
  const reflector = new Reflector<Thing>({ ...options, timings, handler: { onBatch } })
  t.after(() => reflector.stop())
  reflector.start()
  await until('a watch', () => server.watching === 1)
  server.create('d')
  await until('the handler to hold it', () => release !== undefined)
  const held = reflector.watermark
  await new Promise((resolve) => setTimeout(resolve, 60))
  assert.equal(reflector.watermark, held)
  release?.()
  await until('the watermark to go on', () => reflector.watermark! > held!)
})

test('nothing is left after stop: no timer, no socket, no call', async (t) => {
  const { server, mirror, reflector, equal } = await setUp(t)
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  reflector.start()
  await equal()
  await reflector.stop()
  await until('the server to see the end', () => server.watching === 0)
  const count = mirror.changes.length
  server.create('d')
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(mirror.changes.length, count)
  assert.ok(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length <= before)
  const idle = new Reflector<Thing>({ ...(await setUp(t)).options, handler: mirror })
  await idle.stop()
})
