/** Two replicas of the cluster-wide collector as `./aitia` starts them, on a real kube-apiserver and a real Redis, while pods come and go. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  EventObservation,
  HeartbeatObservation,
  Observation,
  StateObservation,
} from '../../graph/model/observation.ts'
import { now } from '../../graph/model/time.ts'
import { openConsumer } from '../../graph/queue/main.ts'
import { controlPlaneUnavailable, startControlPlane } from '../cluster/control-plane.ts'
import { type ApiWriter, openApi } from '../support/api-writer.ts'
import { lacksCollectors } from '../support/collectors.ts'
import { redisForTest, testCluster } from '../support/servers.ts'

const command = join(import.meta.dirname, '../../aitia')
const pods = '/api/v1/namespaces/default/pods'
const stamp = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** One replica: a process that can be killed, paused and started again on its data. */
class Replica {
  readonly #environment: NodeJS.ProcessEnv
  readonly #log: string
  #child: ChildProcess | undefined

  constructor(folder: string, name: string, environment: NodeJS.ProcessEnv) {
    this.#log = join(folder, `${name}.log`)
    writeFileSync(this.#log, '')
    this.#environment = { ...process.env, ...environment, AITIA_DATA: join(folder, name), AITIA_HOST_ID: name }
  }

  start(): void {
    this.#child = spawn(command, ['agent', '--collectors', 'kubernetes'], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const log = createWriteStream(this.#log, { flags: 'a' })
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream!.pipe(log, { end: false })
  }

  /** Sends a signal; resolves when the process is gone, if it ends by it. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exited
  }

  log(): string {
    return readFileSync(this.#log, 'utf8')
  }
}

/** All that reached the queue. */
class Received {
  readonly events = new Map<string, EventObservation[]>()
  readonly states = new Map<string, StateObservation[]>()
  readonly sessions = new Map<string, { from: number; to: number; heardAt: number }>()
  /** µs by which the newest claim was behind when it came: with one replica or two. */
  lag = 0

  take(observations: readonly Observation[]): void {
    for (const each of observations) {
      if (each.type === 'event') this.events.set(each.id, [...(this.events.get(each.id) ?? []), each])
      else if (each.type === 'state')
        this.states.set(each.object.key, [...(this.states.get(each.object.key) ?? []), each])
      else if (each.type === 'heartbeat') this.#beat(each)
    }
  }

  #beat({ session, since, watermark }: HeartbeatObservation): void {
    const known = this.sessions.get(session)
    this.lag = now() - watermark
    this.sessions.set(session, { from: since, to: Math.max(watermark, known?.to ?? 0), heardAt: now() })
  }

  /** The state that counts last: of the highest version, and of one version the last. */
  last(key: string): StateObservation | undefined {
    return this.states
      .get(key)
      ?.toSorted((a, b) => a.version - b.version || a.at - b.at)
      .at(-1)
  }
}

interface Made {
  readonly uid: string
  readonly name: string
  readonly runs: string[]
  deleted: boolean
}

/** Makes, changes, terminates and deletes pods, a few at a time, until it is told to stop. */
class Churn {
  readonly made: Made[] = []
  readonly #api: ApiWriter
  #going = true
  #error: unknown
  readonly #running: Promise<void>

  constructor(api: ApiWriter) {
    this.#api = api
    this.#running = this.#run().catch((error) => {
      this.#error = error
    })
  }

  async end(): Promise<void> {
    this.#going = false
    await this.#running
  }

  /** Throws what it could not do. */
  check(): void {
    if (this.#error !== undefined) throw this.#error
  }

  async #run(): Promise<void> {
    for (let index = 0; this.#going; index++) {
      await this.#step(index)
      await sleep(20)
    }
  }

  async #step(index: number): Promise<void> {
    const name = `p-${index}`
    const spec = { containers: [{ name: 'app', image: 'shop/app:1' }] }
    const { metadata } = await this.#api.send<{ metadata: { uid: string } }>('POST', pods, { metadata: { name }, spec })
    const pod: Made = { uid: metadata.uid, name, runs: [], deleted: false }
    this.made.push(pod)
    await this.#terminate(pod)
    // Back and forth: who saw only the ends of it must not take it for unchanged.
    const wavering = this.made[index - 7]
    if (wavering && !wavering.deleted) {
      for (const mark of ['b', null])
        await this.#api.send('PATCH', `${pods}/${wavering.name}`, { metadata: { labels: { mark } } })
    }
    const old = this.made[index - 10]
    if (!old || index % 3 === 0) return
    await this.#terminate(old)
    await this.#api.send('DELETE', `${pods}/${old.name}?gracePeriodSeconds=0`)
    old.deleted = true
  }

  async #terminate(pod: Made): Promise<void> {
    const id = `${pod.uid}-${pod.runs.length}`
    pod.runs.push(id)
    const at = stamp(Date.now())
    const terminated = {
      containerID: `containerd://${id}`,
      exitCode: 1,
      reason: 'Error',
      startedAt: at,
      finishedAt: at,
    }
    await this.#api.send('PATCH', `${pods}/${pod.name}/status`, {
      status: {
        containerStatuses: [
          {
            ...{ name: 'app', image: 'shop/app:1', imageID: 'sha256:1', ready: false },
            ...{ containerID: `containerd://${id}`, restartCount: pod.runs.length, state: { terminated } },
          },
        ],
      },
    })
  }
}

