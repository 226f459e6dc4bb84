import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { fromRfc3339, now, SECOND } from '../../../graph/model/time.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../../test/cluster/control-plane.ts'
import { Harness, relationsOf } from './testing/harness.ts'

interface Meta {
  metadata: { uid: string; creationTimestamp: string }
}

const at = (seconds: number): string => `2025-11-20T10:00:${String(seconds).padStart(2, '0')}Z`
const µs = (stamp: string): number => fromRfc3339(stamp)!

const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { zone: 'a' } } })

const pod = (name: string, more: { owner?: object; nodeName?: string } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: 'x' }, ...(more.owner && { ownerReferences: [more.owner] }) },
  spec: {
    ...(more.nodeName && { nodeName: more.nodeName }),
    containers: [{ name: 'app', image: 'shop/app:1', resources: { limits: { memory: '64Mi' } } }],
  },
})

const ownerOf = (apiVersion: string, kind: string, name: string, { metadata: { uid } }: Meta) => ({
  ...{ apiVersion, kind, name, uid },
  controller: true,
})

const template = { metadata: { labels: { app: 'x' } }, spec: pod('').spec }
const replicated = (kind: string, name: string, owner?: object) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'default', ...(owner && { ownerReferences: [owner] }) },
  spec: { replicas: 2, selector: { matchLabels: { app: 'x' } }, template },
})

const running = (id: string, startedAt: string, restartCount: number, lastState = {}) => ({
  containerStatuses: [
    {
      ...{ name: 'app', image: 'shop/app:1', imageID: 'sha256:1', ready: true, restartCount },
      containerID: `containerd://${id}`,
      state: { running: { startedAt } },
      lastState,
    },
  ],
})

const oomKilled = (id: string, startedAt: string, finishedAt: string) => ({
  terminated: { containerID: `containerd://${id}`, exitCode: 137, reason: 'OOMKilled', startedAt, finishedAt },
})

const ready = (status: 'True' | 'False', lastTransitionTime: string) => ({
  conditions: [
    { type: 'Ready', status, lastTransitionTime, ...(status === 'False' && { reason: 'ContainersNotReady' }) },
    { type: 'PodScheduled', status: 'True', lastTransitionTime: at(1) },
  ],
})

