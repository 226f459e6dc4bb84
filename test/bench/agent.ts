/**
 * What an agent with the ebpf collector costs: the command line's own process against a C program that reads the same kernel
 * programs' records through libbpf and forgets them. The load goes into the ring of either from a third process, whose CPU is
 * not counted; it is of a cgroup that is no container's: the agent counts the first such record and has the others left out of
 * JavaScript. What the way through JavaScript costs is measured with records of a cgroup that nobody knows.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { builtObjects, preparePinDir } from '../../agent/native/native.ts'
import { startRedis } from '../../deploy/local/redis.ts'
import { atWork, memoryOf, startAgent, stop, unpinAll } from '../support/agent-process.ts'
import type { Row } from './row.ts'

const root = join(import.meta.dirname, '../..')
const programs = join(import.meta.dirname, 'programs')
const cluster = `bench-agent-${process.pid}`
const consumerPins = `/sys/fs/bpf/aitia-bench-${process.pid}`

const RATE = 10_000
const TURNS = 5
const TURN_SECONDS = 5
/** How long the first start, without compiled code, is watched. */
const FIRST_SECONDS = 10
/** How long an agent runs before it counts: its code is compiled, and the garbage of its start is gone. */
const SETTLE_SECONDS = 60
/** Id of a cgroup that there is not: such records are decoded one by one, looked for, and counted. */
const NO_CGROUP = 2 ** 40
const BURST_RATE = 100_000
const BURST_SECONDS = 10
const BURST_TURNS = 3

interface Load {
  readonly made: number
  readonly lost: number
  readonly unread: number
  readonly seconds: number
}

/** A process under load, and the folders with the pinned maps of its ring. */
interface Reader {
  readonly pid: number
  readonly folders: readonly string[]
}

const build = (folder: string): { consumer: string; records: string; object: string } => {
  const built = { consumer: join(folder, 'consumer'), records: join(folder, 'records'), object: join(folder, 'o') }
  for (const name of ['consumer', 'records'] as const)
    execFileSync('cc', ['-O2', '-Wall', '-o', built[name], join(programs, `${name}.c`), '-lbpf'])
  const target = ['-target', 'bpf', '-mcpu=v3', '-g', '-O2', '-Wall', '-Werror', `-I${join(root, 'bpf/include')}`]
  execFileSync('clang', [...target, '-c', join(programs, 'records.bpf.c'), '-o', built.object])
  return built
}

/** CPU time of a process so far, ns: /proc/<pid>/stat has ticks of 10 ms only. */
const cpuOf = (pid: number): number => {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    0,
  )
}

