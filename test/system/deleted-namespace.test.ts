/** A namespace that was deleted from a real API server: every question about the time before is answered as it was then. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { now, SECOND } from '../../graph/model/time.ts'
import type { Changes } from '../../queries/reads/changes.ts'
import type { Link } from '../../queries/reads/links.ts'
import type { Events, OwnerChain, Reliance, WorkloadView } from '../../queries/reads/main.ts'
import type { StoredObject } from '../../queries/reads/stored.ts'
import type { Topology } from '../../queries/reads/topology.ts'
import type { AddressHolders } from '../../queries/reads/who-had.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../cluster/control-plane.ts'
import { lacksCollectors } from '../support/collectors.ts'
import { eventually, type Stack, startStack } from './stack.ts'

const skip = lacksCollectors('kubernetes') || ((await controlPlaneUnavailable()) ?? false)

interface Made {
  metadata: { name: string; uid: string }
}

const labels = { app: 'checkout' }
const named = (name: string, more: object = {}) => ({ name, namespace: 'shop', ...more })
const owner = (kind: string, { metadata: { name, uid } }: Made) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }],
})
const spec = {
  nodeName: 'node-1',
  volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
  containers: [{ name: 'app', image: 'shop/app:1', volumeMounts: [{ name: 'settings', mountPath: '/etc/shop' }] }],
}
const replicated = (kind: string, metadata: object) => ({
  ...{ apiVersion: 'apps/v1', kind, metadata },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
})
const stamp = (ago: number): string => `${new Date(Date.now() - ago * 1000).toISOString().slice(0, 19)}Z`
const podStatus = (number: number) => ({
  phase: 'Running',
  podIP: `10.244.1.${number}`,
  podIPs: [{ ip: `10.244.1.${number}` }],
  conditions: ['Ready', 'PodScheduled'].map((type) => ({ type, status: 'True', lastTransitionTime: stamp(5) })),
  containerStatuses: [
    {
      ...{ name: 'app', image: 'shop/app:1', imageID: 'sha256:1', ready: true, restartCount: 0, lastState: {} },
      ...{ containerID: `containerd://c${number}`, state: { running: { startedAt: stamp(6) } } },
    },
  ],
})

describe('a namespace that was deleted', { skip }, () => {
  let server: ApiServerOnly
  let stack: Stack
  /** World and knowledge time at which all was there. */
  let then: number

  const kubectl = (...words: string[]): Promise<string> => server.kubectl('-n', 'shop', ...words)
  const create = async (manifest: { kind: string; metadata: { name?: string } }): Promise<Made> => {
    await server.apply(manifest)
    return JSON.parse(await kubectl('get', manifest.kind, manifest.metadata.name!, '-o', 'json')) as Made
  }
  const setStatus = (kind: string, name: string, status: object): Promise<string> =>
    kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  const ask = <T>(...words: string[]): Promise<T> => stack.ask<T>(...words, '-n', 'shop', '--at', String(then))

  const fill = async (): Promise<void> => {
    await server.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: named('settings'), data: { colour: 'blue' } },
      {
        ...{ apiVersion: 'v1', kind: 'Service', metadata: named('checkout') },
        spec: { selector: labels, ports: [{ port: 80 }] },
      },
    ])
    await setStatus('node', 'node-1', { nodeInfo: { machineID: 'machine-1' } as object })
    const deployment = await create(replicated('Deployment', named('checkout')) as never)
    const replicaSet = await create(
      replicated('ReplicaSet', named('checkout-1', owner('Deployment', deployment))) as never,
    )
    const pods = await Promise.all(
      [1, 2].map(async (number) => {
        const metadata = named(`checkout-1-${number}`, { labels, ...owner('ReplicaSet', replicaSet) })
        const pod = await create({ ...{ apiVersion: 'v1', kind: 'Pod', metadata }, spec } as never)
        await setStatus('pod', pod.metadata.name, podStatus(number))
        return pod
      }),
    )
    await server.apply({
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: named('checkout-x', { labels: { 'kubernetes.io/service-name': 'checkout' } }),
      endpoints: pods.map(({ metadata: { name, uid } }, index) => ({
        addresses: [`10.244.1.${index + 1}`],
        conditions: { ready: index === 0 },
        targetRef: { kind: 'Pod', name, namespace: 'shop', uid },
      })),
    })
  }

  /** What the namespace controller does, which does not run here: all that is in it, then the namespace. */
  const empty = async (): Promise<void> => {
    for (const kind of ['deployment', 'replicaset', 'service', 'endpointslice', 'configmap'])
      await kubectl('delete', kind, '--all', '--wait=false')
    await kubectl('delete', 'pod', '--all', '--force', '--grace-period=0')
    await kubectl('delete', 'namespace', 'shop', '--wait=false')
    const namespace = JSON.parse(await kubectl('get', 'namespace', 'shop', '-o', 'json')) as { spec: object }
    const file = join(stack.folder, 'namespace.json')
    writeFileSync(file, JSON.stringify({ ...namespace, spec: { finalizers: [] } }))
    await kubectl('replace', '--raw', '/api/v1/namespaces/shop/finalize', '-f', file)
  }

  before(async () => {
    server = await startControlPlane()
    stack = await startStack({ cluster: 'real', kubeconfig: server.kubeconfig, collectors: 'kubernetes' })
    stack.roles.worker.start()
    stack.roles.agent.start()
    await fill()
    await eventually('the graph has it all', 120, async () => {
      const { edges } = await stack.ask<Topology>('topology', '-n', 'shop')
      const count = (kind: string) => edges.filter((edge) => edge.kind === kind).length
      const wanted = { OWNS: 3, RUNS: 2, RUNS_ON: 2, SELECTS: 2, HOLDS: 3, MOUNTS: 2 }
      const lacking = Object.entries(wanted).filter(([kind, least]) => count(kind) < least)
      if (lacking.length > 0) throw new Error(`too few of ${lacking.map(([kind]) => kind)}`)
      return true
    })
    then = now()
  })
  after(async () => {
    await stack?.stop()
    await server?.stop()
  })

  const name = (object: StoredObject): string => `${object.workloadKind ?? object.kind} ${object.name ?? '?'}`
  const names = ({ found }: Reliance): string[] => found.map(({ object }) => name(object))

  /**
   * All questions about `then`, each as the graph knew it then: the answers are to be the same to the last property, but for
   * the doubt that sources lag, which passes.
   */
  const answers = async () => {
    const known = ['--known', String(then)]
    const all = {
      whole: await ask<Topology>('topology', ...known),
      topology: await ask<Topology>('topology', 'deployment/checkout', ...known),
      workload: await ask<WorkloadView>('workload', 'deployment/checkout', ...known),
      owners: await ask<OwnerChain>('owners', 'pod/checkout-1-1', ...known),
      dependencies: await ask<Reliance>('dependencies', 'service/checkout', ...known),
      dependents: await ask<Reliance>('dependents', 'configmap/settings', ...known),
      node: await ask<Reliance>('dependents', 'node/node-1', ...known),
      holder: await stack.ask<AddressHolders>('who-had', '10.244.1.2', '--at', String(then), ...known),
      events: await ask<Events>('events', 'deployment/checkout', '--since', '-1h', ...known),
    }
    // Relations of one walk are told in no order.
    const sorted = (links: readonly Link[]) => links.map((link) => JSON.stringify(link)).sort()
    const things = (objects: readonly StoredObject[]) => objects.map((it) => it.key).sort()
    return JSON.parse(
      JSON.stringify(
        {
          ...all,
          whole: { edges: sorted(all.whole.edges), nodes: things(all.whole.nodes) },
          topology: { edges: sorted(all.topology.edges), nodes: things(all.topology.nodes) },
          dependencies: names(all.dependencies).sort(),
          dependents: names(all.dependents).sort(),
          node: names(all.node).sort(),
        },
        (member, value: unknown) => (member === 'doubts' ? undefined : value),
      ),
    ) as Record<string, unknown>
  }

  test('is answered as it was, in the world and to the knowledge of then', async () => {
    const settled = () => ask<OwnerChain>('owners', 'pod/checkout-1-1', '--known', String(then))
    await eventually('all lanes have come to then', 60, settled)
    const alive = await answers()
    await empty()
    await eventually('the graph knows that all is gone', 120, async () => {
      const { nodes } = await stack.ask<Topology>('topology', '-n', 'shop')
      if (nodes.length > 0) throw new Error(nodes.map(name).join(', '))
      return true
    })
    assert.deepEqual(await answers(), alive)
    await assert.rejects(stack.ask('owners', 'pod/checkout-1-1', '-n', 'shop'), /any more: it was deleted at/)
  })

  test('each answer tells what was there', async () => {
    const pods = ['Pod checkout-1-1', 'Pod checkout-1-2']
    const chain = ['ReplicaSet checkout-1', 'Deployment checkout']
    const owners = await ask<OwnerChain>('owners', 'pod/checkout-1-1')
    assert.deepEqual(owners.owners.map(name), chain)
    assert.deepEqual(owners.ground.doubts, [])
    const view = await ask<WorkloadView>('workload', 'deployment/checkout')
    assert.deepEqual(
      view.pods.map((pod) => [name(pod.object), pod.node?.name, pod.containers.map((it) => it.name)]),
      pods.map((pod) => [pod, 'node-1', ['app']]),
    )
    assert.deepEqual(
      view.services.map(({ ready, endpoints }) => [ready, endpoints]),
      [[1, 2]],
    )
    const relied = names(await ask<Reliance>('dependencies', 'deployment/checkout'))
    for (const each of [...pods, 'ReplicaSet checkout-1', 'Node node-1', 'ConfigMap settings', 'Address 10.244.1.1'])
      assert.ok(relied.includes(each), `${each} in ${relied}`)
    const suffering = names(await ask<Reliance>('dependents', 'configmap/settings'))
    for (const each of [...pods, ...chain, 'Service checkout'])
      assert.ok(suffering.includes(each), `${each} in ${suffering}`)
    const held = await stack.ask<AddressHolders>('who-had', '10.244.1.2', '--at', String(then))
    assert.deepEqual([held.result, held.holders.map(({ object }) => name(object))], ['one', ['Pod checkout-1-2']])
    const events = await ask<Events>('events', 'deployment/checkout', '--since', '-1h')
    assert.ok(events.events.some(({ kind }) => kind === 'container-started'))
    const window = ['--from', String(then), '--to', String(now())]
    const changes = await stack.ask<Changes>('changes', 'deployment/checkout', '-n', 'shop', ...window, '--around')
    const gone = changes.changes.filter(({ what }) => what === 'deleted').map(({ object }) => name(object))
    assert.deepEqual(gone.sort(), [...chain, 'ConfigMap settings', ...pods].sort())
    assert.ok(changes.changes.every(({ at }) => at > then && at < then + 600 * SECOND))
  })
})
