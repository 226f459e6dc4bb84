/**
 * A large cluster: real API server, controllers and scheduler, nodes played by kwok. How long the graph takes to be as complete as
 * the API, what a change costs in observations, and what the collector takes of memory. The agent is a process of its own.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { simulatedClusterUnavailable, startSimulatedCluster } from '../cluster/simulated.ts'
import { type ApiWriter, inParallel, openApi } from '../support/api-writer.ts'
import { startStack } from '../system/stack.ts'
import type { Row } from './row.ts'

const NODES = 200
const WORKLOADS = 1_000
const REPLICAS = 10
const SERVICES = 500
const ROLLED = 100
const RELABELLED = 5_000
const STEADY_SECONDS = 60
const cluster = 'scale'
const NAMESPACE = '/api/v1/namespaces/default'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'

const deployment = (index: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: `app-${index}` },
  spec: {
    replicas: REPLICAS,
    selector: { matchLabels: { app: `app-${index}` } },
    template: {
      metadata: { labels: { app: `app-${index}`, tier: 'web' } },
      spec: {
        containers: [
          {
            ...{ name: 'app', image: 'registry.example/team/app:1.2.3' },
            resources: { limits: { memory: '64Mi', cpu: '250m' }, requests: { cpu: '10m', memory: '16Mi' } },
          },
        ],
      },
    },
  },
})

const service = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `app-${index}` },
  spec: { selector: { app: `app-${index}` }, ports: [{ port: 80, targetPort: 8080 }] },
})

interface List<T> {
  readonly items: T[]
}
interface Pod {
  readonly metadata: { name: string }
}
interface Deployment {
  readonly metadata: { generation: number }
  readonly status: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; readyReplicas?: number }
}

/** All that were asked for are there and ready, and no others. */
const isReady = ({ metadata: { generation }, status }: Deployment) =>
  status.observedGeneration === generation &&
  [status.replicas, status.updatedReplicas, status.readyReplicas].every((count) => count === REPLICAS)

/** What the graph must hold to be as complete as the API. */
const CURRENT = `CYPHER 5
MATCH (:Pod)-[runsOn:RUNS_ON]->() WHERE runsOn.fromKey STARTS WITH $prefix AND runsOn.end = $open
WITH count(*) AS placed
OPTIONAL MATCH (:Service)-[selects:SELECTS]->() WHERE selects.fromKey STARTS WITH $prefix AND selects.end = $open AND selects.ready
WITH placed, count(selects) AS endpoints
OPTIONAL MATCH ()-[owns:OWNS]->(:Pod) WHERE owns.fromKey STARTS WITH $prefix AND owns.end = $open
RETURN placed, endpoints, count(owns) AS owned`
const STORED = `CYPHER 5
MATCH (state:State {cluster: $cluster}) WITH count(*) AS states
OPTIONAL MATCH (event:Event {cluster: $cluster}) RETURN states, count(event) AS events`
const LABELLED = `CYPHER 5
MATCH (state:State {cluster: $cluster}) WHERE state.body CONTAINS $label RETURN count(DISTINCT state.key) AS pods`

const show = (text: string): void => void (process.stderr.isTTY && process.stderr.write(`\r  ${text}\x1b[K`))
const seconds = (since: number): number => (performance.now() - since) / 1_000
const tell = (what: string, since: number): void => console.error(`  ${what}: ${seconds(since).toFixed(0)} s`)

/** MB that a process holds now, or has held at most. */
function residentOf(pid: number | undefined, which: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return (Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024) / 1e6
}

async function until(what: string, limit: number, reached: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  while (!(await reached())) {
    if (seconds(began) > limit) throw new Error(`${what}: not within ${limit} s`)
    await sleep(500)
  }
  return seconds(began)
}

/** Asks the Deployments, since a list of all pods again and again takes the server longer than what it is waited for. */
async function everyPodReady(api: ApiWriter): Promise<void> {
  await until('every pod is ready', 900, async () => {
    const { items } = await api.send<List<Deployment>>('GET', `${DEPLOYMENTS}?resourceVersion=0`)
    const ready = items.filter(isReady).length
    show(`${ready} of ${WORKLOADS} Deployments ready`)
    if (ready < WORKLOADS) return false
    // Those on their way out are no Deployment's any more.
    const pods = await api.send<List<Pod>>('GET', `${NAMESPACE}/pods?resourceVersion=0`)
    return pods.items.length === WORKLOADS * REPLICAS
  })
}

