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

  test('a workload says how far its rollout has come, of which generation; what leaves that as it is sends nothing', async (t) => {
    const harness = await api.watch(t)
    await api.create(replicated('Deployment', 'rolling'))
    const bodyOf = async (observedGeneration: number | undefined) => {
      const { body } = await harness.state('rolling', (state) => state.body.observedGeneration === observedGeneration)
      const { replicas, readyReplicas, updatedReplicas, availableReplicas, generation } = body
      return [generation, replicas, updatedReplicas, readyReplicas, availableReplicas]
    }
    assert.deepEqual(await bodyOf(undefined), [1, 2, 0, 0, 0])
    const counts = { observedGeneration: 1, replicas: 3, updatedReplicas: 1, readyReplicas: 2 }
    const available = { type: 'Available', status: 'True', lastTransitionTime: at(1), reason: 'x', message: 'x' }
    const status = { ...counts, availableReplicas: 2, conditions: [{ ...available, lastUpdateTime: at(1) }] }
    await api.setStatus('deployment', 'rolling', status)
    assert.deepEqual(await bodyOf(1), [1, 2, 1, 2, 2])
    const unchanged = () => Number(harness.watcher.progress()[0]?.counters?.['states.unchanged'])
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    const before = unchanged()
    await api.setStatus('deployment', 'rolling', { conditions: [{ ...available, lastUpdateTime: at(9) }] })
    await harness.until('the sight of it', () => unchanged() > before)
    assert.equal(harness.states('rolling').length, 2)

    const daemons = replicated('DaemonSet', 'rolling-daemons')
    const { replicas: _, ...spec } = daemons.spec
    await api.create({ ...daemons, spec })
    await api.setStatus('daemonset', 'rolling-daemons', {
      ...{ observedGeneration: 1, currentNumberScheduled: 3, numberMisscheduled: 0, desiredNumberScheduled: 3 },
      ...{ numberReady: 2, numberAvailable: 1 },
    })
    const { body } = await harness.state('rolling-daemons', (state) => state.body.observedGeneration === 1)
    const { replicas, updatedReplicas, readyReplicas, availableReplicas } = body
    assert.deepEqual([replicas, updatedReplicas, readyReplicas, availableReplicas], [3, 0, 2, 1])
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
    assert.deepEqual([state.body.replicas, state.body.readyReplicas], [3, undefined])
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

  test('of a custom kind those that are available are ready, and what its status leaves out is not made up', async (t) => {
    const { resource, owner } = await api.createCustom('counts.aitia.example', 'Fleet', 'fleet')
    await api.create(pod('fleet-a', { owner }))
    const harness = await api.watch(t)
    for (const [status, ready, available] of [
      [{ replicas: 3, availableReplicas: 2, unavailableReplicas: 1 }, 2, 2],
      [{ readyReplicas: 3 }, 3, 2],
      [{ readyReplicas: null, availableReplicas: null }, undefined, undefined],
      [{ readyReplicas: 1 }, 1, undefined],
    ] as const) {
      await api.kubectl('patch', resource, 'fleet', '--type=merge', '-p', JSON.stringify({ status }))
      await harness.state('fleet', ({ body }) => body.readyReplicas === ready && body.availableReplicas === available)
    }
  })

  test('a Job wants what it would have run now: less towards its end, nothing once it is complete or suspended', async (t) => {
    const { template } = replicated('Job', '').spec
    const make = (name: string, spec: object) =>
      api.create({
        ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name } },
        spec: { ...spec, template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
      })
    const harness = await api.watch(t)
    const counts = (name: string, replicas: number, readyReplicas: number) =>
      harness.state(name, ({ body }) => body.replicas === replicas && body.readyReplicas === readyReplicas)
    const over = (...types: string[]) => ({
      ...{ active: 0, ready: 0 },
      conditions: types.map((type) => ({ type, status: 'True', reason: 'x', message: '', lastTransitionTime: at(9) })),
    })

    await make('migrate', { parallelism: 3, completions: 5 })
    await counts('migrate', 3, 0)
    await api.setStatus('job', 'migrate', { startTime: at(1), active: 3, ready: 3 })
    await counts('migrate', 3, 3)
    // The fourth has ended, and is not counted yet.
    const uncountedTerminatedPods = { succeeded: ['u'] }
    await api.setStatus('job', 'migrate', { succeeded: 3, active: 1, ready: 1, uncountedTerminatedPods })
    await counts('migrate', 1, 1)
    await api.setStatus('job', 'migrate', {
      ...{ succeeded: 4, completionTime: at(9), uncountedTerminatedPods: null },
      ...over('SuccessCriteriaMet', 'Complete'),
    })
    await counts('migrate', 0, 0)

    await make('queue', { parallelism: 2 })
    await api.setStatus('job', 'queue', { startTime: at(1), succeeded: 1, active: 1, ready: 1 })
    await counts('queue', 1, 1)

    await make('held', { suspend: true })
    await counts('held', 0, 0)

    // What it wanted never came.
    await make('failing', {})
    await api.setStatus('job', 'failing', { startTime: at(1), failed: 7, ...over('FailureTarget', 'Failed') })
    await harness.event('workload-unavailable', 'failing')
    await counts('failing', 1, 0)
  })

  test('what is odd or unknown goes through: fields of a custom owner, annotations', async (t) => {
    const { resource, owner } = await api.createCustom('odd.aitia.example', 'Widget', 'odd')
    const status = { conditions: { Ready: 'yes' }, observedGeneration: '3', readyReplicas: '2', updatedReplicas: 1.5 }
    const odd = { spec: { replicas: 'many', template: 7, selector: [null], updateStrategy: 'Sometimes' }, status }
    await api.kubectl('patch', resource, 'odd', '--type=merge', '-p', JSON.stringify(odd))
    await api.create(pod('odd-a', { owner }))
    const annotations = { 'later.example/100kB': 'x'.repeat(100_000), 'later.example/json': '{"a": [' }
    for (const plain of [service('odd-service'), replicated('Deployment', 'odd-deployment')])
      await api.create({ ...plain, metadata: { ...plain.metadata, annotations } })
    const harness = await api.watch(t)
    const { body, object } = await harness.state('odd')
    assert.deepEqual([object.workloadKind, body.replicas, body.readyReplicas], ['Widget', undefined, undefined])
    assert.deepEqual([body.updatedReplicas, body.observedGeneration], [undefined, undefined])
    assert.deepEqual(relationsOf(await harness.state('odd-a')).slice(0, 1), ['odd OWNS this'])
    await harness.state('odd-service')
    await harness.state('odd-deployment')
    await api.kubectl('annotate', 'service', 'odd-service', 'later.example/more=yes')
    await api.kubectl('label', 'service', 'odd-service', 'marked=yes')
    await harness.state('odd-service', (state) => String(state.body.labels).includes('marked=yes'))
    assert.equal(harness.states('odd-service').length, 2, 'of annotations nothing is sent')
  })
})
