import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { now, SECOND } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import { at, node, ownerOf, pod, ready, replicated, running, service } from '../testing/manifests.ts'

const secret = 'hunter2'

suite('changes of specs in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('a Deployment: image, scale and a variable, with who did it; nothing for its status', async (t) => {
    const harness = await api.watch(t)
    await api.create(replicated('Deployment', 'rolled'))
    await harness.state('rolled')
    const before = now()
    await api.kubectl('set', 'image', 'deployment/rolled', 'app=shop/app:2')
    const changed = await harness.event('spec-changed', 'rolled')
    assert.deepEqual(changed.fields, {
      ...{ paths: ['template.spec.containers[app].image'], before: ['shop/app:1'], after: ['shop/app:2'] },
      ...{ generation: 2, previousGeneration: 1, manager: 'kubectl-set' },
    })
    assert.ok(changed.at >= before - SECOND && changed.at <= changed.observedAt && changed.uncertainty === SECOND)
    await api.kubectl('scale', 'deployment/rolled', '--replicas=5')
    const scaled = await harness.event('spec-changed', 'rolled', ({ fields }) => fields.generation === 3)
    assert.deepEqual(
      [scaled.fields.paths, scaled.fields.before, scaled.fields.after, scaled.fields.subresource],
      [['replicas'], ['2'], ['5'], 'scale'],
    )
    await api.kubectl('set', 'env', 'deployment/rolled', `PASSWORD=${secret}`)
    const env = await harness.event('spec-changed', 'rolled', ({ fields }) => fields.generation === 4)
    assert.deepEqual(
      [env.fields.paths, env.fields.before, env.fields.after],
      [['template.spec.containers[app].env[PASSWORD]'], [''], ['kept back']],
    )
    await api.setStatus('deployment', 'rolled', { observedGeneration: 4, replicas: 5, readyReplicas: 1 })
    await harness.state('rolled', ({ body }) => body.readyReplicas === 1)
    assert.equal(harness.events('spec-changed', 'rolled').length, 3)
    assert.ok(!JSON.stringify(harness.emitted).includes(secret))
  })

  test('what changed while nobody watched is not told by whoever comes then', async (t) => {
    await api.create(replicated('Deployment', 'unseen'))
    const harness = await api.watch(t)
    await harness.state('unseen')
    await harness.stop()
    await api.kubectl('scale', 'deployment/unseen', '--replicas=5')
    await harness.start()
    await harness.state('unseen', ({ body }) => body.replicas === 5)
    assert.deepEqual(harness.events('spec-changed', 'unseen'), [])
  })

  test('a ReplicaSet that its Deployment scales is not told, one of nobody is; nor a Service, until it differs', async (t) => {
    const harness = await api.watch(t)
    const deployment = await api.create(replicated('Deployment', 'scaler'))
    await api.create(replicated('ReplicaSet', 'scaled', ownerOf('apps/v1', 'Deployment', 'scaler', deployment)))
    await api.create(replicated('ReplicaSet', 'free'))
    await api.create(service('door'))
    for (const name of ['scaled', 'free']) await api.kubectl('scale', `replicaset/${name}`, '--replicas=7')
    await api.kubectl('patch', 'service', 'door', '-p', JSON.stringify({ spec: { selector: { app: 'y' } } }))
    await harness.event('spec-changed', 'free')
    const { fields } = await harness.event('spec-changed', 'door')
    assert.deepEqual([fields.paths, fields.before, fields.after], [['selector.app'], ['x'], ['y']])
    assert.deepEqual(harness.events('spec-changed', 'scaled'), [])
  })

  test('a node: cordon and taints', async (t) => {
    const harness = await api.watch(t)
    await api.create(node('worker'))
    await api.kubectl('cordon', 'worker')
    await api.kubectl('taint', 'node', 'worker', 'dedicated=gpu:NoSchedule')
    await harness.event('spec-changed', 'worker', ({ fields }) => fields.paths[0] === 'taints[dedicated:NoSchedule]')
    assert.deepEqual(
      harness.events('spec-changed', 'worker').map(({ fields: { paths, before, after } }) => [paths, before, after]),
      [
        [['unschedulable'], [''], ['true']],
        [['taints[dedicated:NoSchedule]'], [''], ['gpu']],
      ],
    )
  })

  test('a pod: its image, and its resources where they are resized in place', async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('grown', { nodeName: 'n' }))
    // A kubelet that can resize tells what it has given.
    const [status] = running('g1', at(2), 0).containerStatuses
    const containerStatuses = [{ ...status, resources: { limits: { memory: '64Mi' } } }]
    await api.setStatus('pod', 'grown', { phase: 'Running', ...ready('True', at(2)), containerStatuses })
    const resources = { containers: [{ name: 'app', resources: { limits: { memory: '128Mi' } } }] }
    await api.kubectl(...['patch', 'pod', 'grown', '--subresource=resize', '-p'], JSON.stringify({ spec: resources }))
    const { fields, pod: about } = await harness.event('spec-changed', 'grown')
    assert.deepEqual(
      [fields.paths, fields.before, fields.after, fields.subresource],
      [['containers[app].resources.limits.memory'], ['64Mi'], ['128Mi'], 'resize'],
    )
    assert.equal(about?.name, 'grown')
    await api.kubectl('set', 'image', 'pod/grown', 'app=shop/app:9')
    const image = await harness.event('spec-changed', 'grown', ({ fields }) => fields.paths[0]!.endsWith('image'))
    assert.deepEqual([image.fields.before, image.fields.after], [['shop/app:1'], ['shop/app:9']])
  })
})
