import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventObservation } from '../../../../graph/model/observation.ts'
import { now, SECOND } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import type { Change } from '../../../reflector/handler.ts'
import type { Marks } from '../kind.ts'
import { Api } from '../testing/api.ts'
import { node } from '../testing/manifests.ts'
import { NodeLeases, type Renewed } from './node-leases.ts'

const stamp = (time: number) => new Date(time / 1000).toISOString().replace('Z', '000Z')
const lease = (name: string, renewTime: number, leaseDurationSeconds: number) => ({
  ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'kube-node-lease' } },
  spec: { holderIdentity: name, leaseDurationSeconds, renewTime: stamp(renewTime) },
})

/** What is kept over a restart: nothing, or what a run before left that had told the Lease of n1 to be renewed. */
function kept(told: 'nothing' | 'renewed' = 'renewed'): Marks {
  const marks = new Map<string, number | null>(told === 'nothing' ? [] : [['uid-of-n1', null]])
  return {
    since: 0,
    has: () => true,
    mark: (key) => marks.get(key),
    setMark: (key, mark) => void marks.set(key, mark),
  }
}

/** Leases of node n1, whose clock may be another, and what is told of them up to a second that the watch has seen. */
function following(marks = kept()) {
  const leases = new NodeLeases(marks)
  let isTimed = true
  let lookups = 0
  const renewed = (
    renewedAt: number,
    observedAt: number,
    { name = 'n1', duration = 40, ...more }: Partial<Change<Renewed>> & { name?: string; duration?: number } = {},
  ) => {
    const ref = { kind: 'Lease', key: name, name, namespace: 'kube-node-lease' } as const
    const object = {
      ...{ uid: more.uid ?? name, createdAt: 0, version: 1, ref, body: {} },
      renewedAt,
      duration: duration * SECOND,
    }
    leases.take({ type: 'present', object, uid: object.uid, observedAt, resourceVersion: '1', ...more })
  }
  const at = (seconds: number | undefined, missing = false) =>
    leases
      .facts({
        ...{ isFirst: false, isListed: false, isTimed, isThere: () => true },
        seenUntil: seconds === undefined ? undefined : seconds * SECOND,
        resolve: ({ name }) => {
          lookups++
          return { kind: 'Node', key: `uid-of-${name}`, ...(missing && { missing }) }
        },
      })
      .map((fact) => [fact.at / SECOND, 'status' in fact.fields && fact.fields.status, fact.id])
  /** What is told after a batch, and not as time passes. */
  const afterBatch = (...asked: Parameters<typeof at>) => {
    isTimed = false
    const told = at(...asked)
    isTimed = true
    return told
  }
  return { renewed, at, afterBatch, anew: () => leases.anew(), lookups: () => lookups }
}

test('stale is what was not renewed for its duration and 10 s more, as far as the watch has seen', () => {
  const { renewed, at } = following()
  // The clock of the node is 5 s ahead.
  renewed(105 * SECOND, 100 * SECOND)
  assert.deepEqual([at(100), at(150), at(undefined)], [[], [], []])
  assert.deepEqual(at(151), [[145, 'False', 'node-condition-changed/uid-of-n1/Lease/False/105000000']])
  assert.deepEqual(at(400), [], 'told once')
  renewed(105 * SECOND, 401 * SECOND)
  assert.deepEqual(at(402), [], 'a write that renews nothing')
  renewed(415 * SECOND, 410 * SECOND)
  assert.deepEqual(at(411), [[415, 'True', 'node-condition-changed/uid-of-n1/Lease/True/105000000']])
  renewed(425 * SECOND, 420 * SECOND)
  renewed(425 * SECOND, 430 * SECOND, { type: 'deleted' })
  assert.deepEqual(at(900), [])
})

test('one that was stale when it was found is told to be renewed, unless only the clock of its node is behind', () => {
  const restarted = following()
  restarted.renewed(1_000 * SECOND, 2_000 * SECOND)
  assert.deepEqual(restarted.at(2_010), [])
  restarted.renewed(2_020 * SECOND, 2_020 * SECOND)
  assert.deepEqual(restarted.at(2_021), [[2_020, 'True', 'node-condition-changed/uid-of-n1/Lease/True/1000000000']])
  restarted.renewed(2_030 * SECOND, 2_030 * SECOND)
  assert.deepEqual(restarted.at(2_031), [])
  const behind = following()
  behind.renewed(1_000 * SECOND, 2_000 * SECOND)
  behind.renewed(1_010 * SECOND, 2_010 * SECOND)
  behind.renewed(1_100 * SECOND, 2_011 * SECOND)
  assert.deepEqual(behind.at(2_012), [])
})

