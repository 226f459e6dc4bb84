import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { SECOND } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import type { Change } from '../../../reflector/handler.ts'
import { Api } from '../testing/api.ts'
import { endpointSlice, service } from '../testing/manifests.ts'
import { endpointsOf, ServiceEndpoints, type Slice } from './service-endpoints.ts'

const pods = (ready: number, notReady: number, prefix = 'p') =>
  [...Array(ready + notReady).keys()].map((n) => ({ name: `${prefix}${n}`, uid: `${prefix}${n}`, ready: n < ready }))

test('an endpoint without conditions is ready; one that ends and is not ready counts no more', () => {
  const metadata = { uid: 'u', name: 's', resourceVersion: '1' }
  const endpoints = [
    { addresses: ['10.0.0.1'] },
    { addresses: ['10.0.0.2'], targetRef: { kind: 'Pod', name: 'a' }, conditions: { ready: false } },
    { addresses: ['10.0.0.3'], conditions: { ready: false, serving: true, terminating: true } },
    { addresses: ['10.0.0.4'], conditions: { ready: true, terminating: true } },
  ]
  const { ready, notReady } = endpointsOf({ metadata, endpoints })
  assert.deepEqual([ready, notReady], [['10.0.0.1', '10.0.0.4'], ['a']])
  assert.deepEqual(endpointsOf({ metadata, endpoints: null }).ready, [])
})

suite('what is told of writes of slices', () => {
  const names = (count: number) => [...Array(count).keys()].map((n) => `p${n}`)
  /** A write, by which of four endpoints so many are ready. */
  const write = (version: number, uid: string, ready: number, all = 4, more: Partial<Change<Slice>> = {}) => {
    const ref = { kind: 'EndpointSlice', key: uid, name: uid, namespace: 'n' } as const
    const counted = { ready: names(ready), notReady: names(all).slice(ready), writtenAt: version * SECOND }
    const object: Slice = { ...{ uid, createdAt: 0, version, ref, body: {} }, counted }
    return { type: 'present', object, uid, observedAt: version * SECOND, resourceVersion: '', ...more } as Change<Slice>
  }
  const told = (batches: Change<Slice>[][], isListed = false) => {
    const service = { kind: 'Service', namespace: 'n', name: 's' } as const
    const endpoints = new ServiceEndpoints<Slice>(() => service)
    return batches.flatMap((batch, index) => {
      for (const change of batch) endpoints.take(change)
      const moment = { isFirst: index === 0, isListed, isTimed: false, seenUntil: undefined, isThere: () => true }
      return endpoints.facts({ ...moment, resolve: () => ({ kind: 'Service', key: 'S' }) }).map(({ id }) => id)
    })
  }

  test('the same, however many of them come at once', () => {
    const first = [write(1, 'a', 4)]
    const [half, none, back] = [write(2, 'a', 1), write(3, 'a', 0), write(4, 'a', 4)]
    const all = ['1/4/2', '0/4/3', '4/4/4'].map((what) => `endpoints-changed/S/${what}`)
    for (const batches of [
      [[half], [none], [back]],
      [[half, none], [back]],
      [[half], [none, back]],
      [[half, none, back]],
    ])
      assert.deepEqual(told([first, ...batches]), all)
  })

  test('of the first list nothing; of a later one what it comes to, also where a pod moved to another slice', () => {
    const first = [write(1, 'a', 2, 4), write(2, 'b', 4)]
    assert.deepEqual(told([first]), [])
    const gone = write(3, 'a', 4, 4, { type: 'deleted', inferred: true })
    assert.deepEqual(told([[write(1, 'a', 4)], [gone, write(2, 'b', 4)]], true), [])
    assert.deepEqual(told([[write(1, 'a', 4)], [write(5, 'a', 0, 0), write(4, 'b', 4)]], true), [])
    assert.deepEqual(told([[write(1, 'a', 4)], [write(5, 'a', 0, 0), write(4, 'b', 1)]], true), [
      'endpoints-changed/S/1/4/5',
    ])
  })

  test('a slice that was made anew under its name loses nothing', () => {
    const gone = write(2, 'a', 4, 4, { type: 'deleted', inferred: true })
    assert.deepEqual(told([[write(1, 'a', 4)], [gone, write(2, 'b', 4)]]), [])
  })
})

