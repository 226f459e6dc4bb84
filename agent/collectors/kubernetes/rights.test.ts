import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { now, SECOND } from '../../../graph/model/time.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../../test/cluster/control-plane.ts'
import { Harness } from './testing/harness.ts'

const GROUP = 'rbac.authorization.k8s.io'

suite('rights with a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let server: ApiServerOnly
  before(async () => {
    server = await startControlPlane()
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
})
