/** How much is sent: nothing for what only says that all is as it was. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { now } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import { at, node, plain, pod, ready, replicated, running } from '../testing/manifests.ts'

suite('heartbeats in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-node-lease' } })
  })
  after(() => api?.stop())

  test('of a kubelet: node status, Lease and probes; of a controller: a status that says the same', async (t) => {
    const lease = (renewed: number) => ({
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n', namespace: 'kube-node-lease' } },
      spec: {
        holderIdentity: 'n',
        leaseDurationSeconds: 40,
        renewTime: `${new Date(renewed).toISOString().slice(0, -1)}000Z`,
      },
    })
    const beat = async (count: number) => {
      const stamp = at(10 + count)
      const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: at(1) }
      await api.setStatus('node', 'n', { conditions: [{ ...condition, lastHeartbeatTime: stamp }] })
      await api.apply(lease(now() / 1000))
      const { conditions } = ready('True', at(2))
      await api.setStatus('pod', 'p', { conditions: conditions.map((each) => ({ ...each, lastProbeTime: stamp })) })
      const available = {
        type: 'Available',
        status: 'True',
        lastTransitionTime: at(2),
        lastUpdateTime: stamp,
        reason: 'r',
        message: `${count}`,
      }
      await api.setStatus('deployment', 'd', { observedGeneration: 1, collisionCount: count, conditions: [available] })
    }
    await api.create(node('n'))
    await api.create(pod('p', { nodeName: 'n' }))
    await api.create(replicated('Deployment', 'd'))
    await api.setStatus('pod', 'p', { phase: 'Running', ...ready('True', at(2)), ...running('c1', at(2), 0) })
    await beat(0)
    const harness = await api.watch(t)
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    await harness.until('Leases', () => harness.states('n').some(({ object }) => object.kind === 'Lease'))
    // That it is renewed is told once.
    await harness.event('node-condition-changed', 'n', ({ fields }) => fields.condition === 'Lease')
    const unchanged = () => harness.watcher.progress()[0]!.counters!['states.unchanged'] ?? 0
    const [sent, seen] = [harness.emitted.length, unchanged()]
    for (let count = 1; count <= 5; count++) await beat(count)
    await harness.until('all heartbeats', () => unchanged() >= seen + 20)
    assert.deepEqual(harness.emitted.slice(sent), [])
  })

  test('of who writes the time into a ConfigMap, or a status into a custom kind that counts it as a change', async (t) => {
    const { resource, owner } = await api.createCustom('flows.aitia.example', 'Flow', 'nightly')
    await api.create(pod('nightly-a', { owner }))
    const write = async (count: number) => {
      const annotations = { 'cluster-autoscaler.kubernetes.io/last-updated': at(count) }
      const leader = { 'control-plane.alpha.kubernetes.io/leader': `{"renewTime":"${at(count)}"}` }
      const status = plain('ConfigMap', 'autoscaler-status', {
        data: { status: `at ${at(count)}: ${'ok '.repeat(count)}` },
      })
      await api.apply({ ...status, metadata: { ...status.metadata, annotations } })
      const lock = plain('ConfigMap', 'lock')
      await api.apply({ ...lock, metadata: { ...lock.metadata, annotations: leader } })
      const phase = JSON.stringify({ status: { phase: `${count}` } })
      await api.kubectl('patch', resource, 'nightly', '--type=merge', '-p', phase)
    }
    await write(0)
    const harness = await api.watch(t)
    const { body } = await harness.state('autoscaler-status')
    assert.deepEqual(body, { labels: [], keys: ['status'], rewritten: true })
    const { body: nightly } = await harness.state('nightly')
    assert.equal(nightly.generation, undefined)
    const counters = () => harness.watcher.progress()[0]?.counters ?? {}
    const told = () => {
      const names = ['autoscaler-status', 'lock', 'nightly']
      return harness.emitted.filter((each) => 'object' in each && names.includes(each.object.name ?? ''))
    }
    const [before, seen] = [told(), counters()['states.unchanged'] ?? 0]
    for (let count = 1; count <= 5; count++) await write(count)
    await harness.until('all writes', () => (counters()['states.unchanged'] ?? 0) >= seen + 15)
    assert.deepEqual(told(), before)
    assert.equal(counters()['omitted.configs.rewritten'], 6)
    const generation = await api.kubectl('get', resource, 'nightly', '-o', 'jsonpath={.metadata.generation}')
    assert.ok(Number(generation) > 5, 'each write of the status is counted')
  })

  test('a ConfigMap that is rewritten by the clock no more is told of as others are', async (t) => {
    const lastUpdated = 'cluster-autoscaler.kubernetes.io/last-updated'
    const status = plain('ConfigMap', 'left', { data: { status: '1' } })
    await api.create({ ...status, metadata: { ...status.metadata, annotations: { [lastUpdated]: at(1) } } })
    const harness = await api.watch(t)
    await harness.state('left', ({ body }) => body.rewritten === true)
    const set = (data: object, annotation: string | null) =>
      api.kubectl(
        ...['patch', 'configmap', 'left', '--type=merge', '-p'],
        JSON.stringify({ data, metadata: { annotations: { [lastUpdated]: annotation } } }),
      )
    await set({ status: '2' }, null)
    const { body } = await harness.state('left', ({ body }) => body.digest !== undefined)
    assert.deepEqual([body.bytes, body.rewritten], [1, undefined])
    await set({ status: '3' }, null)
    const event = await harness.event('config-changed', 'left')
    assert.deepEqual([event.fields.changed, event.fields.before], [['status'], body.digest])
    await set({ status: '4' }, at(2))
    await harness.state('left', ({ body }) => body.rewritten === true && body.digest === undefined)
    assert.equal(harness.events('config-changed', 'left').length, 1)
  })
})