suite('the collector with a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let server: ApiServerOnly
  before(async () => {
    server = await startControlPlane()
  })
  after(() => server?.stop())

  const create = async (manifest: { kind: string; metadata: { name: string } }): Promise<Meta> => {
    await server.apply(manifest)
    return JSON.parse(await server.kubectl('get', manifest.kind, manifest.metadata.name, '-o', 'json'))
  }
  const setStatus = (kind: string, name: string, status: object) =>
    server.kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  const remove = (kind: string, ...names: string[]) =>
    server.kubectl('delete', kind, ...names, '--force', '--grace-period=0')

  /** A watcher that runs until the test ends; all that it emitted is checked against the model then. */
  const watch = async (t: TestContext, user?: string): Promise<Harness> => {
    const harness = new Harness(server, user)
    t.after(() => harness.end())
    await harness.start()
    return harness
  }

  test('states of what is there, with the owner chain, the node and the containers of a pod', async (t) => {
    const { metadata: nodeMeta } = await create(node('n1'))
    await setStatus('node', 'n1', {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'Hostname', address: 'n1' },
      ],
      nodeInfo: { machineID: 'machine-1', kubeletVersion: 'v1.34.2' },
    })
    const deployment = await create(replicated('Deployment', 'chain'))
    const replicaSet = await create(
      replicated('ReplicaSet', 'chain-1', ownerOf('apps/v1', 'Deployment', 'chain', deployment)),
    )
    const owner = ownerOf('apps/v1', 'ReplicaSet', 'chain-1', replicaSet)
    const { metadata: podMeta } = await create(pod('chain-1-a', { owner, nodeName: 'n1' }))
    await setStatus('pod', 'chain-1-a', {
      ...{
        phase: 'Running',
        podIPs: [{ ip: '10.1.0.5' }, { ip: 'fd00::5' }],
        podIP: '10.1.0.5',
        ...ready('True', at(4)),
      },
      ...running('bb', at(3), 1, oomKilled('aa', at(1), at(2))),
    })
    const harness = await watch(t)

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

  test("a container's life, live: each fact once, whether it is seen in state or in lastState", async (t) => {
    const harness = await watch(t)
    await create(pod('life'))
    await setStatus('pod', 'life', { phase: 'Pending', ...ready('False', at(1)) })
    await setStatus('pod', 'life', { phase: 'Running', ...ready('False', at(1)), ...running('l1', at(2), 0) })
    await setStatus('pod', 'life', { ...ready('True', at(3)) })
    const status = running('l1', at(2), 0).containerStatuses[0]
    await setStatus('pod', 'life', {
      ...ready('False', at(5)),
      containerStatuses: [{ ...status, ready: false, state: oomKilled('l1', at(2), at(5)) }],
    })
    const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } }
    await setStatus('pod', 'life', {
      containerStatuses: [
        { ...status, ready: false, restartCount: 1, state: waiting, lastState: oomKilled('l1', at(2), at(5)) },
      ],
    })
    await setStatus('pod', 'life', {
      ...ready('True', at(7)),
      ...running('l2', at(6), 1, oomKilled('l1', at(2), at(5))),
    })
    await harness.event('container-started', 'life', ({ object }) => object.key === 'l2')
    await harness.event('pod-ready-changed', 'life', ({ at: time }) => time === µs(at(7)))
    assert.deepEqual(
      harness.emitted.flatMap((o) =>
        o.type === 'event' && o.pod?.name === 'life' ? [`${o.kind} ${o.object.key.slice(0, 2)}`] : [],
      ),
      [
        `pod-created ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        'container-started l1',
        ...['pod-ready-changed', 'pod-ready-changed'].map(
          (kind) => `${kind} ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        ),
        'container-terminated l1',
        `container-waiting ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        `pod-ready-changed ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        'container-started l2',
      ],
    )
    const [terminated] = harness.events('container-terminated', 'life')
    assert.equal(terminated?.fields.restartCount, 0)
    const [back] = harness.events('container-waiting', 'life')
    assert.deepEqual([back?.object.kind, back?.containerName, back?.fields.reason], ['Pod', 'app', 'CrashLoopBackOff'])
    assert.ok(back!.at >= µs(at(5)) && back!.at + back!.uncertainty <= back!.observedAt)
    const live = harness.states('life').slice(1)
    assert.ok(live.every(({ uncertainty }) => uncertainty === 0))
  })

  test('only what changed in body or relations is sent again', async (t) => {
    await create(pod('quiet'))
    const harness = await watch(t)
    await harness.state('quiet')
    await server.kubectl('annotate', 'pod', 'quiet', 'note=1')
    await server.kubectl('label', 'pod', 'quiet', 'marked=yes')
    await harness.state('quiet', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    assert.equal(harness.states('quiet').length, 2)
    const [progress] = harness.watcher.progress()
    assert.ok(progress!.counters!['states.unchanged']! >= 1)
  })

  test('a name without its object is a placeholder, until it appears or is replaced', async (t) => {
    const harness = await watch(t)
    const { metadata } = await create(pod('early', { nodeName: 'late' }))
    const first = await harness.state('early')
    assert.deepEqual(first.relations, [
      { kind: 'RUNS_ON', to: { kind: 'Node', key: 'missing/Node//late', name: 'late', missing: true } },
    ])
    const keyOf = (uid: string) => harness.state('early', ({ relations }) => relations[0]?.to?.key === uid)
    const { metadata: late } = await create(node('late'))
    await keyOf(late.uid)
    await remove('node', 'late')
    await harness.state('late', ({ deleted }) => deleted === true)
    // The pod ran on that node, whatever is told of the pod afterwards.
    await server.kubectl('label', 'pod', 'early', 'marked=yes')
    const after = await harness.state('early', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    assert.equal(after.relations[0]?.to?.key, late.uid)
    const { metadata: again } = await create(node('late'))
    const last = await keyOf(again.uid)
    assert.deepEqual([last.object.key, last.version > first.version], [metadata.uid, true])
  })

  test('deletion is a tombstone; the same name again is another object', async (t) => {
    const harness = await watch(t)
    const { metadata: one } = await create(pod('phoenix'))
    await harness.state(one.uid)
    await remove('pod', 'phoenix')
    const { metadata: two } = await create(pod('phoenix'))
    await harness.state(two.uid)
    const tombstone = await harness.state(one.uid, ({ deleted }) => deleted === true)
    assert.deepEqual([tombstone.inferred, tombstone.relations, tombstone.body], [undefined, [], {}])
    assert.ok(tombstone.version > harness.states(one.uid)[0]!.version)
  })

  test('what vanished while the collector was away is deleted by inference', async (t) => {
    const harness = await watch(t)
    const { metadata } = await create(pod('vanishing'))
    await harness.state('vanishing')
    await harness.stop()
    await remove('pod', 'vanishing')
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

  test('endpoints select pods, ready or not; the Service is found by its name', async (t) => {
    const harness = await watch(t)
    const { metadata } = await create(pod('endpoint'))
    const endpoint = (ready?: boolean) => ({
      addresses: ['10.1.0.9'],
      conditions: ready === undefined ? {} : { ready },
      targetRef: { kind: 'Pod', name: 'endpoint', namespace: 'default', uid: metadata.uid },
    })
    const slice = (endpoints: object[]) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints,
    })
    await create(slice([endpoint(false)]))
    assert.deepEqual(relationsOf(await harness.state('web-1')), ['missing web SELECTS endpoint'])
    await create({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' } },
      ...{ spec: { selector: { app: 'x' }, ports: [{ port: 80 }] } },
    } as never)
    const resolved = await harness.state('web-1', ({ relations }) => !relations[0]?.from?.missing)
    assert.equal(resolved.relations[0]?.from?.key, (await harness.state('web')).object.key)
    assert.deepEqual(resolved.relations[0]?.properties, { ready: false })
    await create(slice([endpoint()]))
    const ready = await harness.state('web-1', ({ body }) => body.readyEndpoints === 1)
    assert.deepEqual(ready.relations[0]?.properties, { ready: true })
    assert.equal(relationsOf(await harness.state('web')).length, 1)
  })

  test('conditions of a node, and its Events, which name it by its name', async (t) => {
    const { metadata } = await create(node('sick'))
    const condition = (status: string, lastTransitionTime: string) => ({
      conditions: [{ type: 'Ready', status, lastTransitionTime, reason: 'KubeletNotReady', message: 'PLEG' }],
    })
    await setStatus('node', 'sick', condition('True', at(1)))
    const harness = await watch(t)
    await harness.event('node-condition-changed', 'sick')
    await setStatus('node', 'sick', condition('False', at(9)))
    const {
      at: time,
      object,
      fields,
    } = await harness.event('node-condition-changed', 'sick', ({ fields }) => fields.status === 'False')
    assert.deepEqual([time, object.key], [µs(at(9)), metadata.uid])
    assert.deepEqual(fields, {
      ...{ condition: 'Ready', status: 'False', previous: 'True' },
      ...{ reason: 'KubeletNotReady', message: 'PLEG' },
    })
    await create(event('sick.1', { kind: 'Node', name: 'sick', uid: 'sick' }, 'NodeNotReady', 1))
    assert.equal((await harness.event('kubernetes-event', 'sick')).object.key, metadata.uid)
  })

  const event = (name: string, involvedObject: object, reason: string, count: number, more: object = {}) => ({
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: 'default' }, involvedObject, reason, count },
    ...{ type: 'Normal', message: 'words', source: { component: 'kubelet' } },
    ...{ firstTimestamp: at(1), lastTimestamp: at(count) },
    ...more,
  })

  test('Events of the API: each count once, as an interval, without what states tell', async (t) => {
    const { metadata } = await create(pod('eventful'))
    const about = { kind: 'Pod', name: 'eventful', namespace: 'default', uid: metadata.uid }
    const inApp = { ...about, fieldPath: 'spec.containers{app}' }
    const harness = await watch(t)
    await create(event('eventful.1', about, 'Scheduled', 1))
    await create(event('eventful.2', { kind: 'ConfigMap', name: 'x', namespace: 'default', uid: 'u' }, 'Odd', 1))
    await create(event('eventful.3', inApp, 'BackOff', 1, { type: 'Warning' }))
    const first = await harness.event('kubernetes-event', 'eventful')
    await create(event('eventful.3', inApp, 'BackOff', 5, { type: 'Warning' }))
    const fifth = await harness.event('kubernetes-event', 'eventful', ({ fields }) => fields.count === 5)
    assert.deepEqual([first.at, first.uncertainty], [µs(at(1)), SECOND])
    assert.deepEqual([fifth.at, fifth.uncertainty, fifth.containerName], [µs(at(1)), 5 * SECOND, 'app'])
    assert.deepEqual(fifth.fields, {
      ...{ reason: 'BackOff', eventType: 'Warning', message: 'words', count: 5 },
      ...{ lastAt: µs(at(5)), component: 'kubelet' },
    })
    assert.equal(harness.events('kubernetes-event', 'eventful').length, 2)
  })

  /** Defines a kind of owners, and makes one with three replicas. */
  const createCustom = async (group: string, kind: string, name: string) => {
    const singular = kind.toLowerCase()
    await create({
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: { name: `${singular}s.${group}` },
      spec: {
        ...{ group, scope: 'Namespaced', names: { plural: `${singular}s`, singular, kind } },
        versions: [
          {
            ...{ name: 'v1', served: true, storage: true },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    } as never)
    await server.kubectl('wait', '--for=condition=Established', `crd/${singular}s.${group}`)
    await server.apply({
      ...{ apiVersion: `${group}/v1`, kind, metadata: { name, namespace: 'default' } },
      ...{ spec: { replicas: 3 } },
    } as never)
    const resource = `${singular}s.${group}`
    const made: Meta = JSON.parse(await server.kubectl('get', resource, name, '-o', 'json'))
    return { resource, uid: made.metadata.uid, owner: ownerOf(`${group}/v1`, kind, name, made) }
  }

  test('kinds with the same plural are kept apart; owners of a custom kind that are all gone are deleted by inference', async (t) => {
    await create({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'plain', namespace: 'default' } },
      ...{ spec: { selector: { app: 'x' }, ports: [{ port: 80 }] } },
    } as never)
    const { resource, owner, uid } = await createCustom('serving.aitia.example', 'Service', 'served')
    await create(pod('served-a', { owner }))
    const harness = await watch(t)
    await harness.state('plain')
    await harness.state(uid)
    const away = async (work: () => Promise<unknown>) => {
      await harness.stop()
      await work()
      await harness.start()
    }
    // Met again by its pod: its first list holds no Service of the core.
    await away(() => remove(resource, 'served'))
    assert.equal((await harness.state(uid, ({ deleted }) => deleted === true)).inferred, true)
    await server.apply({
      ...{ apiVersion: owner.apiVersion, kind: 'Service', metadata: { name: 'lonely', namespace: 'default' } },
    } as never)
    const lonely = (await harness.state('lonely')).object.key
    // Owns nothing: known from the run before alone.
    await away(async () => {
      await remove('pod', 'served-a')
      await remove(resource, 'lonely')
    })
    assert.equal((await harness.state(lonely, ({ deleted }) => deleted === true)).inferred, true)
    assert.deepEqual(
      harness.emitted.filter((each) => each.type === 'state' && each.deleted && each.object.kind === 'Service'),
      [],
    )
  })

  test('a custom owner is watched once it is met; one that can not be stays a placeholder', async (t) => {
    const { owner, uid } = await createCustom('test.aitia.example', 'Rollout', 'canary')
    const harness = await watch(t)
    await create(pod('canary-a', { owner }))
    const state = await harness.state('canary')
    assert.deepEqual([state.object.key, state.object.workloadKind], [uid, 'Rollout'])
    assert.deepEqual([state.body.replicas, state.body.readyReplicas], [3, 0])
    const lacking = { apiVersion: 'none.example/v1', kind: 'Ghost', name: 'ghost', uid: 'g', controller: true }
    await create(pod('haunted', { owner: lacking }))
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

  test('the watermark: nothing before the first lists, then it goes on, also in silence', async (t) => {
    const harness = await watch(t)
    assert.deepEqual(harness.watcher.progress(), [])
    await harness.until('progress', () => harness.watcher.progress().length === 1)
    const [first] = harness.watcher.progress()
    assert.ok(first!.since <= now() && first!.source === 'kubernetes@cluster')
    await harness.until('a watermark', () => harness.watcher.progress()[0]!.watermark !== null)
    const mark = harness.watcher.progress()[0]!.watermark!
    await harness.until('it to move', () => harness.watcher.progress()[0]!.watermark! > mark)
    assert.equal(harness.watcher.progress()[0]!.since, first!.since)
  })

  test('who may read nothing claims nothing, and says so', async (t) => {
    const harness = await watch(t, 'nobody')
    await harness.until('the refusals', () => harness.logged.filter((text) => text.includes('403')).length >= 12)
    assert.deepEqual([harness.watcher.progress(), harness.emitted], [[], []])
  })

  test('an API that is away at the start is waited for', async (t) => {
    const harness = new Harness(server)
    t.after(() => harness.end())
    harness.pointTo('https://127.0.0.1:1')
    await harness.start()
    assert.match(harness.logged.join(), /ECONNREFUSED/)
    harness.pointTo(server.url)
    await harness.state('kube-system')
  })

  test('a name that stands for another cluster is refused', async (t) => {
    const harness = await watch(t)
    await harness.stop()
    writeFileSync(join(harness.dataDir, 'clusters.json'), JSON.stringify({ test: 'another', other: 'x' }))
    await assert.rejects(harness.start(), /test stands for the cluster whose kube-system has UID another/)
    await harness.stop()
    await harness.start('third')
    await harness.state('third')
  })
})
