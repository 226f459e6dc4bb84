/**
 * What an agent takes of memory on a node that is as full as a kubelet allows: it watches the pods on a real API server for their
 * contexts, their cgroups are there, and processes are started, end and are killed in them. Jobs come and go meanwhile, as they do
 * for days.
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cgroup } from '../../agent/native/testing/cgroup.ts'
import { startRedis } from '../../deploy/local/redis.ts'
import { compileInto } from '../../deploy/local/steps/compiled-code.ts'
import type { Batch } from '../../graph/model/batch.ts'
import { openConsumer } from '../../graph/queue/main.ts'
import { controlPlaneUnavailable, startControlPlane } from '../cluster/control-plane.ts'
import { atWork, memoryOf, startAgent, stop, unpinAll } from '../support/agent-process.ts'
import { type ApiWriter, inParallel, openApi } from '../support/api-writer.ts'
import { nodeOf, type Owner, podOf, type Run, runningOf, workloadOf } from '../support/full-node.ts'
import type { Row } from './row.ts'

/** What a kubelet takes where nobody sets its maxPods. */
const PODS = 110
const PODS_OF_APP = 5
/** How long the first start is watched. */
const FIRST_SECONDS = 15
/** How long it goes on: longer than the agent remembers containers and pods that are gone, which is a minute. */
const SECONDS = 90
/** What happens each second of that: pods of Jobs, containers without a word of the API, processes that a probe starts, OOM kills. */
const EACH = { jobs: 3, bare: 50, probes: 10, kills: 1 }
const LIMIT = 16 << 20
const LEAST_FIELDS = 50
const NODE = 'bench-node'
const NAMESPACE = '/api/v1/namespaces/default'
const cluster = `bench-full-node-${process.pid}`

type CleanUp = () => unknown

const newId = (): string => randomBytes(32).toString('hex')

/** A pod, its containers' runs and cgroups. */
interface RunningPod {
  readonly name: string
  readonly index: number
  readonly cgroup: Cgroup
  /** Of its two containers: this one is killed and started anew, and the other stays. */
  app: Cgroup
  readonly proxy: Cgroup
  runs: readonly [app: Run, proxy: Run]
}

/** Plays the kubelet and the controllers of one node. */
class FullNode {
  readonly pods: RunningPod[] = []
  readonly #api: ApiWriter
  readonly #test: TestContext
  readonly #kubepods: Cgroup
  #made = 0
  #jobs = 0

  constructor(api: ApiWriter, test: TestContext) {
    this.#api = api
    this.#test = test
    this.#kubepods = new Cgroup(test)
  }

  async fill(): Promise<void> {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    await this.#api.send('POST', '/api/v1/nodes', nodeOf(NODE, bootId))
    await inParallel(PODS / PODS_OF_APP, async (app) => {
      const deployment = await this.#own('/apis/apps/v1', workloadOf('Deployment', `app-${app}`))
      const replicaSet = await this.#own('/apis/apps/v1', workloadOf('ReplicaSet', `app-${app}`, deployment))
      for (let pod = 0; pod < PODS_OF_APP; pod++) this.pods.push(await this.#run(`app-${app}`, replicaSet))
    })
  }

  /** All that goes on in one second. */
  async second(number: number): Promise<void> {
    const pick = (offset: number) => this.pods[(number * 7 + offset) % PODS]!
    const jobs = Array.from({ length: EACH.jobs }, () => this.#job())
    const kills = Array.from({ length: EACH.kills }, (_, kill) => this.#kill(pick(kill)))
    for (let count = 0; count < EACH.bare; count++) this.#bare()
    for (let probe = 0; probe < EACH.probes; probe++) pick(probe * 11).proxy.spawn('exec true')
    await Promise.all([...jobs, ...kills, sleep(1_000)])
  }

  /** A Job's pod from its begin to its removal. */
  async #job(): Promise<void> {
    const name = `job-${this.#jobs++}`
    const job = await this.#own('/apis/batch/v1', workloadOf('Job', name))
    const pod = await this.#run(name, job)
    await sleep(1_000)
    await this.#api.send('DELETE', `${NAMESPACE}/pods/${pod.name}?gracePeriodSeconds=0`)
    await this.#api.send('DELETE', `/apis/batch/v1/namespaces/default/jobs/${name}?propagationPolicy=Background`)
    await pod.cgroup.remove()
  }

  /** The container's process is killed for its memory; the kubelet starts it anew. */
  async #kill(pod: RunningPod): Promise<void> {
    const killed = pod.app
    const [{ id, ...run }, other] = pod.runs
    await once(killed.limit(LIMIT).spawn('exec tail /dev/zero'), 'exit')
    pod.runs = [{ ...run, id: newId(), previous: id, restarts: run.restarts + 1 }, other]
    pod.app = this.#start(pod.cgroup, pod.runs[0])
    await killed.remove()
    await this.#tell(pod)
  }

  /** A pod of an app with two containers that wait. */
  async #run(app: string, owner: Owner): Promise<RunningPod> {
    const index = this.#made++
    const name = `${app}-5c9b6d7cfd-${index}`
    const { metadata } = await this.#api.send<{ metadata: { uid: string } }>(
      'POST',
      `${NAMESPACE}/pods`,
      podOf(NODE, app, name, owner),
    )
    const cgroup = new Cgroup(this.#test, { parent: this.#kubepods, name: `pod${metadata.uid}` })
    const runOf = (container: string): Run => ({ name: container, id: newId(), previous: newId(), restarts: 1 })
    const runs = [runOf('app'), runOf('proxy')] as const
    const pod = { name, index, cgroup, runs, app: this.#start(cgroup, runs[0]), proxy: this.#start(cgroup, runs[1]) }
    await this.#tell(pod)
    return pod
  }

  /** A container of a pod that the API never shows, gone at once. */
  #bare(): void {
    const pod = join(this.#kubepods.folder, `pod${crypto.randomUUID()}`)
    const folders = [pod, join(pod, newId())]
    for (const folder of folders) mkdirSync(folder)
    for (const folder of folders.toReversed()) rmdirSync(folder)
  }

  #start(pod: Cgroup, { id }: Run): Cgroup {
    const cgroup = new Cgroup(this.#test, { parent: pod, name: id })
    cgroup.spawn('exec sleep 3600')
    return cgroup
  }

  async #tell({ name, index, runs }: RunningPod): Promise<void> {
    await this.#api.send('PATCH', `${NAMESPACE}/pods/${name}/status`, runningOf(index, runs))
  }

