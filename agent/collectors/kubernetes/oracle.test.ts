/**
 * Random histories of objects on a real kube-apiserver: what the collector tells of them, given to the graph in any order and
 * over crashes, equals the brute-force oracle at every instant, as known at every earlier time.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import { compare } from '../../../graph/ingest/testing/compare.ts'
import { deliver } from '../../../graph/ingest/testing/deliver.ts'
import { deliveriesOf, type Told } from '../../../graph/ingest/testing/history.ts'
import { applySchema, openStore, type Store } from '../../../graph/store/main.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../../test/support/servers.ts'
import { Api, type Manifest } from './testing/api.ts'
import {
  at,
  endpointSlice,
  type Meta,
  node,
  ownerOf,
  plain,
  pod,
  ready,
  replicated,
  running,
  service,
} from './testing/manifests.ts'

const RUNS = 3
/** Ways in which each history is given to the graph. */
const WAYS = 3

const NAMES = ['db-0', 'db-1']
/** All that the server may have beside pods, by the words that delete it. */
const OTHERS: Readonly<Record<string, Manifest>> = {
  'node n1': node('n1'),
  'configmap settings': plain('ConfigMap', 'settings', { data: { level: 'info' } }),
  'service db': service('db'),
  'endpointslice db-x': endpointSlice(
    'db-x',
    'db',
    NAMES.map((name, index) => ({ name, ready: index === 0 })),
  ),
  'statefulset db': replicated('StatefulSet', 'db'),
  'networkpolicy wall': plain(
    'NetworkPolicy',
    'wall',
    { spec: { podSelector: { matchLabels: { app: 'x' } }, policyTypes: ['Ingress'] } },
    'networking.k8s.io/v1',
  ),
  'hpa db': plain(
    'HorizontalPodAutoscaler',
    'db',
    { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' } } },
    'autoscaling/v2',
  ),
}

const step = fc.oneof(
  fc.record({ what: fc.constant('other' as const), name: fc.constantFrom(...Object.keys(OTHERS)) }),
  fc.record({ what: fc.constantFrom('create', 'remove', 'relabel', 'restart'), name: fc.constantFrom(...NAMES) }),
)

suite('what the collector tells of a real kube-apiserver, in the graph', {
  skip: (await controlPlaneUnavailable()) ?? false,
}, () => {
  let api: Api
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    api = await Api.start()
  })
  after(async () => {
    await api?.stop()
    await store.close()
  })

  const there = new Set<string>()
  let made = 0
  const startIn = (name: string): Promise<string> => {
    made++
    const status = running(`${name}-${made}`, at(made % 60), made)
    const ip = `10.1.0.${made}`
    return api.setStatus('pod', name, { ...status, ...ready('True', at(1)), podIP: ip, podIPs: [{ ip }] })
  }
  const removeOne = async (words: string): Promise<void> => {
    there.delete(words)
    const [kind, name] = words.split(' ') as [string, string]
    await api.remove(kind, name)
  }
  const make = async (words: string, manifest: Manifest): Promise<void> => {
    there.add(words)
    await api.apply(manifest)
  }
  const podOf = async (name: string): Promise<Manifest> => {
    const isOwned = there.has('statefulset db')
    const set = isOwned ? (JSON.parse(await api.kubectl('get', 'sts', 'db', '-o', 'json')) as Meta) : null
    const owner = set === null ? {} : { owner: ownerOf('apps/v1', 'StatefulSet', 'db', set) }
    const { spec, ...others } = pod(name, { nodeName: 'n1', ...owner })
    const volumes = [{ name: 'settings', configMap: { name: 'settings' } }]
    return { ...others, spec: { ...spec, volumes } }
  }

  const play = async ({ what, name }: { what: string; name: string }): Promise<void> => {
    const words = what === 'other' ? name : `pod ${name}`
    const isThere = there.has(words)
    if (what === 'relabel' && isThere)
      await api.kubectl('label', 'pod', name, '--overwrite', `app=${++made % 2 ? 'y' : 'x'}`)
    else if (what === 'restart' && isThere) await startIn(name)
    else if (isThere) await removeOne(words)
    else if (what === 'other') await make(words, OTHERS[words]!)
    if (what === 'create') {
      await make(words, await podOf(name))
      await startIn(name)
    }
  }

  test('equals the history, in whatever order it is told', async (t) => {
    let questions = 0
    const kinds = new Set<string>()
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 14, maxLength: 20, size: 'max' }),
      fc.integer(),
      async (steps, seed) => {
        const harness = await api.watch(t)
        for (const each of steps) await play(each)
        // Both pods again, so that a name was had by two; the last word of each kind may be late, which is as good.
        for (const name of NAMES) await play({ what: 'create', name })
        for (const name of NAMES)
          await harness.state(name, (state) => state.relations.some(({ kind }) => kind === 'RUNS'))
        await harness.stop()
        const told = harness.emitted.filter((one): one is Told => one.type === 'event' || one.type === 'state')
        for (const one of told) if (one.type === 'state') for (const { kind } of one.relations) kinds.add(kind)
        for (const deliveries of fc.sample(deliveriesOf(told), { numRuns: WAYS, seed })) {
          const cluster = testCluster()
          try {
            for (const delivery of deliveries) await deliver(store, cluster, delivery)
            questions += await compare(store, cluster, told)
          } finally {
            await removeCluster(store, cluster)
          }
        }
      },
    )
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true })
    for (const kind of ['RUNS', 'RUNS_ON', 'MOUNTS', 'HOLDS']) assert.ok(kinds.has(kind), `${kind} was declared`)
    t.diagnostic(
      `${questions} questions asked of ${RUNS} histories told in ${WAYS} ways; relations: ${[...kinds].sort()}`,
    )
  })
})
