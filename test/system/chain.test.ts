/** A Deployment behind a Service is OOM-killed on a real node; aitia, as people start it, says why, whatever dies meanwhile. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { OomKill } from '../../graph/model/generated/types.ts'
import { now } from '../../graph/model/time.ts'
import type { Incident, Page } from '../../queries/reads/incidents.ts'
import type { OccurrenceDetail } from '../../queries/reads/occurrences.ts'
import type { Answer } from '../../queries/reads/why.ts'
import { type Cluster, clusterUnavailable, startCluster } from '../cluster/cluster.ts'
import { cart, shopNamespace } from '../cluster/workloads.ts'
import { lacksCollectors } from '../support/collectors.ts'
import { eater, killsIn, TIMES } from './kills.ts'
import { eventually, type Stack, startStack } from './stack.ts'
import { killUnacknowledged } from './unacknowledged.ts'

const skip = lacksCollectors('ebpf', 'kubernetes') || ((await clusterUnavailable()) ?? false)

const PINS = '/sys/fs/bpf/aitia'
const VERDICTS_OF = `CYPHER 5 MATCH (kill:OomKill {cluster: $cluster}) WHERE kill.podName STARTS WITH $name
  MATCH (kill)<-[:EVIDENCE]-(verdict:Verdict) RETURN verdict.id AS id LIMIT 1`

describe('the chain on a real cluster', { skip }, () => {
  let cluster: Cluster
  let stack: Stack
  let pinnedBefore: readonly string[]
  /** Waits until a workload was killed so often, and says how often it was. */
  let killed: (name: string, atLeast?: number, times?: number) => Promise<number>

  before(async () => {
    pinnedBefore = pins()
    cluster = await startCluster()
    killed = killsIn(cluster)
    stack = await startStack({ cluster: 'real', kubeconfig: cluster.kubeconfig })
    for (const role of Object.values(stack.roles)) role.start()
    await cluster.apply([shopNamespace, ...cart])
    await listening()
  })
  after(async () => {
    await stack?.stop()
    await cluster?.stop()
  })

  /** Both collectors are heard in the graph, after `since` in µs. */
  const listening = (since = 0) =>
    eventually('both collectors are heard', 150, async () => {
      const rows = await stack.store.read<{ sources: number }>(
        'CYPHER 5 MATCH (c:Coverage) WHERE c.to > $since RETURN count(DISTINCT c.collector) AS sources',
        { since },
      )
      return rows[0]?.sources === 2 ? true : null
    })

  const pins = () => (existsSync(PINS) ? readdirSync(PINS) : [])
  /** Without those of other agents of this machine, and of such as were killed on it. */
  const pinsOfThis = () => pins().filter((name) => name.startsWith('real-') && !pinnedBefore.includes(name))

  const incidentsOf = async (name: string): Promise<readonly Incident[]> =>
    (await stack.ask<Page<Incident>>('incidents', '-n', 'shop', '--workload', name)).items

  /** Of this cluster alone: the agent sees kills of whatever else runs on this machine too, also of a `shop` in another test's cluster. */
  const incidentsInShop = async (): Promise<readonly Incident[]> => {
    const path = `/api/v1/namespaces/${shopNamespace.metadata.name}/pods`
    const pods = await cluster.get<{ items: { metadata: { name: string } }[] }>(path)
    const own = new Set(pods.items.map(({ metadata }) => metadata.name))
    const { items } = await stack.ask<Page<Incident>>('incidents', '-n', 'shop')
    return items.filter(({ workloadKind, workloadName }) => workloadKind !== 'Pod' || own.has(workloadName))
  }

  /** The one incident of a workload once it was killed for the last time, counts every kill and is final. */
  const settled = async (name: string, times = TIMES) => {
    await killed(name, times, times)
    return eventually(`one incident tells of each kill of ${name}`, 240, async () => {
      const [incident, ...more] = await incidentsOf(name)
      if (incident === undefined || more.length > 0 || incident.count !== times || incident.status !== 'final')
        throw new Error(`${times} kills, and ${JSON.stringify([incident, ...more])}`)
      return incident
    })
  }

  const why = async (name: string) => stack.ask<Answer>('why', `deployment/${name}`, '-n', 'shop')
  const CHAIN = ['memory-pressure', 'oom-kill', 'process-exit', 'container-terminated']
  /** Each kill of a workload's one incident, the latest first, once `why` and all of them are final. */
  const killsToldOf = (name: string): Promise<OccurrenceDetail[]> =>
    eventually(`why explains ${name}`, 90, async () => {
      const answer = await why(name)
      if (answer.result !== 'incident') throw new Error(`${answer.result} instead of an incident`)
      const [first, ...others] = answer.incidents
      if (others.length > 0 || !first?.incident) return null
      const { occurrences } = await stack.ask<{ occurrences: OccurrenceDetail[] }>('incidents', first.incident.id)
      const open = occurrences.filter(({ verdict }) => verdict?.status !== 'final')
      if (open.length > 0) throw new Error(`not final: ${open.map(({ occurrence }) => occurrence.id)}`)
      return occurrences
    })

  /** The chain in its order, the victim and what is affected, with nothing said to be missing. */
  const checkKill = (
    name: string,
    told: OccurrenceDetail,
    { steps = CHAIN, hasService = true, confidence = 0.95 } = {},
  ) => {
    const { occurrence, verdict, evidence, affected } = told
    const what = `${name}, ${JSON.stringify({ occurrence, verdict, affected })}`
    assert.deepEqual(
      evidence.map(({ step }) => step),
      steps,
      what,
    )
    assert.deepEqual(verdict?.missing, [], what)
    assert.equal(verdict?.outcome, 'main killed', what)
    assert.equal(verdict?.confidence, confidence, what)
    const kill = evidence[1]!.event as unknown as OomKill
    assert.deepEqual([kill.victimCommands, kill.limitBytes, kill.global], [['eat'], 64 * 2 ** 20, false], what)
    const roles = affected.map(({ role, object }) => `${role} ${object.name}`)
    assert.ok(roles.includes(`workload ${name}`), what)
    if (hasService) assert.ok(roles.includes(`service ${name}`), what)
    assert.ok(!roles.some((role) => role.endsWith(' cart')), what)
    for (const [index, { event }] of evidence.entries()) {
      const next = evidence[index + 1]?.event
      if (next) assert.ok(next.at + next.uncertainty >= event.at, `${CHAIN[index]} comes after the next: ${what}`)
    }
  }

  /** The kubelet's status tells of the last end of a container alone: of one before it, while nobody watched, there is no word. */
  const WITHOUT_KUBELET = { steps: CHAIN.slice(0, 3), confidence: 0.7 }

  /** All kills of a workload, of which the first may have come before the Service selected the pod. Gives those without the kubelet's word. */
  const checkKills = async (name: string, times: number): Promise<OccurrenceDetail[]> => {
    await settled(name, times)
    const told = await killsToldOf(name)
    assert.equal(told.length, Math.min(times, 20))
    const without = told.filter(({ verdict }) => verdict!.unseen.some(({ step }) => step === 'container-terminated'))
    const first = times === told.length ? told.at(-1) : undefined
    for (const each of told)
      checkKill(name, each, { hasService: each !== first, ...(without.includes(each) && WITHOUT_KUBELET) })
    return without
  }

  test('one right incident for the Deployment, none for the healthy one', async () => {
    await cluster.apply(eater('checkout', 2))
    await settled('checkout', 2)
    const [latest] = await killsToldOf('checkout')
    checkKill('checkout', latest!)
    assert.equal((await why('cart')).result, 'healthy')
    assert.deepEqual(await incidentsOf('cart'), [])
    assert.equal((await incidentsInShop()).length, 1)
  })

  /** A workload that is killed while something of aitia is: what is told of it in the end is asked once all crashes are over. */
  const crashes: { what: string; name: string; isBlind: boolean; times: number }[] = []
  /** `isBlind`: nobody watches Kubernetes meanwhile. */
  const during = (
    what: string,
    name: string,
    crash: (name: string) => Promise<void>,
    { isBlind = false, times = TIMES } = {},
  ) => {
    crashes.push({ what, name, isBlind, times })
    test(what, { timeout: 400_000 }, async () => {
      await crash(name)
      // Heartbeats come behind all that was spooled and queued before them.
      await listening(now())
    })
  }

  // It goes on during all that follows.
  during(
    'a crash loop of 30 kills, whatever else dies meanwhile',
    'loop',
    async (name) => {
      await cluster.apply(eater(name, 30))
      await killed(name, 1, 30)
    },
    { isBlind: true, times: 30 },
  )

  during(
    'agent killed before the OOM kill and started after it',
    'before-the-kill',
    async (name) => {
      await stack.roles.agent.kill()
      await cluster.apply(eater(name))
      await killed(name)
      stack.roles.agent.start()
    },
    { isBlind: true },
  )

  during(
    'agent killed with observations spooled, not queued',
    'spooled',
    async (name) => {
      await stack.crashRedis(async () => {
        await cluster.apply(eater(name))
        await killed(name)
        await stack.roles.agent.kill()
      })
      stack.roles.agent.start()
    },
    { isBlind: true },
  )

  during('worker killed with jobs queued, not committed', 'queued', async (name) => {
    await stack.roles.worker.kill()
    await cluster.apply(eater(name))
    await killed(name)
    await stack.crashRedis()
    stack.roles.worker.start()
  })

  during('worker killed after the commit, before the acknowledgement', 'committed', async (name) => {
    await stack.roles.worker.kill()
    await cluster.apply(eater(name))
    await killed(name)
    await killUnacknowledged(stack, name)
  })

  during('correlator killed with the verdict written, the cursor not moved', 'verdict', async (name) => {
    await stack.roles.correlate.kill()
    await cluster.apply(eater(name))
    await killed(name)
    const before = await cursor()
    // Its first round finds the kill and concludes; whoever holds the cursor's lock keeps it from going on.
    await holdingCursor(async () => {
      stack.roles.correlate.start()
      await eventually('a verdict is written', 200, async () => {
        const rows = await stack.store.read(VERDICTS_OF, { cluster: 'real', name })
        return rows.length > 0 || null
      })
      await stack.roles.correlate.kill()
    })
    assert.deepEqual(await cursor(), before)
    stack.roles.correlate.start()
  })

  during('Neo4j killed during the crash loop', 'no-graph', async (name) => {
    await cluster.apply(eater(name))
    await stack.crashNeo4j(() => killed(name).then(() => {}))
  })

  // Of three kills while it is down the kubelet's status tells of the last two at most: the state and the last state.
  during(
    'the Kubernetes collector is down around three kills',
    'unwatched',
    async (name) => {
      await stack.roles.agent.stop()
      stack.roles.agent.start('--collectors', 'ebpf')
      await cluster.apply(eater(name))
      await killed(name, 3)
      await stack.roles.agent.stop()
      stack.roles.agent.start()
    },
    { isBlind: true },
  )

  const cursor = () =>
    stack.store.read('CYPHER 5 MATCH (c:Cursor {cluster: $cluster}) RETURN c.lanes AS lanes', { cluster: 'real' })
  const holdingCursor = (work: () => Promise<void>) =>
    stack.holding('CYPHER 5 MATCH (c:Cursor {cluster: $cluster}) SET c.held = true', { cluster: 'real' }, work)

  for (const { what, name, isBlind, times } of crashes)
    test(`${what}: one incident with every kill once, each with its whole chain`, { timeout: 1_200_000 }, async () => {
      const without = await checkKills(name, times)
      if (!isBlind) assert.deepEqual(without, [])
      // Unseen, not missing.
      if (name === 'unwatched') assert.ok(without.length > 0)
    })

  test('no workload but those that were killed is in an incident', async () => {
    assert.equal((await why('cart')).result, 'healthy')
    const expected = ['checkout', ...crashes.map(({ name }) => name)].map((name) => `Deployment ${name}`).sort()
    // Of a kill a moment ago it is perhaps not told yet which container it was: it joins the others once it is.
    await eventually('one incident for each', 120, async () => {
      const names = (await incidentsInShop()).map((it) => `${it.workloadKind} ${it.workloadName}`)
      assert.deepEqual(names.sort(), expected)
      return true
    })
  })

  test('nothing is left pinned when the agent ended in good order', async () => {
    assert.equal(pinsOfThis().length, 1)
    await stack.roles.agent.stop()
    await stack.run('doctor', '--unpin')
    assert.deepEqual(pinsOfThis(), [])
  })
})