  async #own(group: string, manifest: ReturnType<typeof workloadOf>) {
    const { apiVersion, kind } = manifest
    const path = `${group}/namespaces/default/${kind.toLowerCase()}s`
    const { metadata } = await this.#api.send<{ metadata: { name: string; uid: string } }>('POST', path, manifest)
    return { apiVersion, kind, name: metadata.name, uid: metadata.uid }
  }
}

/** What the agent tells of the node's pods: read out of the queue, as a worker does. */
class Told {
  events = 0
  /** Events in containers that the API knows, and the fewest fields of a context of them. */
  attributed = 0
  fewestFields = Number.POSITIVE_INFINITY

  take({ observations, contexts }: Batch): void {
    for (const each of observations) {
      if (each.type !== 'event') continue
      this.events++
      const context = each.contextKey === undefined ? undefined : contexts[each.contextKey]
      if (context?.containerName === undefined) continue
      this.attributed++
      this.fewestFields = Math.min(this.fewestFields, Object.keys(context).length)
    }
  }
}

export const bench = async (): Promise<Row[]> => {
  const reason = await controlPlaneUnavailable()
  if (reason) throw new Error(reason)
  const folder = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const cleanUps: CleanUp[] = [() => rmSync(folder, { recursive: true, force: true })]
  const after = (cleanUp: CleanUp) => cleanUps.unshift(cleanUp)
  try {
    const redis = await startRedis({ dataDir: join(folder, 'redis') })
    after(() => redis.stop())
    const server = await startControlPlane()
    after(() => server.stop())
    const api = await openApi(server.kubeconfig)
    after(() => api.close())
    const node = new FullNode(api, { after } as unknown as TestContext)
    await node.fill()
    const told = new Told()
    const consumer = openConsumer({ redisUrl: redis.url, prefix: cluster }, async (batch) => told.take(batch))
    after(() => consumer.close())
    after(() => unpinAll(cluster))
    const compiled = join(folder, 'compile-cache')
    const start = async (): Promise<ChildProcess> => {
      const child = startAgent({
        ...{ AITIA_CLUSTER: cluster, AITIA_QUEUE_PREFIX: cluster, AITIA_DATA: join(folder, 'agent') },
        ...{ AITIA_REDIS_URL: redis.url, KUBECONFIG: server.kubeconfig, AITIA_NODE_NAME: NODE },
        NODE_COMPILE_CACHE: compiled,
      })
      after(() => stop(child))
      await atWork(child, cluster)
      return child
    }
    // It begins with what the set-up compiled, as a first start does, and leaves its own to the one that is measured.
    await compileInto(compiled)
    const before = await start()
    for (let count = 0; count < FIRST_SECONDS; count++) await node.second(count)
    const first = memoryOf(before.pid!, 'VmHWM')
    await stop(before)
    const agent = await start()
    for (let count = 0; count < SECONDS; count++) await node.second(count)
    const [held, peak] = [memoryOf(agent.pid!, 'VmRSS'), memoryOf(agent.pid!, 'VmHWM')]
    if (told.fewestFields < LEAST_FIELDS)
      throw new Error(`a context of ${told.fewestFields} fields, expected ${LEAST_FIELDS} at least`)
    const least = SECONDS * (EACH.jobs + EACH.kills)
    if (told.attributed < least) throw new Error(`${told.attributed} events in known containers, expected ${least}`)
    const { jobs, bare, probes, kills } = EACH
    return [
      {
        what: `RSS of an agent on a node with ${PODS} pods of two containers each`,
        value: held,
        unit: 'MB',
        budget: { atMost: 150 },
        detail: `the pods of the node watched on a real API server; after ${SECONDS} s with ${jobs} pods of Jobs and ${bare} other containers that came and went each second, ${kills} OOM kill and ${probes} probes; ${told.attributed} of ${told.events} events were of known containers, each with a context of ${told.fewestFields} fields at least; the most since its start was ${peak.toFixed(0)} MB`,
      },
      {
        what: 'the same on its first start',
        value: first,
        unit: 'MB',
        budget: { atMost: 150 },
        detail: `the most that it held in its first ${FIRST_SECONDS} s of that, with what the set-up compiled`,
      },
    ]
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}
