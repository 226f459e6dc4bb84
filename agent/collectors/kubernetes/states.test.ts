import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { SECOND } from '../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { relationsOf } from './testing/harness.ts'
import {
  at,
  endpointSlice,
  node,
  oomKilled,
  ownerOf,
  pod,
  ready,
  replicated,
  running,
  service,
  µs,
} from './testing/manifests.ts'

suite('states from a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('states of what is there, with the owner chain, the node and the containers of a pod', async (t) => {
    const { metadata: nodeMeta } = await api.create(node('n1'))
    await api.setStatus('node', 'n1', {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'Hostname', address: 'n1' },
      ],
      nodeInfo: { machineID: 'machine-1', kubeletVersion: 'v1.34.2' },
    })
    const deployment = await api.create(replicated('Deployment', 'chain'))
    const replicaSet = await api.create(
      replicated('ReplicaSet', 'chain-1', ownerOf('apps/v1', 'Deployment', 'chain', deployment)),
    )
    const owner = ownerOf('apps/v1', 'ReplicaSet', 'chain-1', replicaSet)
    const { metadata: podMeta } = await api.create(pod('chain-1-a', { owner, nodeName: 'n1' }))
    await api.setStatus('pod', 'chain-1-a', {
      ...{
        phase: 'Running',
        podIPs: [{ ip: '10.1.0.5' }, { ip: 'fd00::5' }],
        podIP: '10.1.0.5',
        ...ready('True', at(4)),
      },
      ...running('bb', at(3), 1, oomKilled('aa', at(1), at(2))),
    })
    const harness = await api.watch(t)

    const state = await harness.state('chain-1-a')
    assert.deepEqual(relationsOf(state), [
      'chain-1 OWNS this',
      'this HOLDS 10.1.0.5',
      'this HOLDS fd00::5',
      'this RUNS app',
      'this RUNS app',
      'this RUNS_ON n1',
    ])
    assert.deepEqual(state.body, {
      labels: ['app=x'],
      phase: 'Running',
      ready: true,
      nodeName: 'n1',
      podIps: ['10.1.0.5', 'fd00::5'],
      qosClass: 'Burstable',
      restartPolicy: 'Always',
      containers: ['app=main:67108864:1'],
    })
    const runsOn = state.relations.find(({ kind }) => kind === 'RUNS_ON')
    assert.deepEqual([runsOn?.to?.key, runsOn?.since], [nodeMeta.uid, µs(at(1))])
    const runs = state.relations.filter(({ kind }) => kind === 'RUNS')
    assert.deepEqual(
      runs.map(({ to, since, properties }) => [to?.key, since, properties]),
      [
        ['aa', µs(at(1)), { containerName: 'app', role: 'main' }],
        ['bb', µs(at(3)), { containerName: 'app', role: 'main' }],
      ],
    )
    assert.equal(state.uncertainty, state.at - µs(podMeta.creationTimestamp))
    assert.deepEqual(relationsOf(await harness.state('chain-1')), ['chain OWNS this'])
    const { body, object } = await harness.state('chain')
    assert.deepEqual([object.workloadKind, body.replicas, body.readyReplicas], ['Deployment', 2, 0])
    assert.deepEqual(relationsOf(await harness.state('n1')), ['this HOLDS 10.0.0.1', 'this ON n1'])
    assert.match(String((await harness.state('test')).body.version), /^v1\.34/)

    const terminated = await harness.event('container-terminated', 'chain-1-a')
    assert.deepEqual(terminated, {
      type: 'event',
      kind: 'container-terminated',
      id: 'container-terminated/aa',
      at: µs(at(2)),
      uncertainty: SECOND,
      observedAt: terminated.observedAt,
      source: 'kubernetes@cluster',
      object: { kind: 'Container', key: 'aa', name: 'app', namespace: 'default' },
      pod: { kind: 'Pod', key: podMeta.uid, name: 'chain-1-a', namespace: 'default' },
      containerName: 'app',
      workloadName: 'chain',
      fields: {
        ...{ reason: 'OOMKilled', exitCode: 137, startedAt: µs(at(1)), finishedAt: µs(at(2)) },
        ...{ restartCount: 0, role: 'main' },
      },
    })
    assert.deepEqual(
      harness.events('container-started', 'chain-1-a').map(({ id, at, fields }) => [id, at, fields.restartCount]),
      [
        ['container-started/aa', µs(at(1)), 0],
        ['container-started/bb', µs(at(3)), 1],
      ],
    )
    assert.equal((await harness.event('pod-created', 'chain-1-a')).at, µs(podMeta.creationTimestamp))
  })

  test('only what changed in body or relations is sent again', async (t) => {
    await api.create(pod('quiet'))
    const harness = await api.watch(t)
    await harness.state('quiet')
    await api.kubectl('annotate', 'pod', 'quiet', 'note=1')
    await api.kubectl('label', 'pod', 'quiet', 'marked=yes')
    await harness.state('quiet', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    assert.equal(harness.states('quiet').length, 2)
    const [progress] = harness.watcher.progress()
    assert.ok(progress!.counters!['states.unchanged']! >= 1)
  })

  test('a name without its object is a placeholder, until it appears or is replaced', async (t) => {
    const harness = await api.watch(t)
    const { metadata } = await api.create(pod('early', { nodeName: 'late' }))
    const first = await harness.state('early')
    assert.deepEqual(first.relations, [
      { kind: 'RUNS_ON', to: { kind: 'Node', key: 'missing/Node//late', name: 'late', missing: true } },
    ])
    const keyOf = (uid: string) => harness.state('early', ({ relations }) => relations[0]?.to?.key === uid)
    const { metadata: late } = await api.create(node('late'))
    await keyOf(late.uid)
    await api.remove('node', 'late')
    await harness.state('late', ({ deleted }) => deleted === true)
    // The pod ran on that node, whatever is told of the pod afterwards.
    await api.kubectl('label', 'pod', 'early', 'marked=yes')
    const after = await harness.state('early', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    assert.equal(after.relations[0]?.to?.key, late.uid)
    const { metadata: again } = await api.create(node('late'))
    const last = await keyOf(again.uid)
    assert.deepEqual([last.object.key, last.version > first.version], [metadata.uid, true])
  })

  test('endpoints select pods, ready or not; the Service is found by its name', async (t) => {
    const harness = await api.watch(t)
    const { metadata } = await api.create(pod('endpoint'))
    const slice = (ready?: boolean) =>
      endpointSlice('web-1', 'web', [{ name: 'endpoint', uid: metadata.uid, ...(ready !== undefined && { ready }) }])
    await api.create(slice(false))
    assert.deepEqual(relationsOf(await harness.state('web-1')), ['missing web SELECTS endpoint'])
    await api.create(service('web'))
    const resolved = await harness.state('web-1', ({ relations }) => !relations[0]?.from?.missing)
    assert.equal(resolved.relations[0]?.from?.key, (await harness.state('web')).object.key)
    assert.deepEqual(resolved.relations[0]?.properties, { ready: false })
    await api.create(slice())
    const ready = await harness.state('web-1', ({ body }) => body.readyEndpoints === 1)
    assert.deepEqual(ready.relations[0]?.properties, { ready: true })
    assert.equal(relationsOf(await harness.state('web')).length, 1)
  })

  test('a custom owner is watched once it is met; one that can not be stays a placeholder', async (t) => {
    const { owner, uid } = await api.createCustom('test.aitia.example', 'Rollout', 'canary')
    const harness = await api.watch(t)
    await api.create(pod('canary-a', { owner }))
    const state = await harness.state('canary')
    assert.deepEqual([state.object.key, state.object.workloadKind], [uid, 'Rollout'])
    assert.deepEqual([state.body.replicas, state.body.readyReplicas], [3, 0])
    const lacking = { apiVersion: 'none.example/v1', kind: 'Ghost', name: 'ghost', uid: 'g', controller: true }
    await api.create(pod('haunted', { owner: lacking }))
    assert.deepEqual((await harness.state('haunted')).relations, [
      {
        kind: 'OWNS',
        from: { kind: 'Workload', key: 'g', name: 'ghost', workloadKind: 'Ghost', namespace: 'default' },
      },
    ])
    await harness.until('the kind to be given up', () =>
      harness.logged.some((text) => text.includes('none.example/v1 Ghost')),
    )
  })
})
