import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { declared, relationsOf } from './testing/harness.ts'
import { claim, ownerOf, plain, pod, replicated, service } from './testing/manifests.ts'

suite('objects of a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('routes of an Ingress, each rule once; a Service that is gone is missing', async (t) => {
    const backend = (name: string, port: object) => ({ service: { name, port } })
    const path = (at: string, name: string, port: object) => ({
      path: at,
      pathType: 'Prefix',
      backend: backend(name, port),
    })
    await api.create(
      plain(
        'Ingress',
        'front',
        {
          spec: {
            ingressClassName: 'nginx',
            defaultBackend: backend('rest', { number: 80 }),
            rules: [
              {
                host: 'shop.example',
                http: { paths: [path('/', 'shop', { number: 80 }), path('/cart', 'shop', { name: 'http' })] },
              },
              { http: { paths: [path('/', 'shop', { number: 80 })] } },
            ],
            tls: [
              { hosts: ['shop.example'], secretName: 'shop-tls' },
              { hosts: ['www.shop.example'], secretName: 'shop-tls' },
            ],
          },
        },
        'networking.k8s.io/v1',
      ),
    )
    await api.setStatus('ingress', 'front', {
      loadBalancer: { ingress: [{ ip: '192.0.2.7' }, { hostname: 'lb.example' }] },
    })
    const harness = await api.watch(t)
    const state = await harness.state('front')
    assert.deepEqual(declared(state, 'ROUTES_TO'), [
      'missing rest {"port":"80"}',
      'missing shop {"host":"shop.example","path":"/","port":"80"}',
      'missing shop {"host":"shop.example","path":"/cart","port":"http"}',
      'missing shop {"path":"/","port":"80"}',
    ])
    assert.deepEqual(declared(state, 'USES'), ['missing shop-tls {"role":"tls"}'])
    assert.deepEqual(state.body, {
      ...{
        labels: [],
        ingressClass: 'nginx',
        tlsSecrets: ['shop-tls', 'shop-tls'],
        addresses: ['192.0.2.7', 'lb.example'],
      },
      rules: ['* -> rest:80', '*/ -> shop:80', 'shop.example/ -> shop:80', 'shop.example/cart -> shop:http'],
    })
    await api.create(plain('Secret', 'shop-tls'))
    await harness.state('front', (state) => declared(state, 'USES')[0] === 'shop-tls {"role":"tls"}')
    await api.create(service('shop'))
    const found = (count: number) =>
      harness.state(
        'front',
        ({ relations }) => relations.filter(({ to }) => to?.kind === 'Service' && !to.missing).length === count,
      )
    await found(3)
    await api.remove('service', 'shop')
    await harness.until('the Service to be missing', () => {
      const last = harness.states('front').at(-1)!
      const routes = last.relations.filter(({ kind }) => kind === 'ROUTES_TO')
      return harness.states('front').length === 4 && routes.every(({ to }) => to?.missing === true)
    })
  })

  test('Services of all types, with the addresses of both families that each has', async (t) => {
    const kinds: Record<string, object> = {
      usual: { selector: { app: 'x' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }] },
      none: { clusterIP: 'None', selector: { app: 'x' }, ports: [{ port: 80 }] },
      manual: { ports: [{ port: 5432 }] },
      elsewhere: { type: 'ExternalName', externalName: 'db.example' },
      node: { type: 'NodePort', selector: { app: 'x' }, ports: [{ port: 80 }] },
      public: { type: 'LoadBalancer', selector: { app: 'x' }, ports: [{ port: 443 }], externalIPs: ['192.0.2.10'] },
    }
    for (const [name, spec] of Object.entries(kinds)) await api.create(plain('Service', name, { spec }))
    await api.setStatus('service', 'public', {
      loadBalancer: { ingress: [{ ip: '2001:DB8:0::9' }, { ip: '192.0.2.9' }, { hostname: 'lb.example' }] },
    })
    const slice = (name: string, addressType: string, addresses: string[]) =>
      plain(
        'EndpointSlice',
        name,
        {
          metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'manual' } },
          addressType,
          endpoints: addresses.map((address, index) => ({ addresses: [address], conditions: { ready: index === 0 } })),
        },
        'discovery.k8s.io/v1',
      )
    await api.create(slice('manual-4', 'IPv4', ['198.51.100.1', '198.51.100.2']))
    await api.create(slice('manual-6', 'IPv6', ['2001:db8::1']))
    const harness = await api.watch(t)
    const held = async (name: string) =>
      (await harness.state(name)).relations.map(({ kind, to }) => `${kind} ${to?.key}`)
    const { body: usual, relations } = await harness.state('usual')
    assert.deepEqual(usual, {
      ...{ labels: [], serviceType: 'ClusterIP', clusterIps: [relations[0]!.to!.key] },
      ...{ selector: 'app=x', ports: ['http:80/TCP -> web'] },
    })
    assert.deepEqual((await harness.state('none')).body, {
      ...{ labels: [], serviceType: 'ClusterIP', headless: true, selector: 'app=x', ports: ['80/TCP -> 80'] },
    })
    assert.deepEqual(await held('none'), [])
    assert.equal((await harness.state('manual')).body.selector, undefined)
    const { body: elsewhere } = await harness.state('elsewhere')
    assert.deepEqual(elsewhere, { labels: [], serviceType: 'ExternalName', externalName: 'db.example' })
    assert.equal((await held('node')).length, 1)
    const { body } = await harness.state('public')
    assert.deepEqual(body.externalAddresses, ['2001:db8::9', '192.0.2.9', '192.0.2.10', 'lb.example'])
    assert.deepEqual((await held('public')).slice(1), ['HOLDS 2001:db8::9', 'HOLDS 192.0.2.9', 'HOLDS 192.0.2.10'])
    assert.deepEqual((await harness.state('manual-4')).body, {
      ...{ serviceName: 'manual', addressType: 'IPv4', endpoints: 2, readyEndpoints: 1 },
      addresses: ['198.51.100.1', '198.51.100.2 (not ready)'],
    })
    assert.deepEqual((await harness.state('manual-6')).body.addresses, ['2001:db8::1'])
  })

  test('a claim and its volume: bound to it once both say so, and to what is missing once it is gone', async (t) => {
    await api.apply({
      ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'csi.example' },
      metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      ...{ reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer', allowVolumeExpansion: true },
    })
    await api.create({
      ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv-1' } },
      spec: {
        ...{ accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' }, storageClassName: 'fast' },
        csi: { driver: 'csi.example', volumeHandle: 'vol-1' },
        claimRef: { namespace: 'default', name: 'bound' },
      },
    })
    await api.create(claim('bound', { volumeName: 'pv-1' }))
    const harness = await api.watch(t)
    assert.deepEqual(relationsOf(await harness.state('bound')), ['this USES fast'])
    await api.setStatus('pvc', 'bound', {
      phase: 'Bound',
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
    })
    await api.setStatus('pv', 'pv-1', { phase: 'Bound' })
    const bound = await harness.state('bound', ({ body }) => body.phase === 'Bound')
    const volume = await harness.state('pv-1', ({ body }) => body.phase === 'Bound')
    const { object: fast } = await harness.state('fast')
    assert.deepEqual(bound.relations, [
      { kind: 'BOUND_TO', to: volume.object },
      { kind: 'USES', to: fast },
    ])
    assert.deepEqual(bound.body, {
      ...{ labels: [], phase: 'Bound', storageClass: 'fast', volumeName: 'pv-1', requestedBytes: 2 ** 30 },
      ...{ capacityBytes: 2 ** 31, accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' },
    })
    assert.deepEqual(volume.body, {
      ...{ labels: [], phase: 'Bound', storageClass: 'fast', capacityBytes: 2 ** 31, accessModes: ['ReadWriteOnce'] },
      ...{ reclaimPolicy: 'Retain', claim: 'default/bound', driver: 'csi.example', handle: 'vol-1' },
    })
    assert.deepEqual((await harness.state('fast')).body, {
      ...{ labels: [], provisioner: 'csi.example', reclaimPolicy: 'Delete', bindingMode: 'WaitForFirstConsumer' },
      ...{ allowExpansion: true, isDefault: true },
    })
    await api.kubectl('patch', 'pv', 'pv-1', '--type=merge', '-p', '{"metadata":{"finalizers":null}}')
    await api.remove('pv', 'pv-1')
    await api.setStatus('pvc', 'bound', { phase: 'Lost' })
    const lost = await harness.state('bound', ({ body }) => body.phase === 'Lost')
    assert.deepEqual(declared(lost, 'BOUND_TO'), ['missing pv-1 {}'])
  })

  test('sizes that are no whole number of bytes, or more than integers hold', async (t) => {
    const sizes: [name: string, storage: string, bytes: number][] = [
      ['fraction', '0.3Gi', 322_122_548],
      ['huge', '10Pi', Number.MAX_SAFE_INTEGER],
      ['endless', '8E', Number.MAX_SAFE_INTEGER],
    ]
    for (const [name, storage] of sizes) {
      await api.create(claim(name, { resources: { requests: { storage } } }))
      await api.setStatus('pvc', name, { capacity: { storage } })
      await api.create({
        ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `pv-${name}` } },
        spec: { accessModes: ['ReadWriteOnce'], capacity: { storage }, nfs: { server: 'nfs.example', path: '/' } },
      })
    }
    // That a validator takes each is checked at the end of the watch.
    const harness = await api.watch(t)
    for (const [name, , bytes] of sizes) {
      const { body } = await harness.state(name)
      assert.deepEqual([body.requestedBytes, body.capacityBytes], [bytes, bytes], name)
      assert.equal((await harness.state(`pv-${name}`)).body.capacityBytes, bytes, name)
    }
  })

  test('an autoscaler of a custom workload, which owns a ReplicaSet, which owns a pod: the kind is found by either', async (t) => {
    const { owner, uid } = await api.createCustom('rollouts.aitia.example', 'Canary', 'staged')
    const replicaSet = await api.create(replicated('ReplicaSet', 'staged-1', owner))
    await api.create(pod('staged-1-a', { owner: ownerOf('apps/v1', 'ReplicaSet', 'staged-1', replicaSet) }))
    const autoscaler = (name: string, target: string, kind = 'Canary', apiVersion = owner.apiVersion) =>
      plain(
        'HorizontalPodAutoscaler',
        name,
        {
          spec: {
            ...{ minReplicas: 2, maxReplicas: 9, scaleTargetRef: { apiVersion, kind, name: target } },
            metrics: [
              { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
              {
                type: 'Pods',
                pods: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } },
              },
            ],
          },
        },
        'autoscaling/v2',
      )
    await api.create(autoscaler('staged', 'staged'))
    await api.create(autoscaler('lost', 'nobody', 'Deployment', 'apps/v1'))
    const harness = await api.watch(t)
    const chain = await harness.state('staged-1', ({ relations }) => relations[0]?.from?.key === uid)
    assert.equal(chain.relations[0]?.from?.workloadKind, 'Canary')
    assert.deepEqual(declared(await harness.state('staged-1-a'), 'OWNS'), ['staged-1 {}'])
    const scales = await harness.state(
      'staged',
      ({ object, relations }) => object.kind === 'HorizontalPodAutoscaler' && relations[0]?.to?.key === uid,
    )
    assert.deepEqual([scales.relations[0]?.kind, scales.relations[0]?.to?.key], ['SCALES', uid])
    assert.deepEqual(relationsOf(await harness.state('lost')), ['this SCALES missing nobody'])
    const told = harness.states(scales.object.key).length
    const status = (current: number, utilization: number, active: string) =>
      api.setStatus('hpa', 'staged', {
        ...{ currentReplicas: current, desiredReplicas: 3 },
        currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: utilization } } }],
        conditions: [
          { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale' },
          {
            type: 'ScalingActive',
            status: active,
            reason: active === 'True' ? 'ValidMetricFound' : 'FailedGetResourceMetric',
          },
          { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange' },
        ],
      })
    await status(2, 50, 'True')
    await status(2, 70, 'True')
    await status(3, 80, 'False')
    const troubled = await harness.state(scales.object.key, ({ body }) => body.currentReplicas === 3)
    assert.deepEqual(troubled.body, {
      ...{
        labels: [],
        target: 'Canary/staged',
        minReplicas: 2,
        maxReplicas: 9,
        currentReplicas: 3,
        desiredReplicas: 3,
      },
      ...{ metrics: ['cpu=80%', 'queue=30'], troubles: ['ScalingActive=False:FailedGetResourceMetric'] },
    })
    assert.equal(harness.states(scales.object.key).length, told + 2, 'what was measured makes no state')
  })

  test('a Lease, a ServiceAccount and a budget: who holds what; a renewal tells nothing', async (t) => {
    const lease = (renewTime: string, holderIdentity = 'a') =>
      api.apply(
        plain(
          'Lease',
          'leader',
          {
            spec: {
              holderIdentity,
              leaseDurationSeconds: 15,
              leaseTransitions: 1,
              acquireTime: '2025-11-20T10:00:00.000000Z',
              renewTime,
            },
          },
          'coordination.k8s.io/v1',
        ),
      )
    await lease('2025-11-20T10:00:01.000000Z')
    await api.create(
      plain('ServiceAccount', 'robot', {
        imagePullSecrets: [{ name: 'registry' }],
        automountServiceAccountToken: false,
      }),
    )
    await api.create(
      plain(
        'PodDisruptionBudget',
        'half',
        { spec: { maxUnavailable: '50%', selector: { matchLabels: { app: 'x' } } } },
        'policy/v1',
      ),
    )
    await api.setStatus('pdb', 'half', { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 2 })
    const harness = await api.watch(t)
    const { body } = await harness.state('leader')
    assert.deepEqual(body, {
      labels: [],
      holder: 'a',
      duration: 15_000_000,
      acquiredAt: 1763632800000000,
      transitions: 1,
    })
    for (const second of [2, 3, 4]) await lease(`2025-11-20T10:00:0${second}.000000Z`)
    await lease('2025-11-20T10:00:09.000000Z', 'b')
    await harness.state('leader', ({ body }) => body.holder === 'b')
    assert.equal(harness.states('leader').length, 2)
    assert.deepEqual((await harness.state('robot')).body, {
      labels: [],
      imagePullSecrets: ['registry'],
      automountToken: false,
    })
    assert.deepEqual((await harness.state('half')).body, {
      ...{ labels: [], podSelector: 'app=x', maxUnavailable: '50%' },
      ...{ disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 2 },
    })
  })
})
