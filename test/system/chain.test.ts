/** A Deployment behind a Service is OOM-killed on a real node; aitia, as people start it, says why, whatever dies meanwhile. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { OomKill } from '../../graph/model/generated/types.ts'
import { now } from '../../graph/model/time.ts'
import type { Incident, Page } from '../../queries/reads/incidents.ts'
import type { Verdict } from '../../queries/reads/occurrences.ts'
import type { Answer, IncidentAnswer } from '../../queries/reads/why.ts'
import { type Cluster, clusterUnavailable, startCluster } from '../cluster/cluster.ts'
import { cart, shopNamespace, workload } from '../cluster/workloads.ts'
import { lacksCollectors } from '../support/collectors.ts'
import { eventually, type Stack, startStack } from './stack.ts'

const skip = lacksCollectors('ebpf', 'kubernetes') || ((await clusterUnavailable()) ?? false)

const PINS = '/sys/fs/bpf/aitia'
const VERDICTS_OF = `CYPHER 5 MATCH (kill:OomKill {cluster: $cluster}) WHERE kill.podName STARTS WITH $name
  MATCH (kill)<-[:EVIDENCE]-(verdict:Verdict) RETURN verdict.id AS id LIMIT 1`

interface PodList {
  items: {
    metadata: { name: string }
    status: {
      containerStatuses?: { restartCount: number; state: { waiting?: { reason: string }; terminated?: object } }[]
    }
  }[]
}

describe('the chain on a real cluster', { skip }, () => {
  let cluster: Cluster
  let stack: Stack
  let pinnedBefore: readonly string[]

  before(async () => {
    pinnedBefore = pins()
    cluster = await startCluster()
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

  const eater = (name: string) => workload(name, { eat: ['main', '256'], memoryMiB: 64 })

  const incidentsOf = async (name: string): Promise<readonly Incident[]> =>
    (await stack.ask<Page<Incident>>('incidents', '-n', 'shop', '--workload', name)).items

  /** Kills so far by the kubelet's own count, while the container waits for its next start; null at other times. */
  const killsOf = async (name: string): Promise<number | null> => {
    const pods = JSON.parse(
      await cluster.kubectl('get', 'pods', '-n', 'shop', '-l', `app=${name}`, '-o', 'json'),
    ) as PodList
    const status = pods.items[0]?.status.containerStatuses?.[0]
    return status?.state.waiting?.reason === 'CrashLoopBackOff' ? status.restartCount + 1 : null
  }

  const killed = (name: string, times = 1) =>
    eventually(`${name} is killed`, 120, async () => ((await killsOf(name)) ?? 0) >= times || null)

  /** The one incident of a workload once it counts every kill, none twice, and its last occurrence is final. */
  const settled = (name: string) =>
    eventually(`one incident tells of each kill of ${name}`, 240, async () => {
      const kills = await killsOf(name)
      const incidents = await incidentsOf(name)
      assert.ok(incidents.length <= 1, `one incident expected, got ${JSON.stringify(incidents)}`)
      const [incident] = incidents
      if (kills === null || incident === undefined || (await killsOf(name)) !== kills) return null
      assert.ok(incident.count <= kills, `${kills} kills, ${incident.count} occurrences`)
      if (incident.count !== kills || incident.status !== 'final')
        throw new Error(`${incident.count} of ${kills}, ${incident.status}`)
      return incident
    })

  const why = async (name: string) => stack.ask<Answer>('why', `deployment/${name}`, '-n', 'shop')
  /** The one incident that `why` tells of, asked again while its newest kill still waits for what belongs to it. */
  const answerOf = (name: string): Promise<IncidentAnswer & { verdict: Verdict }> =>
    eventually(`why explains ${name}`, 90, async () => {
      const answer = await why(name)
      if (answer.result !== 'incident') throw new Error(`${answer.result} instead of an incident`)
      const [first, ...others] = answer.incidents
      if (others.length > 0 || first?.verdict?.status !== 'final') return null
      return { ...first, verdict: first.verdict }
    })

  test('one right incident for the Deployment, none for the healthy one', async () => {
    await cluster.apply(eater('checkout'))
    await killed('checkout')
    await settled('checkout')
    const answer = await answerOf('checkout')
    assert.deepEqual(
      answer.evidence.map((it) => it.step),
      ['memory-pressure', 'oom-kill', 'process-exit', 'container-terminated'],
    )
    const kill = answer.evidence[1]?.event as unknown as OomKill | undefined
    assert.ok(kill !== undefined)
    assert.deepEqual(kill.victimCommands, ['eat'])
    assert.equal(kill.limitBytes, 64 * 2 ** 20)
    assert.equal(kill.global, false)
    const affected = answer.affected.map((it) => `${it.role} ${it.object.name}`)
    assert.ok(affected.includes('workload checkout') && affected.includes('service checkout'), affected.join(', '))
    assert.ok(!affected.some((it) => it.endsWith(' cart')))
    assert.equal(answer.verdict.outcome, 'main killed')
    assert.equal(answer.verdict.status, 'final')
    assert.equal(answer.verdict.confidence, 0.95)
    assert.deepEqual(answer.verdict.missing, [])
    const times = answer.evidence.map((it) => [it.event.at, it.event.at + it.event.uncertainty] as const)
    for (const [index, [, latest]] of times.entries())
      assert.ok(
        (times[index + 1]?.[1] ?? Number.POSITIVE_INFINITY) >= times[index]![0],
        `step ${index} comes after the next (${latest})`,
      )

    assert.equal((await why('cart')).result, 'healthy')
    assert.deepEqual(await incidentsOf('cart'), [])
    assert.equal((await stack.ask<Page<Incident>>('incidents')).items.length, 1)
  })

  /** A workload that is killed while something of aitia is: what is told of it in the end is asked once all crashes are over. */
  const crashes: { what: string; name: string }[] = []
  const during = (what: string, name: string, crash: (name: string) => Promise<void>) => {
    crashes.push({ what, name })
    test(what, { timeout: 400_000 }, async () => {
      await crash(name)
      // Heartbeats come behind all that was spooled and queued before them.
      await listening(now())
    })
  }

  during('agent killed before the OOM kill and started after it', 'before-the-kill', async (name) => {
    await stack.roles.agent.kill()
    await cluster.apply(eater(name))
    await killed(name)
    stack.roles.agent.start()
  })

  during('agent killed with observations spooled, not queued', 'spooled', async (name) => {
    await stack.crashRedis(async () => {
      await cluster.apply(eater(name))
      await killed(name)
      await stack.roles.agent.kill()
    })
    stack.roles.agent.start()
  })

  during('worker killed with jobs queued, not committed', 'queued', async (name) => {
    await stack.roles.worker.kill()
    await cluster.apply(eater(name))
    await killed(name)
    await stack.crashRedis()
    stack.roles.worker.start()
  })

  during('worker killed after the commit, before the acknowledgement', 'committed', async (name) => {
    await cluster.apply(eater(name))
    await eventually('the pod is in the graph', 60, async () => {
      const rows = await stack.store.read(
        'CYPHER 5 MATCH (d:Deployment {cluster: $c, namespace: "shop", name: $name}) RETURN d.key',
        { c: 'real', name },
      )
      return rows.length > 0 || null
    })
    // What the worker commits now it can't acknowledge: Redis hangs.
    process.kill(stack.redis.pid, 'SIGSTOP')
    try {
      await killed(name)
      await stack.roles.worker.kill()
    } finally {
      process.kill(stack.redis.pid, 'SIGCONT')
    }
    stack.roles.worker.start()
  })

  during('correlator killed with the verdict written, the cursor not moved', 'verdict', async (name) => {
    await stack.roles.correlate.kill()
    await cluster.apply(eater(name))
    await killed(name)
    const before = await cursor()
    // Its first round finds the kill and concludes; whoever holds the cursor's lock keeps it from going on.
    await holdingCursor(async () => {
      stack.roles.correlate.start()
      await eventually('a verdict is written', 45, async () => {
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

  const cursor = () =>
    stack.store.read('CYPHER 5 MATCH (c:Cursor {cluster: $cluster}) RETURN c.lanes AS lanes', { cluster: 'real' })
  const holdingCursor = (work: () => Promise<void>) =>
    stack.store.write(async (transaction) => {
      await transaction.run('CYPHER 5 MATCH (c:Cursor {cluster: $cluster}) SET c.held = true REMOVE c.held', {
        cluster: 'real',
      })
      await work()
    })

  for (const { what, name } of crashes)
    test(`${what}: one incident with every kill once`, { timeout: 400_000 }, async () => {
      await settled(name)
      assert.equal((await answerOf(name)).verdict.confidence, 0.95)
    })

  test('nothing is left pinned when the agent ended in good order', async () => {
    assert.equal(pinsOfThis().length, 1)
    await stack.roles.agent.stop()
    await stack.run('doctor', '--unpin')
    assert.deepEqual(pinsOfThis(), [])
  })
})
