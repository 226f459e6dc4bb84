/** An API server newer than this collector: it tells fields that nobody here knows, of any type, and all that is known comes through. */
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, type TestContext, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { KubeConfig } from '@kubernetes/client-node'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { NodePods } from '../../attribution/pods.ts'
import { ApiError, get, lines, text } from '../../reflector/request.ts'
import { Api } from './testing/api.ts'
import { Harness } from './testing/harness.ts'
import {
  at,
  claim,
  endpointSlice,
  event,
  node,
  oomKilled,
  ownerOf,
  plain,
  pod,
  ready,
  replicated,
  running,
  service,
} from './testing/manifests.ts'

// biome-ignore lint/suspicious/noExplicitAny: any JSON.
type Json = any

const unknown = {
  ...{ futureText: 'x', futureNumber: -1.5e300, futureFlag: true, futureNull: null },
  futureList: [[], [{ name: 7 }], 'text', null, 1],
  futureObject: { metadata: [], kind: { name: null }, items: 'none' },
}

/** Of a volume's objects the first is its source: one that is unknown comes last. */
const { futureObject, ...simple } = unknown

/** With them in all that is an element of a list: those are never maps of names that somebody chose. */
const within = (value: Json): Json => {
  if (Array.isArray(value))
    return value.map((each) => (isObject(each) ? { ...simple, ...within(each), futureObject } : each))
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, of]) => [name, within(of)])) : value
}
const isObject = (value: Json): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

const ofTheFuture = (object: Json): Json => ({
  ...{ ...unknown, status: { ...unknown } },
  ...within(object),
  metadata: { ...unknown, ...within(object.metadata) },
  ...(object.spec && { spec: { ...unknown, ...within(object.spec) } }),
  ...(object.status && { status: { ...unknown, ...within(object.status) } }),
})

