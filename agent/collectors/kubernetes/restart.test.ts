import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { SECOND } from '../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { pod, service } from './testing/manifests.ts'

suite('what vanishes from a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('deletion is a tombstone; the same name again is another object', async (t) => {
    const harness = await api.watch(t)
    const { metadata: one } = await api.create(pod('phoenix'))
    await harness.state(one.uid)
    await api.remove('pod', 'phoenix')
    const { metadata: two } = await api.create(pod('phoenix'))
    await harness.state(two.uid)
    const tombstone = await harness.state(one.uid, ({ deleted }) => deleted === true)
    assert.deepEqual([tombstone.inferred, tombstone.relations, tombstone.body], [undefined, [], {}])
    assert.ok(tombstone.version > harness.states(one.uid)[0]!.version)
  })

  test('what vanished while the collector was away is deleted by inference', async (t) => {
    const harness = await api.watch(t)
    const { metadata } = await api.create(pod('vanishing'))
    await harness.state('vanishing')
    await harness.stop()
    await api.remove('pod', 'vanishing')
    await harness.start()
    const tombstone = await harness.state(metadata.uid, ({ deleted }) => deleted === true)
    assert.equal(tombstone.inferred, true)
    assert.ok(tombstone.uncertainty > 0 && tombstone.uncertainty < 60 * SECOND)
    await harness.stop()
    await harness.start()
    await harness.state('kube-system')
    const tombstones = harness.states(metadata.uid).filter(({ deleted }) => deleted)
    assert.equal(tombstones.length, 1)
  })

  test('a restart sends what changed meanwhile, and nothing else again', async (t) => {
    for (const name of ['same', 'other']) await api.create(pod(name))
    const harness = await api.watch(t)
    await harness.state('other')
    await harness.state('kube-system')
    await harness.stop()
    const before = harness.emitted.filter(({ type }) => type === 'state').length
    await api.kubectl('label', 'pod', 'other', 'marked=yes')
    await harness.start()
    await harness.state('other', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    const all = () => harness.watcher.progress()[0]?.counters?.['states.unchanged'] ?? 0
    await harness.until('the rest', () => all() >= before - 2)
    const states = harness.emitted.filter(({ type }) => type === 'state').slice(before)
    // Of the cluster itself one is made at each start.
    assert.deepEqual(states.map((each) => each.type === 'state' && each.object.name).sort(), ['other', 'test'])
  })

  test('kinds with the same plural are kept apart; owners of a custom kind that are all gone are deleted by inference', async (t) => {
    await api.create(service('plain'))
    const { resource, owner, uid } = await api.createCustom('serving.aitia.example', 'Service', 'served')
    await api.create(pod('served-a', { owner }))
    const harness = await api.watch(t)
    await harness.state('plain')
    await harness.state(uid)
    const away = async (work: () => Promise<unknown>) => {
      await harness.stop()
      await work()
      await harness.start()
    }
    // Met again by its pod: its first list holds no Service of the core.
    await away(() => api.remove(resource, 'served'))
    assert.equal((await harness.state(uid, ({ deleted }) => deleted === true)).inferred, true)
    await api.apply({
      ...{ apiVersion: owner.apiVersion, kind: 'Service', metadata: { name: 'lonely', namespace: 'default' } },
    })
    const lonely = (await harness.state('lonely')).object.key
    // Owns nothing: known from the run before alone.
    await away(async () => {
      await api.remove('pod', 'served-a')
      await api.remove(resource, 'lonely')
    })
    assert.equal((await harness.state(lonely, ({ deleted }) => deleted === true)).inferred, true)
    assert.deepEqual(
      harness.emitted.filter((each) => each.type === 'state' && each.deleted && each.object.kind === 'Service'),
      [],
    )
  })

  test('a name that stands for another cluster is refused', async (t) => {
    const harness = await api.watch(t)
    await harness.stop()
    writeFileSync(join(harness.dataDir, 'clusters.json'), JSON.stringify({ test: 'another', other: 'x' }))
    await assert.rejects(harness.start(), /test stands for the cluster whose kube-system has UID another/)
    await harness.stop()
    await harness.start('third')
    await harness.state('third')
  })
})
