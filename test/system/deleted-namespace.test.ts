/** A namespace that was deleted from a real API server: every question about the time before is answered as it was then. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createApi } from '../../api/graphql/main.ts'
import { loadRecording } from '../../graph/ingest/main.ts'
import { readDocument } from '../../graph/model/document.ts'
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import { MINUTE, now, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import type { Changes } from '../../queries/reads/changes.ts'
import type { Events, OwnerChain, Reliance, WorkloadView } from '../../queries/reads/main.ts'
import type { StoredObject } from '../../queries/reads/stored.ts'
import type { Topology } from '../../queries/reads/topology.ts'
import type { AddressHolders } from '../../queries/reads/who-had.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../cluster/control-plane.ts'
import { lacksCollectors } from '../support/collectors.ts'
import { CONTENT, empty, fill } from './shop-namespace.ts'
import { eventually, type Stack, startStack } from './stack.ts'

const skip = lacksCollectors('kubernetes') || ((await controlPlaneUnavailable()) ?? false)

/** What GraphQL tells of each object. */
type Told = Readonly<Record<string, { name: string; state: object | null; context?: object | null }>>

describe('a namespace that was deleted', { skip }, () => {
  let server: ApiServerOnly
  let stack: Stack
  /** Before anything was there. */
  let start: number
  /** World and knowledge time at which all was there. */
  let then: number

  const ask = <T>(...words: string[]): Promise<T> => stack.ask<T>(...words, '-n', 'shop', '--at', String(then))

  /** Nothing runs on this node, so that the word of its kernel is written as an agent would have sent it. */
  const tellKernel = async (uid: string): Promise<void> => {
    const told = readDocument(
      `
title: A container's first process
start: ${toRfc3339(now())}
contexts:
  k: {namespace: shop, podName: checkout-1-1, podUid: ${uid}, workloadName: checkout, containerName: app}
observations:
  - {event: process-exec, at: +0s, object: Container/app-1, pod: {kind: Pod, key: ${uid}, name: checkout-1-1, namespace: shop}, containerName: app, contextKey: k}
`,
      'kernel',
    )
    await loadRecording(stack.store, told, 'real')
  }

  before(async () => {
    server = await startControlPlane()
    stack = await startStack({ cluster: 'real', kubeconfig: server.kubeconfig, collectors: 'kubernetes' })
    stack.roles.worker.start()
    stack.roles.agent.start()
    start = now()
    const [pod] = await fill(server)
    await tellKernel(pod!.metadata.uid)
    await eventually('the graph has it all', 120, async () => {
      const { edges } = await stack.ask<Topology>('topology', '-n', 'shop')
      const count = (kind: string) => edges.filter((edge) => edge.kind === kind).length
      const wanted = {
        ...{ OWNS: 3, RUNS: 6, RUNS_ON: 2, SELECTS: 2, HOLDS: 3, MOUNTS: 4, READS_ENV_FROM: 2 },
        ...{ ROUTES_TO: 1, APPLIES_TO: 2, SCALES: 1 },
      }
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

  /** State of each object, with its whole body, and the context of the pod of which the kernel told, by GraphQL. */
  const states = async (known: number | null): Promise<Told> => {
    const asked = Object.entries(CONTENT).map(([kind, it]) => {
      const body = kind in OBJECTS ? (kind as keyof typeof OBJECTS) : 'Workload'
      return `${kind}: object(kind: "${kind}", name: "${it}", namespace: "shop", at: $at, known: $known) {
        kind name state { at source body { ... on ${body}Body { ${Object.keys(OBJECTS[body].body).join(' ')} } } }
        ... on Pod { context { podName workloadName containerName } }
      }`
    })
    const api = createApi({ store: stack.store, cluster: 'real' })
    const response = await api.fetch('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `query ($at: Timestamp, $known: Timestamp) { ${asked.join('\n')} }`,
        variables: { at: toRfc3339(then), known: known === null ? null : toRfc3339(known) },
      }),
    })
    const { data, errors } = (await response.json()) as { data: Told; errors?: unknown }
    assert.equal(errors, undefined)
    return data
  }

  /**
   * All questions about `then`, each as the graph knew it then: the answers are to be the same to the last property, but for
   * the doubt that sources lag, which passes.
   */
  const answers = async () => {
    const known = ['--known', String(then)]
    const window = ['--from', String(start), '--to', String(then), '--first', '1000']
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
      secret: await ask<Reliance>('dependents', 'secret/login', ...known),
      claim: await ask<Reliance>('dependents', 'pvc/data', ...known),
      ingress: await ask<Reliance>('dependencies', 'ingress/front', ...known),
      autoscaler: await ask<Topology>('topology', 'hpa/checkout', ...known),
      policy: await ask<Topology>('topology', 'netpol/wall', ...known),
      changes: await stack.ask<Changes>(
        'changes',
        'deployment/checkout',
        '-n',
        'shop',
        '--around',
        ...window,
        ...known,
      ),
      states: await states(then),
    }
    // Relations of one walk are told in no order.
    const sorted = (all: readonly unknown[]) => all.map((each) => JSON.stringify(each)).sort()
    const graph = ({ edges, nodes }: Topology) => ({ edges: sorted(edges), nodes: nodes.map((it) => it.key).sort() })
    return JSON.parse(
      JSON.stringify(
        {
          ...all,
          whole: graph(all.whole),
          topology: graph(all.topology),
          dependencies: names(all.dependencies).sort(),
          dependents: names(all.dependents).sort(),
          node: names(all.node).sort(),
          secret: names(all.secret).sort(),
          claim: names(all.claim).sort(),
          ingress: names(all.ingress).sort(),
          autoscaler: graph(all.autoscaler),
          policy: graph(all.policy),
          changes: { ...all.changes, changes: sorted(all.changes.changes) },
        },
        (member, value: unknown) => (member === 'doubts' ? undefined : value),
      ),
    ) as Record<string, unknown>
  }

  test('is answered as it was, in the world and to the knowledge of then', async () => {
    const settled = () => ask<OwnerChain>('owners', 'pod/checkout-1-1', '--known', String(then))
    await eventually('all lanes have come to then', 60, settled)
    const alive = await answers()
    await empty(server, stack.folder)
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
      view.pods.map((pod) => [
        ...[name(pod.object), pod.node?.name],
        pod.containers.map((it) => `${it.name} ${it.role}`).sort(),
      ]),
      pods.map((pod) => [pod, 'node-1', ['app main', 'proxy sidecar', 'set-up init']]),
    )
    assert.deepEqual(
      view.services.map(({ ready, endpoints }) => [ready, endpoints]),
      [[1, 2]],
    )
    const relied = names(await ask<Reliance>('dependencies', 'deployment/checkout'))
    const used = ['ConfigMap settings', 'PersistentVolumeClaim data', 'Secret login']
    for (const each of [...pods, ...used, 'ReplicaSet checkout-1', 'Node node-1', 'Address 10.244.1.1'])
      assert.ok(relied.includes(each), `${each} in ${relied}`)
    for (const each of ['configmap/settings', 'secret/login', 'pvc/data']) {
      const suffering = names(await ask<Reliance>('dependents', each))
      for (const one of [...pods, ...chain, 'Service checkout', 'Ingress front'])
        assert.ok(suffering.includes(one), `${one} in ${suffering}`)
    }
    for (const [of, there] of [
      ['netpol/wall', pods],
      ['hpa/checkout', ['Deployment checkout']],
    ] as const) {
      const { nodes } = await ask<Topology>('topology', of)
      for (const each of there) assert.ok(nodes.map(name).includes(each), `${each} around ${of}`)
    }
    const told = await states(null)
    assert.deepEqual(
      Object.values(told).map(({ name, state }) => [name, state !== null]),
      Object.values(CONTENT).map((it) => [it, true]),
    )
    assert.deepEqual(told.Pod?.context, {
      ...{ podName: 'checkout-1-1', workloadName: 'checkout', containerName: 'app' },
    })
    const held = await stack.ask<AddressHolders>('who-had', '10.244.1.2', '--at', String(then))
    assert.deepEqual([held.result, held.holders.map(({ object }) => name(object))], ['one', ['Pod checkout-1-2']])
    const events = await ask<Events>('events', 'deployment/checkout', '--since', '-1h')
    assert.ok(events.events.some(({ kind }) => kind === 'container-started'))
    const window = ['--from', String(then), '--to', String(now())]
    const changes = await stack.ask<Changes>('changes', 'deployment/checkout', '-n', 'shop', ...window, '--around')
    const gone = changes.changes.filter(({ what }) => what === 'deleted').map(({ object }) => name(object))
    const bound = ['HorizontalPodAutoscaler checkout', 'NetworkPolicy wall']
    assert.deepEqual(gone.sort(), [...chain, ...used, ...bound, ...pods].sort())
    assert.ok(changes.changes.every(({ at }) => at > then && at < then + 600 * SECOND))
    const earlier = ['--from', String(start - MINUTE), '--to', String(then), '--first', '1000']
    const before = await stack.ask<Changes>('changes', 'deployment/checkout', '-n', 'shop', ...earlier, '--around')
    const came = before.changes.filter(({ what }) => what === 'appeared').map(({ object }) => name(object))
    for (const each of [...chain, ...used, ...pods]) assert.ok(came.includes(each), `${each} in ${came}`)
    assert.ok(!before.changes.some(({ what }) => what === 'deleted'))
  })
})
