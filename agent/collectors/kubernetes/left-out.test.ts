import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { settingsOf } from './config.ts'
import { Api } from './testing/api.ts'
import { Harness, relationsOf } from './testing/harness.ts'
import { at, event, type Meta, oomKilled, ownerOf, pod, replicated, running } from './testing/manifests.ts'

suite('what is left out of a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
    for (const name of ['shop', 'hidden', 'quiet'])
      await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  })
  after(() => api?.stop())

  const within = <T extends { metadata: object }>(namespace: string, manifest: T): T => ({
    ...manifest,
    metadata: { ...manifest.metadata, namespace },
  })
  const make = async (namespace: string, manifest: { kind: string; metadata: { name: string } }): Promise<Meta> => {
    await api.apply(within(namespace, manifest))
    return JSON.parse(await api.kubectl('-n', namespace, 'get', manifest.kind, manifest.metadata.name, '-o', 'json'))
  }
  const counters = (harness: Harness) => harness.watcher.progress()[0]?.counters ?? {}

  test('namespaces, labels and kinds: neither states nor events, counted, and no source that saw nothing', async (t) => {
    const labelled = (name: string) => {
      const manifest = pod(name)
      return { ...manifest, metadata: { ...manifest.metadata, labels: { tier: 'test' } } }
    }
    await make('hidden', pod('in-hidden'))
    await make('shop', labelled('labelled'))
    const plainPod = pod('seen', { nodeName: 'n-left-out' })
    const volumes = [{ name: 'v', configMap: { name: 'nowhere' } }]
    const seen = await make('shop', { ...plainPod, spec: { ...plainPod.spec, volumes } } as typeof plainPod)
    const harness = new Harness(api.server)
    t.after(() => harness.end())
    const filter = {
      AITIA_NAMESPACES: '!hidden,!kube-*',
      AITIA_LABELS: '!tier=test',
      AITIA_KINDS: '!jobs.batch,!nodes',
    }
    await harness.start('test', undefined, settingsOf(filter))
    // Nobody looks for nodes; of ConfigMaps it is known that there is none.
    assert.deepEqual(relationsOf(await harness.state(seen.metadata.uid)), [
      ...['this MOUNTS missing nowhere', 'this RUNS_ON unwatched n-left-out'],
    ])
    await harness.until('the count', () => Number(counters(harness)['omitted.objects.in.hidden']) > 0)
    assert.equal(counters(harness)['omitted.objects.in.shop'], 1)
    assert.ok(harness.watcher.progress()[0]!.blind!.includes('node-condition-changed'))
    await api.apply(
      within('shop', event('of-labelled', { kind: 'Pod', name: 'labelled', namespace: 'shop' }, 'Odd', 1)),
    )
    await api.apply(
      within('hidden', event('of-hidden', { kind: 'Pod', name: 'in-hidden', namespace: 'hidden' }, 'Odd', 1)),
    )
    await api.apply(within('shop', event('of-seen', { kind: 'Pod', name: 'seen', namespace: 'shop' }, 'Odd', 1)))
    await harness.event('kubernetes-event', 'seen')
    for (const name of ['in-hidden', 'labelled', 'hidden', 'kube-system']) {
      assert.deepEqual(harness.states(name), [], name)
      assert.deepEqual(harness.events('kubernetes-event', name), [], name)
    }
    for (const name of ['in-hidden', 'labelled'])
      await api.kubectl(
        '-n',
        name === 'labelled' ? 'shop' : 'hidden',
        'delete',
        'pod',
        name,
        '--force',
        '--grace-period=0',
      )
    await make('shop', pod('later'))
    await harness.state('later')
    assert.deepEqual([harness.states('in-hidden'), harness.states('labelled')], [[], []])
  })

  test('an annotation: what was told says no more, goes on when it is taken away, and ends with the object', async (t) => {
    const harness = await api.watch(t)
    const set = await make('shop', replicated('ReplicaSet', 'set'))
    const made = await make('shop', pod('turns', { owner: ownerOf('apps/v1', 'ReplicaSet', 'set', set) }))
    const { uid } = made.metadata
    assert.ok(relationsOf(await harness.state(uid)).includes('set OWNS this'))
    await api.kubectl('-n', 'shop', 'annotate', 'pod', 'turns', 'aitia.dev/ignore=true')
    const silent = await harness.state(uid, ({ leftOut }) => leftOut === true)
    assert.deepEqual([silent.deleted, silent.relations], [undefined, []])
    await api.kubectl('-n', 'shop', 'label', 'pod', 'turns', 'more=words')
    const status = JSON.stringify({ status: running('run-2', at(9), 1, oomKilled('run-1', at(1), at(8))) })
    await api.kubectl('-n', 'shop', 'patch', 'pod', 'turns', '--subresource=status', '--type=merge', '-p', status)
    await make('shop', pod('marker-1'))
    await harness.state('marker-1')
    assert.equal(harness.states(uid).at(-1), silent)
    assert.deepEqual(harness.events('container-terminated', 'turns'), [])
    await api.kubectl('-n', 'shop', 'annotate', 'pod', 'turns', 'aitia.dev/ignore-')
    await harness.state(uid, ({ body }) => ((body.labels ?? []) as string[]).includes('more=words'))
    await harness.event('container-terminated', 'turns')
    await api.kubectl('-n', 'shop', 'annotate', 'pod', 'turns', 'aitia.dev/ignore=true')
    await harness.state(uid, (state) => state.version > silent.version && state.leftOut === true)
    await harness.stop()
    await api.kubectl('-n', 'shop', 'delete', 'pod', 'turns', '--force', '--grace-period=0')
    await harness.start()
    await harness.state(uid, ({ deleted }) => deleted === true)
    assert.deepEqual(harness.events('pod-deleted', 'turns'), [])
  })

  test('an annotation on a namespace concerns all that is in it, and what refers to it is not called missing', async (t) => {
    const harness = await api.watch(t)
    const inside = await make('quiet', pod('inside'))
    await harness.state(inside.metadata.uid)
    await api.kubectl('annotate', 'namespace', 'quiet', 'aitia.dev/ignore=true')
    await harness.state(inside.metadata.uid, ({ leftOut }) => leftOut === true)
    await make('quiet', pod('never-told'))
    await make('shop', pod('marker-2'))
    await harness.state('marker-2')
    await sleep(200)
    assert.deepEqual(harness.states('never-told'), [])
    await api.kubectl('annotate', 'namespace', 'quiet', 'aitia.dev/ignore-')
    await harness.state('never-told')
    const again = await harness.state(inside.metadata.uid)
    assert.equal(again.leftOut, undefined)
  })
})
