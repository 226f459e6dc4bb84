import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { Harness, relationsOf } from './testing/harness.ts'
import { endpointSlice, event, node, ownerOf, pod } from './testing/manifests.ts'

const hash = '0123456789abcdef0123456789abcdef'

suite('static pods in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('a static pod has one key, by whatever UID it is named, also when its mirror is made anew', async (t) => {
    const owner = ownerOf('v1', 'Node', 'n', await api.create(node('n')))
    const annotations = { 'kubernetes.io/config.mirror': hash, 'kubernetes.io/config.hash': hash }
    const plain = pod('etcd-n', { owner, nodeName: 'n' })
    const mirror = { ...plain, metadata: { ...plain.metadata, annotations } }
    const first = await api.create(mirror)
    const harness = await api.watch(t)
    assert.deepEqual(relationsOf(await harness.state(hash)), ['n OWNS this', 'this RUNS_ON n'])

    const inPod = { kind: 'Pod', name: 'etcd-n', namespace: 'default' }
    await api.create(event('by-kubelet', { ...inPod, uid: hash }, 'BackOff', 1))
    await api.create(event('by-controller', { ...inPod, uid: first.metadata.uid }, 'NodeNotReady', 1))
    await api.create(endpointSlice('etcd-x', 'etcd', [{ name: 'etcd-n', uid: first.metadata.uid }]))
    const { relations } = await harness.state('etcd-x')
    const events = await Promise.all(
      ['BackOff', 'NodeNotReady'].map((reason) =>
        harness.event('kubernetes-event', 'etcd-n', ({ fields }) => fields.reason === reason),
      ),
    )
    assert.deepEqual([relations[0]?.to?.key, ...events.map(({ object }) => object.key)], [hash, hash, hash])

    await harness.stop()
    await api.remove('pod', 'etcd-n')
    const second = await api.create({ ...mirror, metadata: { ...mirror.metadata, labels: { made: 'anew' } } })
    assert.notEqual(second.metadata.uid, first.metadata.uid)
    await harness.start()
    await harness.state(hash, ({ body }) => (body.labels as string[]).includes('made=anew'))
    await api.remove('pod', 'etcd-n')
    await harness.state(hash, ({ deleted }) => deleted === true)
    await api.create(mirror)
    const last = await harness.state(
      hash,
      ({ body }) => (body.labels as string[] | undefined)?.includes('app=x') === true,
    )
    const versions = harness.states(hash).map(({ version }) => version)
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    )
    assert.equal(harness.states(hash).at(-1), last)
    const keys = harness.emitted.flatMap((each) =>
      each.type === 'state' && each.object.kind === 'Pod' ? each.object.key : [],
    )
    assert.deepEqual(new Set(keys), new Set([hash]))

    await harness.stop()
    await api.remove('pod', 'etcd-n')
    await harness.start()
    await harness.state(hash, ({ deleted, version }) => deleted === true && version > last.version)
    assert.deepEqual(harness.events('pod-deleted', 'etcd-n'), [], 'a mirror that goes is no pod that does')
  })

  test('an endpoint that is seen before the mirror that it names by UID selects the static pod once that is seen', async (t) => {
    const group = 'rbac.authorization.k8s.io'
    const allow = (name: string, apiGroup: string, resource: string) =>
      api.apply([
        {
          ...{ apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name } },
          rules: [{ apiGroups: [apiGroup], resources: [resource], verbs: ['get', 'list', 'watch'] }],
        },
        {
          ...{ apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name } },
          roleRef: { apiGroup: group, kind: 'ClusterRole', name },
          subjects: [{ apiGroup: group, kind: 'User', name: 'late' }],
        },
      ])
    await allow('slices-alone', 'discovery.k8s.io', 'endpointslices')
    const owner = ownerOf('v1', 'Node', 'm', await api.create(node('m')))
    const annotations = { 'kubernetes.io/config.mirror': hash, 'kubernetes.io/config.hash': hash }
    const plain = pod('proxy-m', { owner, nodeName: 'm' })
    const { metadata } = await api.create({ ...plain, metadata: { ...plain.metadata, annotations } })
    await api.create(endpointSlice('proxy-x', 'proxy', [{ name: 'proxy-m', uid: metadata.uid }]))
    const harness = new Harness(api.server, 'late')
    t.after(() => harness.end())
    await harness.start('test', { refused: 500 })
    await harness.state('proxy-x', ({ relations }) => relations[0]?.to?.key === metadata.uid)
    await allow('pods-too', '', 'pods')
    await harness.state('proxy-x', ({ relations }) => relations[0]?.to?.key === hash)
    await api.remove('pod', 'proxy-m')
  })

  test('a pod that calls itself a mirror without being owned by a node keeps its own key', async (t) => {
    const annotations = { 'kubernetes.io/config.mirror': hash }
    const plain = pod('pretender', { nodeName: 'n' })
    const { metadata } = await api.create({ ...plain, metadata: { ...plain.metadata, annotations } })
    const harness = await api.watch(t)
    assert.equal((await harness.state('pretender')).object.key, metadata.uid)
  })
})
