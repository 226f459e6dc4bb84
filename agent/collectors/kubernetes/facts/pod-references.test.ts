import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { StateObservation } from '../../../../graph/model/observation.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import { declared } from '../testing/harness.ts'
import { claim, claimSpec, plain, pod } from '../testing/manifests.ts'

const container = (name: string, more: object = {}) => ({ name, image: 'shop/app:1', ...more })

suite('what pods of a real kube-apiserver refer to', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  const podWith = async (name: string, spec: object) => {
    const base = pod(name)
    return api.create({ ...base, spec: { ...base.spec, ...spec } })
  }

  test('volumes and environment of a pod: each reference of each container, missing until the object is there and once it is gone', async (t) => {
    const from = (key: string, more: object = {}) => ({
      name: key.toUpperCase().replace('-', '_'),
      valueFrom: { secretKeyRef: { name: 'db', key, ...more } },
    })
    await podWith('reader', {
      serviceAccountName: 'shop',
      imagePullSecrets: [{ name: 'registry' }],
      initContainers: [
        container('migrate', { env: [from('url')] }),
        container('proxy', {
          restartPolicy: 'Always',
          envFrom: [{ configMapRef: { name: 'settings', optional: true } }],
        }),
      ],
      containers: [
        container('app', {
          env: [from('user'), from('password'), from('token', { optional: true }), { name: 'PLAIN', value: 'x' }],
          envFrom: [{ secretRef: { name: 'db' } }],
          volumeMounts: [
            { name: 'one', mountPath: '/one' },
            { name: 'two', mountPath: '/two/app.conf', subPath: 'app.conf' },
            { name: 'mixed', mountPath: '/mixed' },
            { name: 'data', mountPath: '/data' },
            { name: 'scratch', mountPath: '/scratch' },
          ],
        }),
        container('log', { volumeMounts: [{ name: 'one', mountPath: '/settings' }] }),
      ],
      volumes: [
        { name: 'one', configMap: { name: 'settings' } },
        {
          name: 'two',
          configMap: {
            name: 'settings',
            optional: true,
            items: [
              { key: 'b', path: 'app.conf' },
              { key: 'a', path: 'a' },
            ],
          },
        },
        {
          name: 'mixed',
          projected: {
            sources: [
              { secret: { name: 'tls', items: [{ key: 'tls.crt', path: 'crt' }] } },
              { secret: { name: 'tls', items: [{ key: 'tls.key', path: 'key' }] } },
              { configMap: { name: 'settings' } },
              { serviceAccountToken: { path: 'token' } },
            ],
          },
        },
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: claimSpec } } },
        { name: 'unused', secret: { secretName: 'unused', optional: true } },
        { name: 'empty', emptyDir: {} },
        { name: 'vault', csi: { driver: 'csi.example', nodePublishSecretRef: { name: 'vault-login' } } },
        { name: 'open', csi: { driver: 'csi.example' } },
      ],
    })
    const harness = await api.watch(t)
    const state = await harness.state('reader')
    const expected = {
      MOUNTS: [
        'data {"volume":"data","paths":["app:/data"],"optional":false}',
        'reader-scratch {"volume":"scratch","paths":["app:/scratch"],"optional":false}',
        'settings {"volume":"mixed","paths":["app:/mixed"],"optional":false}',
        'settings {"volume":"one","paths":["app:/one","log:/settings"],"optional":false}',
        'settings {"volume":"two","keys":["a","b"],"paths":["app:/two/app.conf=app.conf"],"optional":true}',
        'tls {"volume":"mixed","keys":["tls.crt","tls.key"],"paths":["app:/mixed"],"optional":false}',
        'unused {"volume":"unused","paths":[],"optional":true}',
        'vault-login {"volume":"vault","paths":[],"optional":false}',
      ],
      READS_ENV_FROM: [
        'db {"containerName":"app","keys":["password","user"],"optional":false}',
        'db {"containerName":"app","keys":["token"],"optional":true}',
        'db {"containerName":"app","optional":false}',
        'db {"containerName":"migrate","keys":["url"],"optional":false}',
        'settings {"containerName":"proxy","optional":true}',
      ],
      USES: ['registry {"role":"image-pull"}', 'shop {}'],
    }
    for (const [kind, relations] of Object.entries(expected))
      assert.deepEqual(
        declared(state, kind),
        relations.map((text) => `missing ${text}`),
      )

    await api.create(plain('ConfigMap', 'settings', { data: { a: '1', b: '2' } }))
    for (const name of ['db', 'tls', 'unused', 'registry', 'vault-login']) await api.create(plain('Secret', name))
    await api.create(plain('ServiceAccount', 'shop'))
    for (const name of ['data', 'reader-scratch']) await api.create(claim(name))
    const isMissing = (state: StateObservation) => state.relations.flatMap(({ to }) => (to?.missing ? to.name : []))
    const whole = await harness.state('reader', (state) => isMissing(state).length === 0)
    for (const [kind, relations] of Object.entries(expected)) assert.deepEqual(declared(whole, kind), relations)
    const [settings] = harness.states('settings')
    assert.equal(whole.relations.find(({ to }) => to?.name === 'settings')?.to?.key, settings!.object.key)

    await api.remove('configmap', 'settings')
    const without = await harness.state('reader', (state) => isMissing(state).includes('settings'))
    assert.deepEqual([...new Set(isMissing(without))], ['settings'])
    await api.create(plain('ConfigMap', 'settings', { data: { a: '3' } }))
    const again = await harness.state('reader', (state) => isMissing(state).length === 0 && state.at > without.at)
    assert.notEqual(again.relations.find(({ to }) => to?.name === 'settings')?.to?.key, settings!.object.key)
  })

  test('an ephemeral container may read what the others do not', async (t) => {
    await podWith('debugged', {})
    const harness = await api.watch(t)
    await harness.state('debugged')
    const debug = container('debug', { envFrom: [{ secretRef: { name: 'debug' } }] })
    await api.kubectl(
      ...['patch', 'pod', 'debugged', '--subresource=ephemeralcontainers', '-p'],
      JSON.stringify({ spec: { ephemeralContainers: [debug] } }),
    )
    const state = await harness.state('debugged', ({ relations }) => relations.length > 0)
    assert.deepEqual(declared(state, 'READS_ENV_FROM'), ['missing debug {"containerName":"debug","optional":false}'])
    const statuses = (name: string) => [
      {
        ...container(name),
        imageID: '',
        ready: false,
        restartCount: 0,
        containerID: `containerd://${name}-1`,
        state: { running: { startedAt: '2025-11-20T10:00:01Z' } },
      },
    ]
    await api.setStatus('pod', 'debugged', {
      ephemeralContainerStatuses: statuses('debug'),
      containerStatuses: statuses('app'),
    })
    const running = await harness.state('debugged', ({ relations }) => relations.some(({ kind }) => kind === 'RUNS'))
    assert.deepEqual(declared(running, 'RUNS'), [
      'app {"containerName":"app","role":"main"}',
      'debug {"containerName":"debug","role":"ephemeral"}',
    ])
  })
})
