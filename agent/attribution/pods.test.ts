import assert from 'node:assert/strict'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import type { EventObservation, StateObservation } from '../../graph/model/observation.ts'
import { problemsOf } from '../../graph/model/validate.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../test/cluster/control-plane.ts'
import { contextKeyOf } from './context.ts'
import { enrich } from './context-enrich.ts'
import { type Attributed, NodePods } from './pods.ts'

const bootId = 'boot-1'
const hash = '0123456789abcdef0123456789abcdef'

suite('attribution with a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let server: ApiServerOnly
  before(async () => {
    server = await startControlPlane()
    for (const [name, bootID] of [
      ['own', bootId],
      ['other', 'boot-2'],
    ] as const) {
      await server.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
      await setStatus('node', name, { nodeInfo: { bootID } })
    }
  })
  after(() => server?.stop())

  const setStatus = (kind: string, name: string, status: object) =>
    server.kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  const create = async (manifest: { kind: string; metadata: { name: string } }): Promise<string> => {
    await server.apply(manifest)
    return server.kubectl('get', manifest.kind, manifest.metadata.name, '-o', 'jsonpath={.metadata.uid}')
  }
  const owned = (apiVersion: string, kind: string, name: string, uid: string) => ({
    ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
  })
  const pod = (name: string, nodeName: string, metadata: object = {}) => ({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name, namespace: 'default', ...metadata },
    spec: {
      nodeName,
      initContainers: [{ name: 'helper', image: 'helper:1', restartPolicy: 'Always' }],
      containers: [{ name: 'app', image: 'app:1', resources: { limits: { memory: '64Mi', cpu: '250m' } } }],
    },
  })
  const replicated = (kind: string, name: string, metadata: object = {}) => ({
    ...{ apiVersion: 'apps/v1', kind, metadata: { name, namespace: 'default', ...metadata } },
    spec: {
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: pod('', '').spec },
    },
  })
  const running = (id: string) => ({
    phase: 'Running',
    containerStatuses: [
      {
        ...{ name: 'app', image: 'app:1', imageID: 'sha256:1', ready: true, restartCount: 2 },
        ...{ containerID: `containerd://${id}`, state: { running: { startedAt: '2025-11-20T10:00:00Z' } } },
        lastState: { terminated: { containerID: 'containerd://before', exitCode: 137 } },
      },
    ],
  })

  const watch = (t: TestContext, nodeName?: string): NodePods => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(server.kubeconfig)
    const log = { warn: (message: string) => t.diagnostic(message) }
    const annotationPrefixes = ['team.example/']
    const pods = new NodePods({
      kubeConfig,
      annotationPrefixes,
      bootId,
      log,
      ...(nodeName !== undefined && { nodeName }),
    })
    t.after(() => pods.stop())
    pods.start()
    return pods
  }
  const found = async (find: () => Attributed | undefined | false): Promise<Attributed> => {
    for (const end = Date.now() + 30_000; ; await sleep(20)) {
      const attributed = find()
      if (attributed) return attributed
      if (Date.now() > end) throw new Error('not attributed in 30 s')
    }
  }

  test('a container gets its names, its owner chain and its context', async (t) => {
    const deployment = await create(replicated('Deployment', 'shop'))
    const owner = owned('apps/v1', 'Deployment', 'shop', deployment)
    const replicaSet = await create(replicated('ReplicaSet', 'shop-1', owner))
    const labels = { labels: { app: 'x' }, annotations: { 'team.example/long': 'x'.repeat(5_000), note: 'n' } }
    const uid = await create(
      pod('shop-1-a', 'own', { ...labels, ...owned('apps/v1', 'ReplicaSet', 'shop-1', replicaSet) }),
    )
    await setStatus('pod', 'shop-1-a', running('c1'))
    const pods = watch(t)
    const whole = () => {
      const attributed = pods.find(uid, 'c1')
      return attributed?.context.restartCount === 2 && attributed.workloadName !== undefined && attributed
    }
    const { context, contextKey, ...names } = await found(whole)
    assert.deepEqual(names, {
      ...{ podName: 'shop-1-a', namespace: 'default', containerName: 'app', workloadName: 'shop' },
    })
    assert.deepEqual(context.owners, [
      { kind: 'ReplicaSet', name: 'shop-1', uid: replicaSet },
      { kind: 'Deployment', name: 'shop', uid: deployment },
    ])
    const { memoryLimit, cpuLimit, containerRole, phase, nodeName, annotations } = context
    assert.deepEqual(
      [memoryLimit, cpuLimit, containerRole, phase, nodeName],
      [67_108_864, 250, 'main', 'Running', 'own'],
    )
    assert.deepEqual(
      [Object.keys(annotations), annotations['team.example/long']?.length],
      [['team.example/long'], 1024],
    )
    assert.equal(contextKey, contextKeyOf({ ...context }))
    assert.equal(pods.find(uid, 'c1'), pods.find(uid, 'c1'), 'built once')
    assert.equal(pods.find(uid, 'before')?.containerName, 'app')
    assert.equal(pods.find(uid, 'unknown', 'helper')?.context.containerRole, 'sidecar')
    assert.equal(pods.find(uid)?.containerName, undefined)
    assert.equal(pods.find('no-such-pod'), undefined)
  })

  test('only the pods of its own node are held, whether it is named or found by the boot id', async (t) => {
    const there = await create(pod('there', 'own'))
    const elsewhere = await create(pod('elsewhere', 'other'))
    for (const nodeName of ['own', undefined]) {
      const pods = watch(t, nodeName)
      await found(() => pods.find(there))
      assert.equal(pods.find(elsewhere), undefined)
    }
  })

  test('a deleted pod is still known for events that come late', async (t) => {
    const uid = await create(pod('brief', 'own'))
    const pods = watch(t)
    await found(() => pods.find(uid))
    await server.kubectl('delete', 'pod', 'brief', '--force', '--grace-period=0')
    const marker = await create(pod('marker', 'own'))
    await found(() => pods.find(marker))
    assert.equal(pods.find(uid)?.podName, 'brief')
  })

  test('a static pod is one by the hash that its kubelet gives it; its node is no workload', async (t) => {
    const node = await server.kubectl('get', 'node', 'own', '-o', 'jsonpath={.metadata.uid}')
    const annotations = { 'kubernetes.io/config.mirror': hash, 'kubernetes.io/config.hash': hash }
    const mirror = pod('static-own', 'own', { annotations, ...owned('v1', 'Node', 'own', node) })
    await create({ ...mirror, spec: { ...mirror.spec, initContainers: [] } } as typeof mirror)
    const pods = watch(t)
    const attributed = await found(() => pods.find(hash, 'c9', 'app'))
    const { workloadName, context } = attributed
    assert.deepEqual([context.podUid, workloadName, context.owners], [hash, undefined, []])

    const container = { kind: 'Container', key: 'c9' } as const
    const event: EventObservation<'memory-pressure'> = {
      ...{ type: 'event', kind: 'memory-pressure', id: 'e', at: 1, uncertainty: 0, observedAt: 1, source: 'ebpf@h' },
      ...{ host: 'h', object: container, pod: { kind: 'Pod', key: hash }, containerName: 'app' },
      fields: { reclaims: 1, stalled: 1, lastAt: 1 },
    }
    const state: StateObservation = {
      ...{ type: 'state', object: container, at: 1, version: 0, uncertainty: 0, source: 'ebpf@h', body: {} },
      ...{ pod: { kind: 'Pod', key: hash }, relations: [{ kind: 'RUNS', from: { kind: 'Pod', key: hash } }] },
    }
    const stranger = { ...event, id: 'f', pod: { kind: 'Pod', key: 'stranger' } as const }
    const ofPod = { ...event, id: 'g', object: { kind: 'Pod', key: hash }, unattributed: 'pod' } as const
    const { observations, contexts } = enrich([event, state, stranger, ofPod], pods)
    const ref = { kind: 'Pod', key: hash, name: 'static-own', namespace: 'default' }
    const [first, second, third, fourth] = observations as [
      EventObservation,
      StateObservation,
      EventObservation,
      EventObservation,
    ]
    assert.deepEqual([first.pod, first.containerName, second.pod, second.relations[0]?.from], [ref, 'app', ref, ref])
    assert.deepEqual([fourth.object, fourth.pod], [ref, ref])
    assert.deepEqual(new Set(Object.keys(contexts)), new Set([first.contextKey, fourth.contextKey]))
    assert.equal(third, stranger)
    for (const observation of observations) assert.deepEqual(problemsOf(observation), [])
  })
})