export const bench = async (): Promise<Row[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
  const children: ChildProcess[] = []
  const redis = await startRedis({ dataDir: join(folder, 'redis') })
  try {
    const { consumer, records, object } = build(folder)
    const refusal = preparePinDir(consumerPins)
    if (refusal !== null) throw new Error(`nothing can be pinned: ${refusal}`)
    const own = {
      ...{ AITIA_CLUSTER: cluster, AITIA_DATA: join(folder, 'agent'), AITIA_REDIS_URL: redis.url },
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
    }
    const start = () => {
      const child = startAgent(own)
      children.push(child)
      return child
    }
    // without compiled code; it leaves its own to the one that is measured
    const before = start()
    await atWork(before, cluster)
    await sleep(FIRST_SECONDS * 1_000)
    const first = memoryOf(before.pid!, 'VmHWM')
    await stop(before)
    const agentChild = start()
    const consumerChild = spawn(consumer, [consumerPins, ...builtObjects()], { stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(consumerChild)
    const told = createInterface(consumerChild.stdout)[Symbol.asyncIterator]()
    if ((await told.next()).value !== 'ready') throw new Error('the consumer in C did not start')
    const agent: Reader = { pid: agentChild.pid!, folders: await atWork(agentChild, cluster) }
    const plain: Reader = { pid: consumerChild.pid!, folders: [consumerPins] }

    const cgroup = statSync('/sys/fs/cgroup/memory', { throwIfNoEntry: false }) ?? statSync('/sys/fs/cgroup')
    const load = async ({ folders }: Reader, rate: number, seconds: number, about = cgroup.ino): Promise<Load> => {
      const words = [object, rate, seconds, about, ...folders].map(String)
      const child = spawn(records, words, { stdio: ['ignore', 'pipe', 'inherit'] })
      children.push(child)
      const line = (await createInterface(child.stdout)[Symbol.asyncIterator]().next()).value
      if (line === undefined) throw new Error('the load ended without a word')
      const done: Load = JSON.parse(line)
      if (done.seconds > seconds * 1.05) throw new Error(`${seconds} s of load took ${done.seconds} s: not its pace`)
      if (done.unread > 0) throw new Error(`${done.unread} bytes were not read within 10 s`)
      return done
    }
    /** Share of one core that a reader takes meanwhile. */
    const share = async (reader: Reader, work: () => Promise<unknown>): Promise<number> => {
      const [before, start] = [cpuOf(reader.pid), performance.now()]
      await work()
      return (cpuOf(reader.pid) - before) / 1e6 / (performance.now() - start)
    }
    const turn = (reader: Reader, about?: number) => share(reader, () => load(reader, RATE, TURN_SECONDS, about))
    const idle = (reader: Reader) => share(reader, () => sleep(TURN_SECONDS * 1_000))
    const bursts: Load[] = []
    const burst = (reader: Reader) =>
      share(reader, async () => {
        const one = await load(reader, BURST_RATE, BURST_SECONDS)
        if (reader === agent) bursts.push(one)
      })
    // once each before it counts: compilation
    await turn(agent, NO_CGROUP)
    await turn(agent)
    await turn(plain)
    await sleep(SETTLE_SECONDS * 1_000)
    const ofAgent: number[] = []
    const ofPlain: number[] = []
    const ofScript: number[] = []
    const idleAgents: number[] = []
    const idlePlains: number[] = []
    const burstAgents: number[] = []
    const burstPlains: number[] = []
    for (let count = 0; count < TURNS; count++) {
      ofAgent.push(await turn(agent))
      ofPlain.push(await turn(plain))
      ofScript.push(await turn(agent, NO_CGROUP))
      const [idleOfAgent, idleOfPlain] = await Promise.all([idle(agent), idle(plain)])
      idleAgents.push(idleOfAgent)
      idlePlains.push(idleOfPlain)
    }
    for (let count = 0; count < BURST_TURNS; count++) {
      burstAgents.push(await burst(agent))
      burstPlains.push(await burst(plain))
    }
    const [held, peak] = [memoryOf(agent.pid, 'VmRSS'), memoryOf(agent.pid, 'VmHWM')]
    consumerChild.stdin.end()
    const read = Number((await told.next()).value)
    const expected = RATE * TURN_SECONDS * (TURNS + 1) + BURST_RATE * BURST_SECONDS * BURST_TURNS
    if (read < expected) throw new Error(`the consumer in C read ${read} records, expected at least ${expected}`)

    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
    const [mine, least, script] = [median(ofAgent), median(ofPlain), median(ofScript)]
    const [idleMine, idleLeast] = [median(idleAgents), median(idlePlains)]
    const [burstMine, burstLeast] = [median(burstAgents), median(burstPlains)]
    const sum = (of: 'made' | 'lost') => bursts.reduce((all, each) => all + each[of], 0)
    const percent = (share: number) => `${(share * 100).toFixed(2)} %`
    const perRecord = (share: number, rate: number) => `${((share / rate) * 1e9).toFixed(0)} ns`
    return [
      {
        what: `agent's CPU at ${RATE} events/s against a C consumer that does nothing else`,
        value: mine / least,
        unit: 'x',
        budget: { atMost: 2 },
        detail: `${percent(mine)} of a core against ${percent(least)}; median of ${TURNS} turns of ${TURN_SECONDS} s each, by turns; records of processes outside of pods; without load ${percent(idleMine)} against ${percent(idleLeast)}: what it does from time to time, most of it heartbeats through spool and queue into every lane, every 5 s in a quiet time`,
      },
      {
        what: `agent's CPU at ${BURST_RATE} events/s against the same C consumer`,
        value: burstMine / burstLeast,
        unit: 'x',
        budget: { atMost: 2 },
        detail: `${percent(burstMine)} of a core against ${percent(burstLeast)}; median of ${BURST_TURNS} turns of ${BURST_SECONDS} s each, by turns; over what either takes without load ${perRecord(burstMine - idleMine, BURST_RATE)} a record against ${perRecord(burstLeast - idleLeast, BURST_RATE)}; records that JavaScript has to look at take ${perRecord(script - idleMine, RATE)} each`,
      },
      {
        what: `events lost at ${BURST_RATE}/s for ${BURST_SECONDS} s, ${BURST_TURNS} times`,
        value: sum('lost'),
        unit: 'events',
        budget: { atMost: 0 },
        detail: `${sum('made')} made, all others read and acknowledged`,
      },
      {
        what: 'RSS of an agent with the ebpf collector',
        value: held,
        unit: 'MB',
        budget: { atMost: 150 },
        detail: `after the load of the lines above, with the 16 MiB of the ring, started by the launcher with its compiled code kept from the start before; the most since its start was ${peak.toFixed(0)} MB`,
      },
      {
        what: 'RSS of an agent with the ebpf collector on its first start',
        value: first,
        unit: 'MB',
        budget: { atMost: 150 },
        detail: `the most that it held in its first ${FIRST_SECONDS} s, without compiled code from a start before`,
      },
    ]
  } finally {
    for (const child of children) await stop(child)
    unpinAll(cluster)
    rmSync(consumerPins, { recursive: true, force: true })
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