test('of two replicas one sends; killed, paused or stopped, the other goes on: nothing is lost, and what comes twice is equal', {
  skip: lacksCollectors('kubernetes') || ((await controlPlaneUnavailable()) ?? false),
}, async (t) => {
  const ends: (() => unknown)[] = []
  t.after(async () => {
    for (const end of ends.reverse()) await end()
  })
  const plane = await startControlPlane()
  ends.push(() => plane.stop())
  const api = await openApi(plane.kubeconfig)
  ends.push(() => api.close())
  const folder = mkdtempSync(join(tmpdir(), 'aitia-replicas-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  const redisUrl = await redisForTest()
  const prefix = testCluster()
  const received = new Received()
  const consumer = openConsumer({ redisUrl, prefix }, async (batch) => received.take(batch.observations))
  ends.push(() => consumer.close())
  const environment = {
    AITIA_REDIS_URL: redisUrl,
    AITIA_QUEUE_PREFIX: prefix,
    AITIA_CLUSTER: prefix,
    AITIA_LEASE: 'kube-system/aitia',
    KUBECONFIG: plane.kubeconfig,
  }
  const [a, b] = ['a', 'b'].map((name) => new Replica(folder, name, environment)) as [Replica, Replica]
  for (const each of [a, b]) ends.push(() => each.signal('SIGKILL'))

  let churn: Churn | undefined
  const until = async (what: string, seconds: number, condition: () => unknown): Promise<number> => {
    const began = performance.now()
    while (!(await condition())) {
      churn?.check()
      if (performance.now() - began > seconds * 1000)
        throw new Error(`${what}: not in ${seconds} s\na: ${a.log().slice(-2000)}\nb: ${b.log().slice(-2000)}`)
      await sleep(50)
    }
    return performance.now() - began
  }
  a.start()
  await until('the first claims', 60, () => received.sessions.size === 1)
  b.start()
  await until('the other to stand by', 60, () => /stands by/.test(b.log()))
  const running = new Churn(api)
  churn = running
  ends.push(() => running.end())

  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  /** Until what was done after this moment is told, by the other and of its own seeing, and until that vouches for it. */
  const failOver = async (how: string): Promise<void> => {
    const at = now()
    const before = received.lag / 1000
    const leader = [...received.sessions].reduce((x, y) => (y[1].heardAt > x[1].heardAt ? y : x))[0]
    const first = running.made.length + 1
    const told = await until(`what is told after ${how}`, 60, () =>
      running.made.slice(first).some(({ uid }) => received.states.has(uid)),
    )
    const claims = () => [...received.sessions].some(([session, { to }]) => to > at && session !== leader)
    const claimed = await until(`claims after ${how}`, 60, claims)
    const vouches = `vouches for it after ${seconds(told + claimed)} (a claim came ${seconds(before)} late before)`
    console.log(`after ${how}: the other tells after ${seconds(told)}, ${vouches}`)
    assert.ok(told < 20_000, `expected what was done after ${how} to be told in 20 s, took ${seconds(told)}`)
  }

  // A watermark lags by 15 s: what the killed one did not come to claim, the other must have watched.
  await sleep(25_000)

  const count = (replica: Replica, what: RegExp): number => replica.log().match(what)?.length ?? 0
  const kinds = count(a, /: watching/g)
  await a.signal('SIGKILL')
  await failOver('kill -9')
  a.start()
  await until('the killed one to stand by', 60, () => count(a, /stands by/g) > 0)
  await until('the killed one to watch all kinds again', 60, () => count(a, /: watching/g) >= 2 * kinds)
  await sleep(5_000)
  const stood = count(b, /stands by/g)
  await b.signal('SIGSTOP')
  await failOver('a pause')
  await sleep(3_000)
  await b.signal('SIGCONT')
  await until('the paused one to stand by', 30, () => count(b, /stands by/g) > stood)
  // What was paused claims again once it has read for 15 s.
  await sleep(20_000)
  await a.signal('SIGTERM')
  await failOver('an orderly stop')
  await sleep(2_000)
  await running.end()
  running.check()

  const { made } = running
  const seen = ({ uid, deleted }: Made) => {
    const last = received.last(uid)
    return last !== undefined && (last.deleted ?? false) === deleted
  }
  await until('all pods', 30, () => made.every(seen)).catch((error) => {
    throw new Error(`missing: ${JSON.stringify(made.filter((each) => !seen(each)))}: ${error.message}`)
  })
  const { items } = await api.send<{ items: { metadata: { uid: string; labels?: Record<string, string> } }[] }>(
    'GET',
    pods,
  )
  for (const { metadata } of items) {
    const labels = Object.entries(metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`)
    assert.deepEqual(received.last(metadata.uid)?.body.labels, labels, metadata.uid)
  }
  const runs = made.flatMap((pod) => pod.runs)
  const lost = runs.filter((id) => !received.events.has(`container-terminated/${id}`))
  assert.deepEqual(lost, [], 'terminations that were lost')
  const of = ({ observedAt: _, uncertainty: __, ...rest }: EventObservation) => rest
  const twice = [...received.events.values()].filter((all) => all.length > 1)
  for (const [first, ...others] of twice.filter(([first]) => first!.kind === 'container-terminated'))
    for (const other of others) assert.deepEqual(of(other), of(first!))
  const spans = [...received.sessions.values()].sort((x, y) => x.from - y.from)
  const holes = spans.filter(
    ({ from }, index) => index > 0 && from > Math.max(...spans.slice(0, index).map(({ to }) => to)),
  )
  assert.deepEqual(holes, [], `times that no session claims: ${JSON.stringify(spans)}`)
  const states = [...received.states.values()].flat().length
  console.log(
    `${made.length} pods, ${runs.length} terminations, ${states} states; ${twice.length} of ${received.events.size} events came twice, none was lost`,
  )
})
