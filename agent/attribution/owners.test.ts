/** Owners that the API does not tell: refused, gone, of another name's bearer; and for how long they are kept. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../test/cluster/control-plane.ts'
import { untilAllowed } from '../../test/cluster/rights.ts'
import { type Attributed, NodePods } from './pods.ts'
import { Owners } from './pods-owners.ts'
import { rightsLine } from './rights.ts'

const api = 'rbac.authorization.k8s.io'
/** What a witness of pods alone may do. */
const podsOnly = [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['list', 'watch'] }]
const owners = [{ apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: ['get'] }]

suite('owners of pods in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let server: ApiServerOnly
  before(async () => {
    server = await startControlPlane()
  })
  after(() => server?.stop())

  const configOf = (user?: string): KubeConfig => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(server.kubeconfig)
    if (user !== undefined) Object.assign(kubeConfig.users[0]!, { impersonateUser: user })
    return kubeConfig
  }
  /** The user may do this, from now on. */
  const allow = async (user: string, rules: readonly object[]): Promise<void> => {
    await server.apply([
      { apiVersion: `${api}/v1`, kind: 'ClusterRole', metadata: { name: user }, rules },
      {
        ...{ apiVersion: `${api}/v1`, kind: 'ClusterRoleBinding', metadata: { name: user } },
        roleRef: { apiGroup: api, kind: 'ClusterRole', name: user },
        subjects: [{ apiGroup: api, kind: 'User', name: user }],
      },
    ])
    await untilAllowed(server, user, ['watch', 'pods', '--all-namespaces'])
  }
  const create = async (manifest: { kind: string; metadata: { name: string } }): Promise<string> => {
    await server.apply(manifest)
    return server.kubectl('get', manifest.kind, manifest.metadata.name, '-o', 'jsonpath={.metadata.uid}')
  }
  const owned = (kind: string, name: string, uid: string, apiVersion = 'apps/v1') => ({
    ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
  })
  const containers = [{ name: 'app', image: 'app:1' }]
  const pod = (nodeName: string, name: string, metadata: object) => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', ...metadata } },
    spec: { nodeName, containers },
  })
  const replicated = (kind: string, name: string, metadata: object = {}) => ({
    ...{ apiVersion: 'apps/v1', kind, metadata: { name, namespace: 'default', ...metadata } },
    spec: {
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: { containers } },
    },
  })
  const definition = (kind: string, plural: string) => ({
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: `${plural}.aitia.example` },
    spec: {
      ...{ group: 'aitia.example', scope: 'Namespaced' },
      names: { plural, singular: kind.toLowerCase(), kind },
      versions: [
        {
          ...{ name: 'v1', served: true, storage: true },
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  })
  /** A pod below a ReplicaSet below a Deployment. */
  const shop = async (node: string, name: string): Promise<string> => {
    const deployment = await create(replicated('Deployment', name))
    const replicaSet = await create(replicated('ReplicaSet', `${name}-1`, owned('Deployment', name, deployment)))
    return create(pod(node, `${name}-1-a`, owned('ReplicaSet', `${name}-1`, replicaSet)))
  }
  const watch = (t: TestContext, nodeName: string, user?: string, refused = 200) => {
    const told: string[] = []
    const log = { warn: (message: string) => void told.push(message) }
    const options = { kubeConfig: configOf(user), nodeName, bootId: 'boot-1', log, timings: { refused } }
    const pods = new NodePods(options)
    t.after(() => pods.stop())
    pods.start()
    return { pods, told }
  }
  const found = async (find: () => Attributed | undefined | false): Promise<Attributed> => {
    for (;;) {
      const attributed = find()
      if (attributed) return attributed
      await sleep(20)
    }
  }
  const chainOf = ({ context: { owners, workloadName, workloadUid }, workloadName: own }: Attributed) => [
    owners.map(({ kind, name }) => `${kind} ${name}`),
    own,
    [workloadName, workloadUid],
  ]

  test('a ReplicaSet that may not be read is not the workload; once it may be, its Deployment is', async (t) => {
    await allow('half', podsOnly)
    const uid = await shop('n1', 'half')
    const { pods, told } = watch(t, 'n1', 'half')
    await found(() => pods.find(uid))
    // Each look asks again for what it may ask for.
    await found(() => pods.find(uid) && pods.refused >= 3 && pods.find(uid))
    assert.deepEqual(chainOf(pods.find(uid)!), [['ReplicaSet half-1'], undefined, [undefined, undefined]])
    assert.equal(told.length, 1)
    assert.match(
      told[0]!,
      /^attribution: apps\/v1 ReplicaSet: .* got 403 .* stay unknown until the role allows to get it$/,
    )
    const { state, detail } = await rightsLine(configOf('half'))
    assert.equal(state, 'degraded')
    assert.match(
      detail,
      /^not allowed to get replicasets, get deployments, get statefulsets, get daemonsets, get jobs,/,
    )

    await allow('half', [...podsOnly, ...owners])
    const whole = await found(() => pods.find(uid)?.workloadName !== undefined && pods.find(uid))
    assert.deepEqual(chainOf(whole).slice(0, 2), [['ReplicaSet half-1', 'Deployment half'], 'half'])
    assert.equal(told.length, 1)
  })

  test('owners of a pod that is there are kept, however many come and go meanwhile', async (t) => {
    const stop = new AbortController()
    t.after(() => stop.abort())
    const owners = new Owners({ kubeConfig: configOf(), stop: stop.signal, log: { warn() {} }, refused: 600_000 })
    const deployment = await create(replicated('Deployment', 'quiet'))
    const uid = await create(replicated('ReplicaSet', 'quiet-1', owned('Deployment', 'quiet', deployment)))
    const quiet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'quiet-1', uid }
    while (!owners.chain(quiet, 'default').whole) await sleep(20)
    const nobody = { apiVersion: 'nobody.example/v1', kind: 'Nobody' }
    for (let count = 0; count < 5_000; count++)
      owners.chain({ ...nobody, name: `n-${count}`, uid: randomUUID() }, 'default')
    const names = () => owners.chain(quiet, 'default').owners.map(({ name }) => name)
    assert.deepEqual(names(), ['quiet-1', 'quiet'])
    owners.keepOnly([undefined, quiet])
    assert.deepEqual(names(), ['quiet-1', 'quiet'])
    owners.keepOnly([])
    assert.deepEqual(names(), ['quiet-1'], 'asked for anew')
  })

  test('owners of pods that are gone are forgotten with them', async (t) => {
    const gets = async () => {
      const metrics = await server.kubectl('get', '--raw', '/metrics')
      const counts = metrics.matchAll(/^apiserver_request_total\{.*resource="replicasets",.*verb="GET".*\} (\d+)$/gm)
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
    }
    const [stays, goes] = [await shop('n6', 'stays'), await shop('n6', 'goes')]
    const { pods } = watch(t, 'n6')
    const isWhole = (uid: string) => found(() => pods.find(uid)?.workloadName !== undefined && pods.find(uid))
    for (const uid of [stays, goes]) await isWhole(uid)
    await server.kubectl('delete', 'pod', 'goes-1-a', '--force', '--grace-period=0')
    /** Until all that was written before has been seen. */
    const seen = async (name: string) => {
      const uid = await create(pod('n6', name, {}))
      await found(() => pods.find(uid))
    }
    await seen('after')
    const steady = performance.now.bind(performance)
    t.mock.method(performance, 'now', () => steady() + 61_000)
    await seen('a-minute-later')
    assert.equal(pods.find(goes), undefined)
    const before = await gets()
    for (const name of ['stays', 'goes']) {
      const uid = await server.kubectl(
        'get',
        'rs',
        '-o',
        `jsonpath={.items[?(@.metadata.name=="${name}-1")].metadata.uid}`,
      )
      await isWhole(await create(pod('n6', `${name}-1-b`, owned('ReplicaSet', `${name}-1`, uid))))
    }
    assert.equal((await gets()) - before, 1, 'that of the pod that went')
  })

  test('what is refused once is not asked for again for each owner of its kind', async (t) => {
    await allow('many', podsOnly)
    const first = await shop('n2', 'first')
    const { pods } = watch(t, 'n2', 'many', 600_000)
    await found(() => pods.find(first))
    while (pods.refused === 0) await sleep(20)
    const { refused } = pods
    for (const name of ['second', 'third']) {
      const uid = await shop('n2', name)
      await found(() => pods.find(uid))
      assert.deepEqual(chainOf(pods.find(uid)!), [[`ReplicaSet ${name}-1`], undefined, [undefined, undefined]])
    }
    await sleep(500)
    assert.equal(pods.refused, refused)
  })

  test('an owner that is gone leaves the workload open, also where another has its name', async (t) => {
    const other = await create(replicated('Deployment', 'other'))
    await create(replicated('ReplicaSet', 'again', owned('Deployment', 'other', other)))
    const uids = [
      await create(pod('n3', 'orphan', owned('ReplicaSet', 'nowhere', randomUUID()))),
      await create(pod('n3', 'again-a', owned('ReplicaSet', 'again', randomUUID()))),
    ]
    const { pods, told } = watch(t, 'n3')
    for (const uid of uids) await found(() => pods.find(uid))
    const last = await shop('n3', 'last')
    await found(() => pods.find(last)?.workloadName !== undefined && pods.find(last))
    await sleep(500)
    assert.deepEqual(
      uids.map((uid) => chainOf(pods.find(uid)!)),
      ['nowhere', 'again'].map((name) => [[`ReplicaSet ${name}`], undefined, [undefined, undefined]]),
    )
    assert.deepEqual(told, [])
  })

  test('a custom owner is found by ownerReferences alone; without a rule it counts as the top', async (t) => {
    await allow('custom', [...podsOnly, ...owners])
    await server.apply(definition('Canary', 'canaries'))
    await server.kubectl('wait', '--for=condition=Established', 'crd/canaries.aitia.example')
    const above = await create(replicated('Deployment', 'above'))
    const apiVersion = 'aitia.example/v1'
    const metadata = { name: 'staged', namespace: 'default', ...owned('Deployment', 'above', above) }
    const canary = await create({ apiVersion, kind: 'Canary', metadata } as {
      kind: string
      metadata: { name: string }
    })
    const replicaSet = await create(replicated('ReplicaSet', 'staged-1', owned('Canary', 'staged', canary, apiVersion)))
    const uid = await create(pod('n4', 'staged-1-a', owned('ReplicaSet', 'staged-1', replicaSet)))
    const { pods, told } = watch(t, 'n4', 'custom')
    const top = (name: string) => found(() => pods.find(uid)?.workloadName === name && pods.find(uid))
    const { context } = await top('staged')
    assert.deepEqual([context.workloadKind, context.workloadUid], ['Canary', canary])
    assert.match(
      told.join(),
      /aitia\.example\/v1 Canary: .* it counts as the top owner until the role allows to get it$/,
    )
    await allow('custom', [
      ...[...podsOnly, ...owners],
      { apiGroups: ['aitia.example'], resources: ['canaries'], verbs: ['get'] },
    ])
    assert.equal((await top('above')).context.owners.length, 3)
  })

  test('a custom owner of a kind or version that the API server does not have, or has no more, counts as the top', async (t) => {
    await server.apply(definition('Retired', 'retireds'))
    await server.kubectl('wait', '--for=condition=Established', 'crd/retireds.aitia.example')
    const { pods, told } = watch(t, 'n5')
    const below = (name: string, kind: string, apiVersion: string, uid: string = randomUUID()) =>
      create(pod('n5', name, owned(kind, `${name}-owner`, uid, apiVersion)))
    const isTop = (uid: string, kind: string) =>
      found(() => pods.find(uid)?.context.workloadKind === kind && pods.find(uid))
    await isTop(await below('version', 'Retired', 'gone.example/v1beta1'), 'Retired')
    await isTop(await below('kind', 'Nowhere', 'aitia.example/v1'), 'Nowhere')
    const metadata = { name: 'served-owner', namespace: 'default' }
    const manifest = { apiVersion: 'aitia.example/v1', kind: 'Retired', metadata }
    const served = await create(manifest)
    await isTop(await below('served', 'Retired', 'aitia.example/v1', served), 'Retired')
    assert.equal(told.length, 2)
    // Where the kind was found once does not hold for ever.
    await server.kubectl('delete', 'crd', 'retireds.aitia.example')
    await isTop(await below('later', 'Retired', 'aitia.example/v1'), 'Retired')
    assert.equal(told.length, 3)
    for (const text of told) assert.match(text, /it counts as the top owner until the API server has it$/)
    assert.equal(pods.refused, 0)
  })
})
