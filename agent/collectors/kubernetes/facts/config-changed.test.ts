import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import type { Harness } from '../testing/harness.ts'
import { plain } from '../testing/manifests.ts'
import { configChanged } from './config-content.ts'

suite('changed content in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  const patch = (kind: string, name: string, change: object) =>
    api.kubectl('patch', kind, name, '--type=merge', '-p', JSON.stringify(change))
  /** A write that comes after all others and that the collector shows. */
  const settled = async (harness: Harness, kind: string, name: string) => {
    await api.kubectl('label', kind, name, 'settled=yes')
    await harness.state(name, ({ body }) => (body.labels as string[]).includes('settled=yes'))
  }

  test('keys that a ConfigMap got, lost and had changed, with digests of what it was; who wrote, and when', async (t) => {
    await api.create(
      plain('ConfigMap', 'settings', { data: { same: '1', other: '1', old: '1' }, binaryData: { blob: 'AAEC' } }),
    )
    const harness = await api.watch(t)
    const first = await harness.state('settings')
    assert.deepEqual(first.body.keys, ['blob', 'old', 'other', 'same'])
    assert.equal(first.body.bytes, 6)
    await api.kubectl('annotate', 'configmap', 'settings', 'note=1')
    await api.kubectl('label', 'configmap', 'settings', 'marked=yes')
    // Who wrote is told by the second of the write.
    await sleep(1_100)
    await patch('configmap', 'settings', { data: { other: '2', old: null, young: '1' }, binaryData: { blob: 'AAED' } })
    const event = await harness.event('config-changed', 'settings')
    const last = await harness.state('settings', ({ body }) => (body.keys as string[]).includes('young'))
    assert.deepEqual(event.fields, {
      ...{ changed: ['blob', 'other'], added: ['young'], removed: ['old'] },
      ...{ before: first.body.digest, after: last.body.digest, manager: 'kubectl-patch' },
    })
    assert.equal(event.id, `config-changed/${last.object.key}/${last.version}`)
    assert.deepEqual([event.at % SECOND, event.uncertainty <= SECOND], [0, true])
    assert.ok(event.at <= event.observedAt && event.at > event.observedAt - 10 * SECOND)
    const digestOf = ({ body }: typeof last, key: string) =>
      (body.digests as string[])[(body.keys as string[]).indexOf(key)]
    assert.equal(digestOf(first, 'same'), digestOf(last, 'same'))
    assert.notEqual(digestOf(first, 'other'), digestOf(last, 'other'))
    await patch('configmap', 'settings', { data: { old: null } })
    await settled(harness, 'configmap', 'settings')
    assert.equal(harness.events('config-changed', 'settings').length, 1)
  })

  test('the content of a Secret changed: keys alone, and digests where the cluster has a key for them', async (t) => {
    const stringData = { user: 'shop', password: 'one' }
    for (const name of ['sealed', 'twin']) await api.create(plain('Secret', name, { stringData }))
    const unkeyed = await api.watch(t)
    const keyed = await api.watch(t, undefined, { secretDigestKey: Buffer.alloc(32, 1) })
    const told = [unkeyed, keyed]
    const before = await Promise.all(told.map((harness) => harness.state('sealed')))
    await patch('secret', 'sealed', { stringData: { password: 'two' } })
    const events = await Promise.all(told.map((harness) => harness.event('config-changed', 'sealed')))
    assert.deepEqual(
      events.map(({ fields: { changed, added, removed } }) => [changed, added, removed]),
      [
        [['password'], [], []],
        [['password'], [], []],
      ],
    )
    const [without, withKey] = events.map(({ fields }) => [fields.before, fields.after]) as [unknown[], string[]]
    assert.deepEqual(without, [undefined, undefined])
    const after = await keyed.state('sealed', ({ body }) => body.digest === withKey[1])
    assert.equal(withKey[0], before[1]!.body.digest)
    assert.deepEqual(before[0]!.body, { labels: [], secretType: 'Opaque', keys: ['password', 'user'] })
    assert.equal((after.body.digests as string[]).length, 2)
    const digests = [before[1]!, await keyed.state('twin')].flatMap(({ body }) => body.digests as string[])
    assert.equal(new Set(digests).size, 4, 'equal content of two Secrets is not to be seen')
    assert.equal(unkeyed.states('sealed').length, 1, 'nothing that is told of it differs')
    await patch('secret', 'sealed', { stringData: { password: 'one' } })
    const back = await keyed.event('config-changed', 'sealed', ({ fields }) => fields.before === withKey[1])
    assert.equal(back.fields.after, withKey[0], 'the same content again is the same digest')
  })
})

test('a change that was seen live happened in the second that its write names, others since the last that was known', () => {
  const of = (version: number, at: number, content: string) => ({
    ...{ uid: 'u', createdAt: 0, version, ref: { kind: 'ConfigMap' as const, key: 'u' }, body: {} },
    ...{ digests: new Map([['a', content]]), written: { at: at * SECOND } },
  })
  const [previous, object] = [of(1, 100, 'old'), of(2, 160, 'new')]
  const resolve = () => object.ref
  const observedAt = 160.4 * SECOND
  const changed = (sighting: object) => {
    const [fact] = configChanged(object, { observedAt, previous, resolve, ...sighting }, true)
    return [fact!.at / SECOND, fact!.uncertainty / SECOND]
  }
  assert.deepEqual(changed({}), [160, 0.4])
  assert.deepEqual(changed({ uncertaintyFrom: 130 * SECOND }), [130, 30.4])
  assert.deepEqual(changed({ uncertaintyFrom: 90 * SECOND }), [100, 60.4], 'the previous content was written then')
  assert.deepEqual(changed({ previous: of(1, 160, 'old') }), [159.4, 1], 'a writer that leaves no stamp')
})