test('a clock that is set back makes no Lease stale that is renewed', () => {
  const { renewed, at } = following()
  renewed(4_000 * SECOND, 4_000 * SECOND)
  assert.deepEqual(at(4_005), [])
  // The watermark stands until the time is new.
  renewed(4_010 * SECOND, 410 * SECOND)
  assert.deepEqual(at(4_005), [])
  renewed(4_020 * SECOND, 420 * SECOND)
  assert.deepEqual(at(4_005), [])
  assert.deepEqual(
    at(4_056).map(([, status]) => status),
    ['False'],
  )
})

test('two renewals that come at once after it was stale are told as they would be one by one', () => {
  const { renewed, at } = following()
  renewed(100 * SECOND, 100 * SECOND)
  at(151)
  renewed(200 * SECOND, 200 * SECOND)
  renewed(210 * SECOND, 210 * SECOND)
  assert.deepEqual(
    at(300).map(([when, status]) => [when, status]),
    [
      [200, 'True'],
      [250, 'False'],
    ],
  )
})

test('a node is looked up for what a renewal tells alone, however many there are', () => {
  const nodes = 100
  const marks = kept('nothing')
  const { renewed, at, afterBatch, lookups } = following(marks)
  /** Each renewal in a batch of its own; and then the second in which that was. */
  const round = (second: number, missing = false) => {
    const before = lookups()
    const told: string[] = []
    for (let node = 0; node < nodes; node++) {
      renewed(second * SECOND, second * SECOND, { name: `n${node}` })
      told.push(...afterBatch(second, missing).map(([, , id]) => String(id)))
    }
    told.push(...at(second, missing).map(([, , id]) => String(id)))
    return { told: told.length, lookups: lookups() - before }
  }
  // Once by what came, and once more as time passes, as the node may be known by then.
  assert.deepEqual(round(100, true), { told: 0, lookups: 2 * nodes }, 'of nodes that are not known')
  assert.deepEqual(round(110), { told: nodes, lookups: nodes }, 'told once of each')
  assert.deepEqual(round(120), { told: 0, lookups: 0 })
  assert.deepEqual([at(171).length, lookups()], [nodes, 4 * nodes], 'none is renewed any more')
  assert.deepEqual([at(180).length, lookups()], [0, 4 * nodes])
  assert.deepEqual(round(190), { told: nodes, lookups: nodes }, 'all are renewed again')
})

test('a batch tells what it brought; what time shows is told as it passes', () => {
  const marks = kept()
  const { renewed, at, afterBatch, anew } = following(marks)
  renewed(100 * SECOND, 100 * SECOND)
  assert.deepEqual([afterBatch(151), at(151).length], [[], 1])
  renewed(200 * SECOND, 200 * SECOND)
  assert.equal(afterBatch(200).length, 1)
  const stale = at(260)
  Object.assign(marks, kept('nothing'))
  anew()
  assert.deepEqual([afterBatch(261), at(261)], [[], stale], 'not that it was renewed, which it is no more')
})

test('a Lease that is to last longer from now on is stale later', () => {
  const { renewed, at } = following()
  renewed(100 * SECOND, 100 * SECOND)
  renewed(110 * SECOND, 110 * SECOND, { duration: 120 })
  assert.deepEqual([at(240), at(241).length], [[], 1])
})

test('one whose node is not known yet is told to be stale once it is', () => {
  const { renewed, at } = following()
  renewed(100 * SECOND, 100 * SECOND)
  assert.deepEqual(at(160, true), [])
  assert.deepEqual(at(161), [[140, 'False', 'node-condition-changed/uid-of-n1/Lease/False/100000000']])
  assert.deepEqual(at(162), [])
})

test('one that was told to be stale is told to be renewed by the next run, within the time that nobody saw', () => {
  const marks = kept()
  const before = following(marks)
  before.renewed(100 * SECOND, 100 * SECOND)
  assert.equal(before.at(151).length, 1)
  const restarted = (since: number) => following({ ...marks, since: since * SECOND })
  const still = restarted(160)
  still.renewed(100 * SECOND, 170 * SECOND)
  assert.deepEqual(still.at(300), [], 'it was told')
  const away = restarted(310)
  away.renewed(500 * SECOND, 505 * SECOND)
  away.renewed(505 * SECOND, 505 * SECOND)
  assert.deepEqual(away.at(506, true), [], 'not of a node that is not known')
  const found = restarted(310)
  found.renewed(500 * SECOND, 510 * SECOND)
  assert.deepEqual(found.at(511), [[310, 'True', 'node-condition-changed/uid-of-n1/Lease/True/100000000']])
  const next = restarted(520)
  next.renewed(530 * SECOND, 530 * SECOND)
  assert.deepEqual(next.at(531), [], 'told once')
})

