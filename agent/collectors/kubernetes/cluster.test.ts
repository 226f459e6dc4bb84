/** With real controllers, a real scheduler and a real kubelet: what they write is what the collector reads. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EVENTS } from '../../../graph/model/generated/registry.ts'
import type { EventName } from '../../../graph/model/generated/types.ts'
import { SECOND } from '../../../graph/model/time.ts'
import { cgroupFolders } from '../../../test/cluster/cgroups.ts'
import { clusterUnavailable, startCluster } from '../../../test/cluster/cluster.ts'
import { workloadImage } from '../../../test/cluster/images.ts'
import { shop } from '../../../test/cluster/workloads.ts'
import { parseCgroupPath } from '../../attribution/cgroup-path.ts'
import { Harness, relationsOf } from './testing/harness.ts'

interface Pods {
  items: { metadata: { name: string; uid: string; labels?: { app: string } }; spec: { nodeName: string } }[]
}

const staticPod = {
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'static', namespace: 'shop' } },
  spec: {
    ...{ terminationGracePeriodSeconds: 1 },
    containers: [{ name: 'app', image: workloadImage, imagePullPolicy: 'Never', command: ['/eat', 'sleep'] }],
  },
}

test('the shop: chains of owners, endpoints and runs, and the events around a container that is OOM-killed again and again', {
  skip: (await clusterUnavailable()) ?? false,
}, async (t) => {
  const cluster = await startCluster({ name: `kubernetes-${process.pid}`, nodes: 1 })
  t.after(() => cluster.stop())
  const harness = new Harness(cluster)
  t.after(() => harness.end())
  await harness.start()
  await harness.until('the claim', () => harness.watcher.progress().length === 1)
  await cluster.apply(shop)
  const [machine] = cluster.nodes
  writeFileSync(join(machine!.staticPods, 'static.json'), JSON.stringify(staticPod))
  await harness.state(machine!.name)
  await cluster.kubectl('cordon', machine!.name)
  await cluster.kubectl('uncordon', machine!.name)
  const kinds = () => new Set(harness.emitted.flatMap((each) => (each.type === 'event' ? each.kind : [])))
  // No pod of the shop ends for good, and no ConfigMap changes.
  const unseen = new Set<string>(['pod-failed', 'pod-evicted', 'pod-deleted', 'config-changed'])
  const expected = Object.values(EVENTS).filter(
    ({ collector, name }) => collector === 'kubernetes' && !unseen.has(name),
  )
  await harness.until('all kinds of events', () => kinds().size >= expected.length)
  assert.deepEqual([...kinds()].sort(), expected.map(({ name }) => name as EventName).sort())

  const { items } = await cluster.get<Pods>('/api/v1/namespaces/shop/pods')
  const [checkout, cart] = ['checkout', 'cart'].map(
    (app) => items.find(({ metadata }) => metadata.labels?.app === app)!,
  )
  const { name, uid } = checkout!.metadata

  const kills = () => harness.events('container-terminated', name)
  await harness.until('a second kill', () => kills().length >= 2)
  const [kill, next] = kills()
  assert.deepEqual([kill!.fields.reason, kill!.fields.exitCode, kill!.fields.restartCount], ['OOMKilled', 137, 0])
  assert.deepEqual([kill!.pod?.key, kill!.workloadName, kill!.containerName], [uid, 'checkout', 'app'])
  assert.deepEqual([next!.fields.restartCount, next!.object.key === kill!.object.key], [1, false])
  const starts = harness.events('container-started', name).map(({ object }) => object.key)
  assert.deepEqual(starts.slice(0, 2), [kill!.object.key, next!.object.key])
  const backOff = await harness.event('container-waiting', name)
  assert.deepEqual([backOff.fields.reason, backOff.pod?.key], ['CrashLoopBackOff', uid])
  assert.ok(backOff.at >= kill!.at && backOff.at + backOff.uncertainty <= backOff.observedAt)

  const pod = await harness.state(uid, ({ relations }) => relations.filter(({ kind }) => kind === 'RUNS').length === 2)
  const replicaSet = pod.relations.find(({ kind }) => kind === 'OWNS')!.from!
  assert.deepEqual(
    relationsOf(pod).filter((relation) => !relation.includes('HOLDS')),
    [
      ...[`${replicaSet.name} OWNS this`, 'this RUNS app', 'this RUNS app'],
      ...[`this RUNS_ON ${checkout!.spec.nodeName}`, 'this USES default'],
    ],
  )
  assert.equal(relationsOf(pod).filter((relation) => relation.includes('HOLDS')).length, 1)
  assert.deepEqual(relationsOf(await harness.state(replicaSet.key)), ['checkout OWNS this'])
  const node = await harness.state(checkout!.spec.nodeName)
  assert.ok(relationsOf(node).some((relation) => relation.startsWith('this ON ')))

  const slices = () =>
    harness.emitted.flatMap((each) =>
      each.type === 'state' && each.object.kind === 'EndpointSlice' && each.body.serviceName === 'cart' ? each : [],
    )
  const isReady = () => slices().at(-1)?.relations[0]?.properties?.ready === true
  await harness.until('an endpoint of cart', isReady)
  const [selects] = slices().at(-1)!.relations
  assert.deepEqual([selects?.from?.name, selects?.to?.key], ['cart', cart!.metadata.uid])

  // The kubelet names the cgroup by the UID that it made; the API knows the mirror by another.
  const mirror = await harness.state(`static-${machine!.name}`, ({ body }) => body.phase === 'Running')
  assert.notEqual(mirror.object.key, items.find(({ metadata }) => metadata.name === mirror.object.name)!.metadata.uid)
  const cgroups = cgroupFolders(join(machine!.cgroup, 'kubepods/besteffort')).filter(existsSync)
  const uids = cgroups.flatMap((folder) => readdirSync(folder)).map((name) => parseCgroupPath(name).podUid)
  assert.ok(uids.includes(mirror.object.key), `${mirror.object.key} is none of ${uids}`)

  const events = harness.emitted.flatMap((each) => (each.type === 'event' ? each : []))
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'each is told once')
  assert.ok(events.every(({ at, observedAt }) => at <= observedAt + SECOND))
  assert.ok(harness.watcher.progress()[0]!.counters!['omitted.events.routine']! > 0)
})
