/** What a healthy rollout costs, with real controllers, a real scheduler and a real kubelet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Observation } from '../../../../graph/model/observation.ts'
import { clusterUnavailable, startCluster } from '../../../../test/cluster/cluster.ts'
import { shopNamespace, workload } from '../../../../test/cluster/workloads.ts'
import { Harness } from '../testing/harness.ts'

const replicas = 4

test('a healthy rollout: a pod that takes the place of another is seven events, the rollout itself one', {
  skip: (await clusterUnavailable()) ?? false,
}, async (t) => {
  const cluster = await startCluster({ name: `rollout-${process.pid}`, nodes: 1 })
  t.after(() => cluster.stop())
  const harness = new Harness(cluster)
  t.after(() => harness.end())
  await harness.start()
  // What is there when the first lists are read is how it was found, and no change.
  await harness.until('the claim', () => harness.watcher.progress().length === 1)
  const kubectl = (...words: string[]) => cluster.kubectl('--namespace', 'shop', ...words)
  const serving = { eat: ['serve', '8080'], memoryMiB: 64, port: 8080, replicas }
  await cluster.apply([shopNamespace, ...workload('cart', serving)])
  await kubectl('rollout', 'status', 'deployment/cart')
  await harness.state('cart', ({ object, body }) => object.kind === 'Workload' && body.readyReplicas === replicas)
  const isServed = (each: Observation) =>
    each.type === 'state' &&
    each.object.kind === 'EndpointSlice' &&
    each.relations.filter(({ kind, properties }) => kind === 'SELECTS' && properties?.ready).length === replicas
  await harness.until('every pod to be an endpoint', () => harness.emitted.some(isServed))
  const pods = new Set(
    harness.emitted.flatMap((each) =>
      each.type === 'event' && each.pod?.name?.startsWith('cart-') ? each.pod.key : [],
    ),
  )
  const before = harness.emitted.length
  await kubectl('set', 'env', 'deployment/cart', 'ROLLED=1')
  await kubectl('rollout', 'status', 'deployment/cart')
  const gone = () =>
    harness.emitted.filter((each) => each.type === 'state' && each.deleted && pods.has(each.object.key))
  await harness.until('the old pods to be gone', () => gone().length === replicas)
  const sent = harness.emitted.slice(before)
  const events = sent.flatMap((each) => (each.type === 'event' ? each : []))
  const counts = Map.groupBy(events, ({ kind }) => kind)
  t.diagnostic(
    `${events.length} events, ${sent.filter(({ type }) => type === 'state').length} states for ${replicas} pods replaced; ` +
      `Events of the API: ${counts.get('kubernetes-event')?.map(({ fields }) => 'reason' in fields && fields.reason)}`,
  )
  assert.deepEqual(
    Object.fromEntries(
      [...counts].filter(([kind]) => kind !== 'kubernetes-event').map(([kind, all]) => [kind, all.length]),
    ),
    {
      'spec-changed': 1,
      ...Object.fromEntries(
        ['pod-created', 'pod-scheduled', 'container-started', 'pod-deleted', 'container-terminated'].map((kind) => [
          ...[kind, replicas],
        ]),
      ),
      'pod-ready-changed': 2 * replicas,
    },
  )
})