test('one that was deleted while it was stale and made anew is told to be renewed, by whichever run sees it', () => {
  const marks = kept()
  const { renewed, at } = following(marks)
  renewed(100 * SECOND, 100 * SECOND)
  assert.equal(at(151).length, 1)
  renewed(100 * SECOND, 200 * SECOND, { type: 'deleted' })
  assert.deepEqual(at(201), [])
  const anew = ({ renewed, at }: Pick<ReturnType<typeof following>, 'renewed' | 'at'>) => {
    renewed(300 * SECOND, 300 * SECOND, { uid: 'another' })
    return at(301)
  }
  const expected = [[140, 'True', 'node-condition-changed/uid-of-n1/Lease/True/100000000']]
  const told = marks.mark('uid-of-n1')!
  assert.deepEqual(anew({ renewed, at }), expected)
  renewed(310 * SECOND, 310 * SECOND, { uid: 'another' })
  assert.deepEqual(at(311), [], 'told once')
  assert.equal(marks.mark('uid-of-n1'), null)
  marks.setMark('uid-of-n1', told)
  assert.deepEqual(anew(following(marks)), expected)
})

const firstAt = (seconds: number) => [
  seconds,
  'True',
  `node-condition-changed/uid-of-n1/Lease/True/first/${seconds * SECOND}`,
]

test('who does not know what was told of one tells once that it is renewed; the next run knows', () => {
  const marks = kept('nothing')
  const { renewed, at } = following(marks)
  renewed(100 * SECOND, 100 * SECOND)
  assert.deepEqual(at(101, true), [], 'not of a node that is not known')
  assert.deepEqual(at(102), [firstAt(100)])
  renewed(110 * SECOND, 110 * SECOND)
  assert.deepEqual(at(111), [])
  const next = following(marks)
  next.renewed(120 * SECOND, 120 * SECOND)
  assert.deepEqual(next.at(121), [])
})

test('one of which nothing is known and that looks stale is told by its next renewal, or by the time that passes', () => {
  const behind = following(kept('nothing'))
  behind.renewed(1_000 * SECOND, 2_000 * SECOND)
  assert.deepEqual(behind.at(2_001), [])
  behind.renewed(1_010 * SECOND, 2_010 * SECOND)
  assert.deepEqual(behind.at(2_011), [firstAt(1_010)])
  const back = following(kept('nothing'))
  back.renewed(1_000 * SECOND, 2_000 * SECOND)
  assert.deepEqual(back.at(2_001), [])
  back.renewed(2_010 * SECOND, 2_010 * SECOND)
  assert.deepEqual(back.at(2_011), [[2_010, 'True', 'node-condition-changed/uid-of-n1/Lease/True/1000000000']])
  const mute = following(kept('nothing'))
  mute.renewed(1_000 * SECOND, 2_000 * SECOND)
  assert.deepEqual(mute.at(2_001), [])
  assert.deepEqual(mute.at(2_051), [[1_040, 'False', 'node-condition-changed/uid-of-n1/Lease/False/1000000000']])
})

test('where what was told may not have come through all is told as it stands', () => {
  const lost = () => {
    const marks = kept()
    const { renewed, at, anew } = following(marks)
    renewed(100 * SECOND, 100 * SECOND)
    const forget = () => {
      Object.assign(marks, kept('nothing'))
      anew()
    }
    return { renewed, at, forget }
  }
  const well = lost()
  assert.deepEqual(well.at(101), [])
  well.forget()
  assert.deepEqual([well.at(102), well.at(103)], [[firstAt(100)], []])
  const mute = lost()
  const stale = mute.at(151)
  mute.forget()
  assert.deepEqual([stale.length, mute.at(152), mute.at(153)], [1, stale, []], 'equal, so that it is one')
})

