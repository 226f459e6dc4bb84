/** How much is sent: nothing for what only says that all is as it was. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { now } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import { at, node, pod, ready, replicated, running } from '../testing/manifests.ts'

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
})