suite('endpoints of Services in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  /** Writes a slice and waits for its state, so that no two writes come in one batch. */
  const write = async (
    harness: Awaited<ReturnType<Api['watch']>>,
    name: string,
    of: string,
    endpoints: ReturnType<typeof pods>,
  ) => {
    const seen = harness.states(name).length
    await api.apply(endpointSlice(name, of, endpoints))
    await harness.until(`${name} with ${endpoints.length}`, () => harness.states(name).length > seen)
  }
  const told = (harness: Awaited<ReturnType<Api['watch']>>, name: string) =>
    harness
      .events('endpoints-changed', name)
      .map(({ fields: { previousReadyEndpoints, readyEndpoints, endpoints } }) => [
        ...[previousReadyEndpoints, readyEndpoints, endpoints],
      ])

  test('going empty, half empty and back, over all slices; nothing for a rollout and for more that are wanted', async (t) => {
    const harness = await api.watch(t)
    await api.create(service('shop'))
    await write(harness, 'shop-a', 'shop', pods(0, 4))
    await write(harness, 'shop-a', 'shop', pods(4, 0))
    // A rollout: one more that is not ready yet, one less.
    await write(harness, 'shop-a', 'shop', pods(3, 2))
    await write(harness, 'shop-a', 'shop', pods(4, 0))
    // Scaled up in another slice.
    await write(harness, 'shop-b', 'shop', pods(0, 6, 'q'))
    await write(harness, 'shop-b', 'shop', pods(6, 0, 'q'))
    await write(harness, 'shop-a', 'shop', pods(0, 4))
    await write(harness, 'shop-b', 'shop', pods(3, 3, 'q'))
    await write(harness, 'shop-b', 'shop', pods(0, 6, 'q'))
    await write(harness, 'shop-a', 'shop', pods(4, 0))
    await write(harness, 'shop-b', 'shop', pods(6, 0, 'q'))
    assert.deepEqual(told(harness, 'shop'), [
      [0, 4, 4],
      [6, 3, 10],
      [3, 0, 10],
      [0, 4, 10],
      [4, 10, 10],
    ])
    const all = harness.events('endpoints-changed', 'shop')
    assert.ok(all.every(({ at, uncertainty, observedAt }) => at <= observedAt && uncertainty <= SECOND))
    assert.ok(
      all.every(({ object }) => object.kind === 'Service' && object.key === harness.states('shop')[0]!.object.key),
    )
  })

  test('an endpoint with two addresses counts once; how it is found is no change, nor is the end of the Service', async (t) => {
    await api.create(service('dual'))
    await api.apply(endpointSlice('dual-4', 'dual', pods(1, 1)))
    await api.apply({ ...endpointSlice('dual-6', 'dual', []), addressType: 'IPv6' })
    const harness = await api.watch(t)
    await harness.state('dual-6')
    await api.apply({
      ...endpointSlice('dual-6', 'dual', pods(1, 1)),
      ...{ addressType: 'IPv6' },
      endpoints: endpointSlice('', '', pods(1, 1)).endpoints.map((each) => ({ ...each, addresses: ['fd00::9'] })),
    })
    await harness.state('dual-6', ({ body }) => body.endpoints === 2)
    await write(harness, 'dual-4', 'dual', pods(0, 2))
    assert.deepEqual(told(harness, 'dual'), [])
    await api.remove('service', 'dual')
    await harness.state('dual', ({ deleted }) => deleted === true)
    await api.remove('endpointslice', 'dual-4', 'dual-6')
    await harness.state('dual-6', ({ deleted }) => deleted === true)
    assert.deepEqual(told(harness, 'dual'), [])
  })
})