suite('Leases of nodes in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-node-lease' } })
  })
  after(() => api?.stop())

  type Told = EventObservation<'node-condition-changed'>
  const isStale = ({ fields }: Told) => fields.status === 'False'
  const isRenewed = ({ fields }: Told) => fields.previous === 'False'

  test('one that is not renewed is told by the time that passes alone; renewals tell nothing', async (t) => {
    const { metadata } = await api.create(node('mute'))
    // Date knows milliseconds.
    const began = Math.floor(now() / 1000) * 1000
    await api.apply(lease('mute', began, 1))
    const harness = await api.watch(t)
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    for (let count = 1; count <= 3; count++) await api.apply(lease('mute', began + count * SECOND, 1))
    const stale = await harness.event('node-condition-changed', 'mute', isStale)
    assert.deepEqual(
      [stale.object.key, stale.at, stale.fields],
      [
        ...[metadata.uid, began + 4 * SECOND],
        {
          ...{ condition: 'Lease', status: 'False', previous: 'True', reason: 'Expired' },
          message: 'not renewed for 1 s',
        },
      ],
    )
    assert.ok(stale.observedAt - stale.at > 8 * SECOND)
    const again = now()
    await api.apply(lease('mute', again, 1))
    const renewed = await harness.event('node-condition-changed', 'mute', isRenewed)
    assert.deepEqual([renewed.fields.status, renewed.fields.reason], ['True', 'Renewed'])
    assert.equal(harness.states('mute').filter(({ object }) => object.kind === 'Lease').length, 1)
    assert.deepEqual(
      harness.events('node-condition-changed', 'mute').map(({ fields }) => [fields.previous, fields.status]),
      [
        [undefined, 'True'],
        ['True', 'False'],
        ['False', 'True'],
      ],
    )
  })

  test('one that was told to be stale by a run of which nothing is left is told to be renewed, once', async (t) => {
    await api.create(node('forgotten'))
    await api.apply(lease('forgotten', now(), 1))
    const harness = await api.watch(t)
    const stale = await harness.event('node-condition-changed', 'forgotten', isStale)
    await harness.stop()
    rmSync(harness.dataDir, { recursive: true })
    mkdirSync(harness.dataDir)
    await api.apply(lease('forgotten', now(), 60))
    const isLater = ({ at, fields }: Told) => fields.status === 'True' && at > stale.at
    await harness.start()
    const renewed = await harness.event('node-condition-changed', 'forgotten', isLater)
    assert.deepEqual([renewed.object.key, renewed.fields.reason], [stale.object.key, 'Renewed'])
    await api.apply(lease('forgotten', now(), 60))
    await harness.stop()
    await harness.start()
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    await api.apply(lease('forgotten', now(), 60))
    await sleep(3_000)
    assert.equal(harness.events('node-condition-changed', 'forgotten').filter(isLater).length, 1)
  })

  test('one that is deleted while it is stale and made anew while the collector is away is told to be renewed', async (t) => {
    await api.create(node('remade'))
    await api.apply(lease('remade', now(), 1))
    const harness = await api.watch(t)
    const stale = await harness.event('node-condition-changed', 'remade', isStale)
    await api.kubectl('-n', 'kube-node-lease', 'delete', 'lease', 'remade')
    await harness.state('remade', ({ object, deleted }) => object.kind === 'Lease' && deleted === true)
    await harness.stop()
    await api.apply(lease('remade', now(), 1))
    await harness.start()
    const renewed = await harness.event('node-condition-changed', 'remade', isRenewed)
    assert.deepEqual([renewed.object.key, renewed.fields.status], [stale.object.key, 'True'])
  })

  test('one that was told to be stale, and renewed while the collector was away, is told to be renewed, and once', async (t) => {
    await api.create(node('returning'))
    const began = Math.floor(now() / 1000) * 1000
    await api.apply(lease('returning', began, 1))
    const harness = await api.watch(t)
    await harness.event('node-condition-changed', 'returning', isStale)
    await harness.stop()
    const stopped = now()
    await api.apply(lease('returning', stopped + SECOND, 1))
    await harness.start()
    const renewed = await harness.event('node-condition-changed', 'returning', isRenewed)
    assert.deepEqual([renewed.fields.status, renewed.fields.reason], ['True', 'Renewed'])
    assert.ok(renewed.at >= began + SECOND && renewed.at <= stopped)
    assert.ok(Math.abs(renewed.at + renewed.uncertainty - (stopped + 2 * SECOND)) < 1_000)
    await harness.stop()
    await api.apply(lease('returning', now(), 1))
    await harness.start()
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    assert.equal(harness.events('node-condition-changed', 'returning').filter(isRenewed).length, 1)
  })
})