/** LIST requests that the API server has answered so far. */
async function listRequests(api: ApiWriter): Promise<number> {
  const lines = (await api.text('/metrics')).split('\n')
  const lists = lines.filter((line) => line.startsWith('apiserver_request_total{') && line.includes('verb="LIST"'))
  return lists.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

export async function bench(): Promise<Row[]> {
  const reason = await simulatedClusterUnavailable()
  if (reason) throw new Error(reason)
  const began = performance.now()
  const server = await startSimulatedCluster(NODES)
  const stack = await startStack({ cluster, kubeconfig: server.kubeconfig, collectors: 'kubernetes', server: {} })
  const api = await openApi(server.kubeconfig)
  try {
    await until('the default account', 60, () =>
      api.send('GET', `${NAMESPACE}/serviceaccounts/default`).then(
        () => true,
        () => false,
      ),
    )
    tell('servers', began)
    await inParallel(WORKLOADS, async (index) => void (await api.send('POST', DEPLOYMENTS, deployment(index))))
    await inParallel(SERVICES, async (index) => void (await api.send('POST', `${NAMESPACE}/services`, service(index))))
    tell('Deployments and Services written', began)
    await everyPodReady(api)
    tell('every pod ready', began)

    const open = Number.MAX_SAFE_INTEGER
    const complete = async (endpoints: number): Promise<boolean> => {
      const params = { prefix: `${cluster}/`, open }
      const [found] = await stack.store.read<{ placed: number; endpoints: number; owned: number }>(CURRENT, params)
      show(`in the graph: ${JSON.stringify(found)}`)
      const pods = WORKLOADS * REPLICAS
      return found!.placed === pods && found!.owned >= pods && found!.endpoints === endpoints
    }
    const endpoints = SERVICES * REPLICAS
    const peaks: [after: string, mb: number][] = []
    const peakAfter = (what: string) => peaks.push([what, residentOf(stack.roles.agent.pid, 'VmHWM')])
    stack.roles.worker.start()
    stack.roles.agent.start()
    const synced = await until('the first sync', 600, () => complete(endpoints))
    const stored = async () =>
      (await stack.store.read<{ states: number; events: number }>(STORED, { cluster }))[0] as {
        states: number
        events: number
      }
    peakAfter('first sync')
    tell('first sync', began)
    await settled(stored)

    const [quiet, lists] = [await stored(), await listRequests(api)]
    await sleep(STEADY_SECONDS * 1_000)
    const [afterQuiet, afterLists] = [await stored(), await listRequests(api)]

    const before = await stored()
    await inParallel(ROLLED, async (index) => {
      const template = { metadata: { annotations: { 'example.com/version': '2' } } }
      await api.send('PATCH', `${DEPLOYMENTS}/app-${index}`, { spec: { template } })
    })
    await everyPodReady(api)
    const rolled = await until('the rollout', 300, () => complete(endpoints))
    peakAfter('rollout')
    await settled(stored)
    tell('quiet minute and rollout', began)
    const afterRollout = await stored()

    const pods = (await api.send<List<Pod>>('GET', `${NAMESPACE}/pods?resourceVersion=0`)).items
    const relabels = performance.now()
    await inParallel(RELABELLED, async (index) => {
      const body = { metadata: { labels: { team: 'checkout' } } }
      await api.send('PATCH', `${NAMESPACE}/pods/${pods[index]!.metadata.name}`, body)
    })
    const written = seconds(relabels)
    const relabelled = await until('the relabel', 300, async () => {
      const [found] = await stack.store.read<{ pods: number }>(LABELLED, { cluster, label: 'team=checkout' })
      return found!.pods === RELABELLED
    })
    const afterRelabel = await stored()

    await settled(stored)
    peakAfter('relabel')
    const [, peak] = peaks.at(-1)!
    const resting = residentOf(stack.roles.agent.pid, 'VmRSS')
    const size = `${NODES} nodes, ${WORKLOADS} Deployments, ${WORKLOADS * REPLICAS} pods, ${SERVICES} Services`
    const changedPods = 2 * ROLLED * REPLICAS
    const told = (from: { states: number; events: number }, to: { states: number; events: number }) =>
      `${to.states - from.states} states and ${to.events - from.events} events`
    return [
      { what: 'first sync to a complete graph', value: synced, unit: 's', detail: `${size}; from the agent's start` },
      {
        what: 'the graph behind the API after a rollout of 1,000 pods',
        value: rolled,
        unit: 's',
        detail: `${ROLLED} Deployments; from the last pod being ready: ${told(before, afterRollout)} for ${changedPods} pods made or removed`,
      },
      {
        what: 'the graph behind the API after a relabel of 5,000 pods',
        value: relabelled,
        unit: 's',
        detail: `written within ${written.toFixed(1)} s; ${told(afterRollout, afterRelabel)}`,
      },
      {
        what: 'observations stored in a quiet minute',
        value: afterQuiet.states - quiet.states + afterQuiet.events - quiet.events,
        unit: '',
        budget: { atMost: 0 },
        detail: `${NODES} nodes that renew their Leases; ${told(quiet, afterQuiet)}`,
      },
      {
        what: 'LIST requests in a quiet minute',
        value: afterLists - lists,
        unit: '',
        detail: 'by all clients of the API server, its controllers and kwok included',
      },
      {
        what: 'RSS of the cluster-wide collector with 10,000 pods',
        value: peak,
        unit: 'MB',
        budget: { atMost: 300 },
        detail: `${size}; the peak of the agent's life, queue included: ${peaks.map(([after, mb]) => `${mb.toFixed(0)} MB after the ${after}`).join(', ')}; ${resting.toFixed(0)} MB at rest`,
      },
    ]
  } finally {
    api.close()
    await stack.stop()
    await server.stop()
  }
}

/** Waits until nothing was stored for five seconds. */
async function settled(stored: () => Promise<{ states: number; events: number }>): Promise<void> {
  let last = ''
  await until('the graph to settle', 300, async () => {
    const now = JSON.stringify(await stored())
    const same = now === last
    last = now
    await sleep(5_000)
    return same
  })
}
