/** On a real node: containerd, runc and the kubelet's own cgroups. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import { clusterUnavailable, startCluster } from '../../../test/cluster/cluster.ts'
import { shop } from '../../../test/cluster/workloads.ts'
import { skip } from '../../native/testing/recorder.ts'
import { Harness, temporaryFolder } from './testing/harness.ts'

const unavailable = skip || (await clusterUnavailable()) || false

test('a Deployment that is OOM-killed: who, in which container of which pod; its sandbox is no container', {
  skip: unavailable,
}, async (t) => {
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null })
  const cluster = await startCluster({ name: `ebpf-${process.pid}`, nodes: 1 })
  t.after(() => cluster.stop())
  await cluster.apply(shop)
  // The kernel tells of the pods of other clusters on this machine too.
  let uids: string[] = []
  for (let tries = 0; uids.length < 2 && tries < 600; tries++) {
    const told = await cluster.kubectl('get', 'pods', '-n', 'shop', '-o', 'jsonpath={.items[*].metadata.uid}')
    uids = told.split(' ').filter(Boolean)
  }
  const isOwn = ({ pod }: { readonly pod?: ObjectRef }) => pod !== undefined && uids.includes(pod.key)
  const ofCheckout = () =>
    harness.events(
      'oom-kill',
      (event) => isOwn(event) && event.containerName === 'app' && event.pod?.name?.startsWith('checkout-') === true,
    )
  for (let tries = 0; ofCheckout().length < 2 && tries < 2_400; tries++) await sleep(100)
  const [kill, next] = ofCheckout()
  assert.ok(kill && next, 'the container is killed, and killed again after its restart')
  assert.notEqual(kill.object.key, next.object.key)
  assert.equal(kill.pod?.key, next.pod?.key)
  assert.equal(kill.pod?.namespace, 'shop')
  assert.equal(kill.fields.firstProcessKilled, true)
  assert.deepEqual(kill.fields.victimNsPids, [1])
  assert.equal(kill.fields.limitBytes, 64 * 1024 * 1024)
  assert.match(kill.fields.limitCgroup!, new RegExp(`/pod${kill.pod?.key}(/${kill.object.key})?$`))

  const ofRun = [
    ...harness.events('process-exec'),
    ...harness.events('memory-pressure'),
    ...harness.events('process-exit'),
  ]
    .filter(({ object }) => object.key === kill.object.key)
    .sort((a, b) => a.at - b.at)
  assert.deepEqual([...new Set(ofRun.map(({ kind }) => kind))], ['process-exec', 'memory-pressure', 'process-exit'])

  const ofShop = harness.events('process-exec', isOwn)
  const containers = new Set(ofShop.map(({ containerName }) => containerName))
  assert.deepEqual(containers, new Set(['app']), 'every container has its name, and no sandbox is one')
  assert.ok(harness.collector.progress!()[0]!.counters!['skipped.sandbox']! >= 2, 'sandboxes of both pods were seen')
})
