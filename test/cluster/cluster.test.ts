import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { cgroupFolders } from './cgroups.ts'
import { type Cluster, clusterUnavailable, startCluster } from './cluster.ts'
import { until } from './until.ts'
import { shop, workload } from './workloads.ts'

const skip = (await clusterUnavailable()) ?? false

interface PodList {
  items: {
    metadata: { name: string; uid: string }
    spec: { nodeName: string }
    status: {
      podIP: string
      conditions: { type: string; status: string }[]
      containerStatuses?: {
        containerID: string
        restartCount: number
        lastState: { terminated?: { reason: string; exitCode: number; containerID: string } }
      }[]
    }
  }[]
}

test('a cluster of two nodes', { skip }, async (t) => {
  let cluster: Cluster
  t.before(async () => {
    cluster = await startCluster({ nodes: 2 })
    await cluster.apply(shop)
  })
  t.after(() => cluster?.stop())

  const podsOf = async (app: string) =>
    (await cluster.get<PodList>(`/api/v1/namespaces/shop/pods?labelSelector=app%3D${app}`)).items
  const lastEnd = async (app: string) => (await podsOf(app))[0]?.status.containerStatuses?.[0]?.lastState.terminated
  const readyPods = async (app: string) =>
    (await podsOf(app)).filter(({ status }) =>
      status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
    )

  await t.test('checkout is killed for its memory', async () => {
    const end = await until('the first end of checkout', 60, () => lastEnd('checkout'))
    assert.deepEqual({ reason: end.reason, exitCode: end.exitCode }, { reason: 'OOMKilled', exitCode: 137 })
  })

  await t.test('cart is ready, was never restarted and has its cgroup where the host sees it', async () => {
    const [pod] = await until('cart to be ready', 60, async () => {
      const pods = await readyPods('cart')
      return pods.length > 0 && pods
    })
    const [status] = pod!.status.containerStatuses!
    assert.equal(status!.restartCount, 0)
    const node = cluster.nodes.find(({ name }) => name === pod!.spec.nodeName)!
    const id = status!.containerID.replace('containerd://', '')
    const cgroup = `${node.cgroup}/kubepods/burstable/pod${pod!.metadata.uid}/${id}`
    const folder = cgroupFolders(cgroup).find((path) => /\/memory\//.test(path)) ?? cgroupFolders(cgroup)[0]!
    const [pid] = readFileSync(`${folder}/cgroup.procs`, 'utf8').trim().split('\n')
    assert.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'eat\n')
  })

  await t.test('a child is killed: alone, or with its parent ending by itself', async () => {
    await cluster.apply([
      ...workload('child', { eat: ['child', '256'], memoryMiB: 64 }),
      ...workload('child-exit', { eat: ['child-exit', '256', '3'], memoryMiB: 64 }),
    ])
    const end = await until('the end of child-exit', 60, () => lastEnd('child-exit'))
    assert.deepEqual({ reason: end.reason, exitCode: end.exitCode }, { reason: 'OOMKilled', exitCode: 3 })
    await until('the kill in child', 60, async () =>
      /signal 9/.test(await cluster.kubectl('--namespace=shop', 'logs', 'deployment/child')),
    )
    const [pod] = await podsOf('child')
    assert.equal(pod!.status.containerStatuses![0]!.restartCount, 0)
  })

  await t.test('pods reach each other across nodes', async () => {
    const far = { eat: ['serve', '8080'], memoryMiB: 64, port: 8080, replicas: 4 }
    await cluster.apply(workload('web', far))
    const pods = await until('web on both nodes', 60, async () => {
      const ready = await readyPods('web')
      return ready.length === 4 && new Set(ready.map(({ spec }) => spec.nodeName)).size === 2 && ready
    })
    const from = pods.find(({ spec }) => spec.nodeName === 'node1')!
    const to = pods.find(({ spec }) => spec.nodeName === 'node2')!
    const fetch = ['exec', from.metadata.name, '--', 'wget', '-qO-', `http://${to.status.podIP}:8080/`]
    assert.equal(await cluster.kubectl('--namespace=shop', ...fetch), 'ok\n')
  })

  await t.test('kubelet, containerd and API server come back after kill -9', async () => {
    const [node] = cluster.nodes
    for (const daemon of [node!.kubelet, node!.containerd, cluster.apiServer]) {
      const before = daemon.pid
      await daemon.kill()
      assert.equal(daemon.pid, undefined)
      await daemon.start()
      assert.notEqual(daemon.pid, before)
    }
    // A kubelet that was started again takes its pods for not ready until it has probed them.
    await until('cart to be ready', 60, async () => (await readyPods('cart')).length === 1)
  })

  await t.test('nothing is left after stop', async () => {
    const kinds = ['net', 'mnt', 'uts']
    // Held open: a namespace that is gone leaves its number to the next one, which another test may be making.
    const held = cluster.nodes.flatMap(({ pid }) => kinds.map((kind) => openSync(`/proc/${pid}/ns/${kind}`, 'r')))
    t.after(() => held.forEach(closeSync))
    const namespaces = held.map((descriptor) => readlinkSync(`/proc/self/fd/${descriptor}`))
    const folder = cluster.kubeconfig.replace(/\/pki\/.*/, '')
    await cluster.stop()
    assert.deepEqual(cgroupFolders(`/aitia-cluster-${cluster.name}`).filter(existsSync), [])
    assert.equal(existsSync(folder), false)
    assert.equal(readFileSync('/proc/self/mounts', 'utf8').includes(folder), false)
    // Orphans are reaped by the machine's first process a moment later.
    await until('the namespaces to be gone', 5, async () => {
      const inUse = pids().flatMap((pid) => kinds.map((kind) => namespaceOf(pid, kind)))
      return !inUse.some((namespace) => namespace && namespaces.includes(namespace))
    })
    const mentions = pids().filter((pid) => commandLine(pid).includes(folder))
    assert.deepEqual(mentions, [])
  })
})

const pids = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

function namespaceOf(pid: number, kind: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    return undefined
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
