import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { now, SECOND } from '../../../graph/model/time.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../../test/cluster/control-plane.ts'
import { untilAllowed } from '../../../test/cluster/rights.ts'
import { NodePods } from '../../attribution/pods.ts'
import { rightsLine } from '../../attribution/rights.ts'
import { doctorLines } from './doctor.ts'
import { Harness, relationsOf } from './testing/harness.ts'
import { type Meta, ownerOf, pod, replicated } from './testing/manifests.ts'
import { watchedKinds } from './watched-kinds.ts'

const GROUP = 'rbac.authorization.k8s.io'

suite('rights with a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let server: ApiServerOnly
  before(async () => {
    server = await startControlPlane({ apiServerArgs: ['--runtime-config=autoscaling/v2=false'] })
    await allow(
      'half',
      ['', 'apps', 'batch', 'discovery.k8s.io'],
      [
        ...['namespaces', 'pods', 'services', 'endpointslices', 'deployments', 'replicasets', 'statefulsets'],
        ...['daemonsets', 'jobs', 'cronjobs'],
      ],
    )
  })
  after(() => server?.stop())

  /** The user `half` may read these, from now on. */
  const allow = async (name: string, apiGroups: readonly string[], resources: readonly string[]) => {
    await server.apply({
      ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name } },
      rules: [{ apiGroups, resources, verbs: ['get', 'list', 'watch'] }],
    })
    await server.apply({
      ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRoleBinding', metadata: { name } },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: GROUP, kind: 'User', name: 'half' }],
    })
  }

  test('what may not be read makes blind for its events; once it may, a gap tells until when', async (t) => {
    const harness = new Harness(server, 'half')
    t.after(() => harness.end())
    await harness.start('test', { refused: 500 })
    const progress = () => harness.watcher.progress()[0]
    await harness.until('a watermark', () => Number(progress()?.watermark ?? 0) > 0)
    assert.deepEqual(progress()!.blind!.toSorted(), [
      ...['config-changed', 'kubernetes-event', 'node-condition-changed', 'spec-changed'],
    ])
    const { since } = progress()!
    await allow('more', [''], ['nodes'])
    await harness.until('nodes', () => !progress()!.blind!.includes('node-condition-changed'))
    const gaps = harness.emitted.flatMap((each) => (each.type === 'gap' ? each : []))
    assert.deepEqual(
      gaps.map(({ from, reason, kinds }) => [from, reason, kinds]),
      [[since, 'nodes: it could not be read', ['node-condition-changed', 'spec-changed']]],
    )
    assert.ok(gaps[0]!.to > since && gaps[0]!.to <= now())
  })
  test('what turns refused makes blind from then on, and the rest goes on; a gap tells of it afterwards', async (t) => {
    const watermarks = { aliveBound: 300, tick: 50, steady: 200 }
    await allow('nodes-too', [''], ['nodes'])
    const harness = new Harness(server, 'half')
    t.after(() => harness.end())
    // Rights are checked as a request begins.
    await harness.start('test', { refused: 500, watch: [1_000, 1_000], backoff: [10, 50], ...watermarks })
    const progress = () => harness.watcher.progress()[0]
    const isBlind = () => progress()?.blind?.includes('node-condition-changed')
    await harness.until('nodes', () => isBlind() === false && progress()!.watermark !== null)
    const seen = now()
    await server.kubectl('delete', 'clusterrolebinding', 'nodes-too', 'more', '--ignore-not-found')
    await harness.until('blindness', () => isBlind() === true)
    const refused = now()
    await harness.until('the rest to go on', () => progress()!.watermark! > refused)
    await allow('nodes-too', [''], ['nodes'])
    await harness.until('nodes again', () => isBlind() === false)
    const gaps = harness.emitted.flatMap((each) => (each.type === 'gap' ? each : []))
    assert.deepEqual(
      gaps.map(({ reason, kinds }) => [reason, kinds]),
      [['nodes: it could not be read', ['node-condition-changed', 'spec-changed']]],
    )
    const [{ from, to }] = gaps as [(typeof gaps)[number]]
    assert.ok(from > seen - 3 * SECOND && from <= refused && to > refused && to <= now())
  })

  test('what a pod names of a kind that may not be read is not called missing until somebody looks', async (t) => {
    await server.apply({
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      metadata: { name: 'there', namespace: 'default' },
    })
    const plain = pod('reader')
    const volumes = ['there', 'nowhere'].map((name) => ({ name, configMap: { name } }))
    await server.apply({ ...plain, spec: { ...plain.spec, volumes } })
    const harness = new Harness(server, 'half')
    t.after(() => harness.end())
    await harness.start('test', { refused: 500, watch: [1_000, 1_000], backoff: [10, 50] })
    const mounts = () => relationsOf(harness.states('reader').at(-1)!).filter((text) => text.includes('MOUNTS'))
    const become = async (...names: string[]) => {
      const expected = names.map((name) => `this MOUNTS ${name}`)
      await harness.state('reader')
      await harness
        .until(names.join(), () => isDeepStrictEqual(mounts(), expected))
        .catch((error) => assert.deepEqual(mounts(), expected, error))
    }
    await become('unwatched nowhere', 'unwatched there')
    await allow('config-maps', [''], ['configmaps'])
    await become('missing nowhere', 'there')
    // It is not known any more whether one has come since; of the other nothing new is heard.
    await server.kubectl('delete', 'clusterrolebinding', 'config-maps')
    await become('there', 'unwatched nowhere')
    await server.apply({
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      metadata: { name: 'nowhere', namespace: 'default' },
    })
    await allow('config-maps', [''], ['configmaps'])
    await become('nowhere', 'there')
  })

  const linesOf = async (user?: string) => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(server.kubeconfig)
    if (user) Object.assign(kubeConfig.users[0]!, { impersonateUser: user })
    const lines = await doctorLines(kubeConfig, watchedKinds)
    return new Map(lines.map(({ subject, state, detail }) => [subject, `${state}: ${detail.split('.')[0]}`]))
  }
  const autoscalers = 'horizontalpodautoscalers.autoscaling'

  test('a kind that the server lacks is told of once and counted, and the rest goes on', async (t) => {
    const harness = new Harness(server)
    t.after(() => harness.end())
    await harness.start('test', { refused: 200 })
    const progress = () => harness.watcher.progress()[0]
    await harness.until('a watermark', () => Number(progress()?.watermark ?? 0) > 0)
    await harness.until('a later one', () => progress()!.watermark! > progress()!.since + SECOND)
    assert.deepEqual([progress()!.blind, progress()!.counters![`${autoscalers}.refused`]], [[], 1])
    assert.ok(progress()!.counters![`${autoscalers}.failures`]! > 2, 'it was tried again')
    assert.equal(harness.logged.filter((text) => text.startsWith(`${autoscalers}:`)).length, 1)
    const lines = await linesOf()
    assert.match(lines.get(`kubernetes ${autoscalers}`)!, /^degraded: this API server does not have/)
    lines.delete(`kubernetes ${autoscalers}`)
    assert.deepEqual([...new Set(lines.values())], ['ok: can be listed and watched'])
  })

  test('doctor says what may not be listed or watched', async () => {
    await server.apply({
      ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name: 'lister' } },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
    })
    await server.apply({
      ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'lister' } },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'lister' },
      subjects: [{ apiGroup: GROUP, kind: 'User', name: 'lister' }],
    })
    await untilAllowed(server, 'lister', ['list', 'secrets', '--all-namespaces'])
    const lines = await linesOf('lister')
    assert.equal(lines.get('kubernetes secrets'), 'missing: not allowed to watch')
    assert.equal(lines.get('kubernetes pods'), 'missing: not allowed to list and watch')
  })

  /** Gives a user what a ClusterRole of the README allows; both have its name. */
  const grant = async (name: string) => {
    const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
    const roles = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => parse(text!))
    const role = roles.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name)
    await server.apply(role)
    await server.apply({
      ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRoleBinding', metadata: { name } },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: GROUP, kind: 'User', name }],
    })
    const [{ verbs, resources }] = role.rules
    await untilAllowed(server, name, [verbs[0], resources[0], '--all-namespaces'])
  }

  test('the role of the README suffices', async (t) => {
    await grant('aitia')
    const lines = await linesOf('aitia')
    lines.delete(`kubernetes ${autoscalers}`)
    assert.deepEqual([...new Set(lines.values())], ['ok: can be listed and watched'])
    const harness = new Harness(server, 'aitia')
    t.after(() => harness.end())
    await harness.start()
    await harness.until('a claim', () => harness.watcher.progress()[0]?.blind?.length === 0)
  })

  test('each role of the README suffices for attribution, up to the top owner', async (t) => {
    const create = async (manifest: { kind: string; metadata: { name: string } }): Promise<Meta> => {
      await server.apply(manifest)
      return JSON.parse(await server.kubectl('get', manifest.kind, manifest.metadata.name, '-o', 'json'))
    }
    const owner = (kind: string, name: string, made: Meta) => ownerOf('apps/v1', kind, name, made)
    const deployment = await create(replicated('Deployment', 'top'))
    const replicaSet = await create(replicated('ReplicaSet', 'top-1', owner('Deployment', 'top', deployment)))
    const owned = { owner: owner('ReplicaSet', 'top-1', replicaSet), nodeName: 'node-1' }
    const { metadata } = await create(pod('top-1-a', owned))
    for (const name of ['aitia', 'aitia-node']) {
      await grant(name)
      const kubeConfig = new KubeConfig()
      kubeConfig.loadFromFile(server.kubeconfig)
      Object.assign(kubeConfig.users[0]!, { impersonateUser: name })
      const told: string[] = []
      const log = { warn: (message: string) => void told.push(message) }
      const given = { kubeConfig, nodeName: 'node-1', bootId: 'boot-1', log, timings: { refused: 200 } }
      const pods = new NodePods(given)
      t.after(() => pods.stop())
      pods.start()
      while (pods.find(metadata.uid)?.workloadName !== 'top') {
        assert.equal(pods.refused, 0, told.join())
        await sleep(20)
      }
      assert.equal((await rightsLine(kubeConfig)).state, 'ok', name)
    }
  })
})