suite('a kube-apiserver of the future', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  let future: http.Server
  before(async () => {
    api = await Api.start()
    future = http.createServer((request, response) => {
      pass(request.url!, response).catch((error) => {
        if (response.headersSent) return response.destroy()
        response.writeHead(error instanceof ApiError ? error.httpStatus : 500)
        response.end(JSON.stringify({ kind: 'Status', message: error.message }))
      })
    })
    await new Promise<void>((resolve) => future.listen(0, '127.0.0.1', resolve))
  })
  after(async () => {
    future?.closeAllConnections()
    future?.close()
    await api?.stop()
  })

  const kubeConfigOf = (url?: string): KubeConfig => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(api.server.kubeconfig)
    if (url !== undefined) Object.assign(kubeConfig.clusters[0]!, { server: url, skipTLSVerify: true })
    return kubeConfig
  }
  const futureUrl = () => `http://127.0.0.1:${(future.address() as AddressInfo).port}`

  /** What the real server answers, with unknown fields in each object. */
  const pass = async (path: string, response: http.ServerResponse): Promise<void> => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const answer = await get(kubeConfigOf(), path, gone.signal)
    if (!new URL(path, futureUrl()).searchParams.has('watch')) {
      const body = JSON.parse(await text(answer, gone.signal))
      const { items } = body
      response.end(JSON.stringify({ ...ofTheFuture(body), ...(items && { items: items.map(ofTheFuture) }) }))
      return
    }
    response.flushHeaders()
    for await (const some of lines(answer, gone.signal, () => {})) {
      for (const line of some) {
        const { type, object } = JSON.parse(line)
        response.write(`${JSON.stringify({ ...unknown, type, object: ofTheFuture(object) })}\n`)
      }
    }
    response.end()
  }

  const populate = async () => {
    await api.create(node('n1'))
    const nodeInfo = { kubeletVersion: 'v1.34.0', bootID: 'b', machineID: 'm' }
    const addresses = [{ type: 'InternalIP', address: '10.0.0.1' }]
    await api.setStatus('node', 'n1', { ...ready('True', at(1)), addresses, nodeInfo })
    await api.apply([
      plain('ConfigMap', 'settings', { data: { level: 'info' } }),
      plain('Secret', 'key', { stringData: { token: 'x' } }),
      plain('ServiceAccount', 'robot', { imagePullSecrets: [{ name: 'key' }] }),
      plain('Lease', 'leader', { spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } }, 'coordination.k8s.io/v1'),
      claim('data'),
      service('shop'),
      plain(
        ...([
          'Ingress',
          'front',
          { spec: { defaultBackend: { service: { name: 'shop', port: { number: 80 } } } } },
        ] as const),
        'networking.k8s.io/v1',
      ),
      plain(
        ...(['NetworkPolicy', 'wall', { spec: { podSelector: { matchLabels: { app: 'x' } } } }] as const),
        'networking.k8s.io/v1',
      ),
      plain(
        ...([
          'PodDisruptionBudget',
          'half',
          { spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'x' } } } },
        ] as const),
        'policy/v1',
      ),
      plain(
        'HorizontalPodAutoscaler',
        'shop',
        { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' } } },
        'autoscaling/v2',
      ),
    ])
    const { owner } = await api.createCustom('future.aitia.example', 'Rollout', 'staged')
    const deployment = await api.create(replicated('Deployment', 'shop', owner))
    const owned = replicated('ReplicaSet', 'shop-1', ownerOf('apps/v1', 'Deployment', 'shop', deployment))
    const replicaSet = await api.create(owned)
    const { spec, ...rest } = pod('shop-1-a', {
      owner: ownerOf('apps/v1', 'ReplicaSet', 'shop-1', replicaSet),
      nodeName: 'n1',
    })
    const volumes = [
      { name: 'c', configMap: { name: 'settings' } },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
    ]
    const made = await api.create({ ...rest, spec: { ...spec, volumes, serviceAccountName: 'robot' } })
    const { uid } = made.metadata
    await api.setStatus('pod', 'shop-1-a', {
      ...{ phase: 'Running', podIPs: [{ ip: '10.1.0.9' }], podIP: '10.1.0.9' },
      ...{ ...running('c1', at(2), 0), ...ready('True', at(3)) },
    })
    await api.apply([
      endpointSlice('shop-x', 'shop', [{ name: 'shop-1-a', uid, ready: true }]),
      event('told', { kind: 'Pod', namespace: 'default', name: 'shop-1-a', uid }, 'Unhealthy', 2, { type: 'Warning' }),
    ])
    return uid
  }

  /** What was told in the end: each object's last state, and all events. */
  const told = ({ emitted }: Harness) => {
    const states = new Map<string, object>()
    const events = new Map<string, object>()
    for (const each of emitted) {
      if (each.type === 'state') {
        const { object, body, relations } = each
        states.set(object.key, { object, body, relations })
      } else if (each.type === 'event') {
        const { kind, id, object, fields } = each
        events.set(id, { kind, object, fields })
      }
    }
    const sorted = (map: Map<string, object>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
    return { states: sorted(states), events: sorted(events) }
  }

  const watch = async (t: TestContext, url?: string): Promise<Harness> => {
    const harness = new Harness(api.server)
    t.after(() => harness.end())
    if (url !== undefined) harness.pointTo(url)
    await harness.start()
    return harness
  }

  test('fields that are unknown, of any type, leave states, relations, events and contexts as they are without', async (t) => {
    const uid = await populate()
    const now = await watch(t)
    const later = await watch(t, futureUrl())
    for (const harness of [now, later]) await harness.event('kubernetes-event', 'shop-1-a')
    for (const harness of [now, later]) await harness.until('the claim', () => harness.watcher.progress().length === 1)
    // By a watch too, with a sight before to compare with.
    await api.setStatus('pod', 'shop-1-a', {
      ...{ ...running('c2', at(9), 1, oomKilled('c1', at(2), at(8))), ...ready('False', at(9)) },
    })
    await api.apply(plain('ConfigMap', 'settings', { data: { level: 'debug' } }))
    await api.kubectl('set', 'image', 'deployment/shop', 'app=shop/app:2')
    await api.kubectl('taint', 'node', 'n1', 'dedicated=x:NoSchedule')
    const more = JSON.stringify({ spec: { replicas: 4 } })
    await api.kubectl('patch', 'rollouts.future.aitia.example', 'staged', '--type=merge', '-p', more)
    for (const harness of [now, later]) {
      await harness.event('container-terminated', 'shop-1-a')
      await harness.event('config-changed', 'settings')
      await harness.event('spec-changed', 'shop')
      await harness.state('staged', ({ body }) => body.replicas === 4)
      await harness.event('spec-changed', 'n1')
    }
    await later.until('the same', () => isDeepStrictEqual(told(later), told(now))).catch(() => {})
    assert.deepEqual(told(later), told(now))
    const kinds = new Set(Object.values(told(now).states).map((each) => (each as Json).object.kind))
    assert.ok(kinds.size >= 14, [...kinds].join())
    const { counters = {} } = later.watcher.progress()[0]!
    assert.deepEqual(
      Object.keys(counters).filter((name) => /unreadable|handlerErrors/.test(name)),
      [],
    )

    const contexts = await Promise.all(
      [undefined, futureUrl()].map(async (url) => {
        const log = { warn: (message: string) => t.diagnostic(message) }
        const pods = new NodePods({ kubeConfig: kubeConfigOf(url), nodeName: 'n1', bootId: 'b', log })
        t.after(() => pods.stop())
        pods.start()
        const found = () => {
          const attributed = pods.find(uid, 'c2')
          // The node's own watch comes apart from that of its pods.
          return attributed?.workloadName === 'staged' && attributed.context.kubeletVersion !== undefined && attributed
        }
        for (;;) {
          const attributed = found()
          if (attributed) return attributed.context
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }),
    )
    assert.deepEqual(contexts[1], contexts[0])
  })
})
