import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeartbeatObservation, StateObservation } from '../../graph/model/observation.ts'
import type { RecordedObservation } from '../../graph/model/recording.ts'
import { SECOND } from '../../graph/model/time.ts'
import { testCluster } from '../../test/support/servers.ts'
import { createCorrelator, isCaughtUp, runPattern } from './correlator.ts'
import { statement } from './statements.ts'
import { caseNamed, conclusionsOf, containerOom, countOf, graphForTest, inCluster, split } from './testing.ts'

describe('the engine', async () => {
  const store = await graphForTest()
  const run = (cluster: string, beforeCursor = () => {}) => runPattern(store, cluster, containerOom, { beforeCursor })

  it('evaluates nothing twice: with nothing new, nothing is done', () =>
    inCluster(store, async (cluster, load) => {
      await load(caseNamed('crash-loop'))
      assert.ok((await run(cluster)).verdicts >= 30)
      assert.deepEqual(await run(cluster), { cluster, pattern: 'container-oom', evaluated: 0, verdicts: 0 })
    }))

  it('tells whether anything is due', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('main-killed')
      const isDone = () => isCaughtUp(store, cluster, containerOom)
      const [beats, rest] = split(recording, (each) => each.type === 'heartbeat')
      for (const part of [rest, beats]) {
        await load(recording, part)
        assert.equal(await isDone(), false)
        await run(cluster)
        assert.equal(await isDone(), true)
      }
    }))

  it('writes the same after a crash between verdict and cursor, and nothing twice', async () => {
    const whole = await inCluster(store, async (cluster, load) => {
      await load(caseNamed('crash-loop'))
      await run(cluster)
      return conclusionsOf(store, cluster)
    })
    await inCluster(store, async (cluster, load) => {
      await load(caseNamed('crash-loop'))
      const crash = () => {
        throw new Error('killed here')
      }
      await assert.rejects(run(cluster, crash), /killed here/)
      const verdicts = await countOf(store, cluster, 'Verdict')
      assert.equal(verdicts, 30)
      assert.equal(await countOf(store, cluster, 'Cursor'), 0)
      await run(cluster)
      assert.equal(await countOf(store, cluster, 'Verdict'), verdicts)
      assert.deepEqual(await conclusionsOf(store, cluster), whole)
    })
  })

  it('may run many times at once', () =>
    inCluster(store, async (cluster, load) => {
      await load(caseNamed('crash-loop'))
      await Promise.all([run(cluster), run(cluster), run(cluster)])
      assert.deepEqual([await countOf(store, cluster, 'Verdict'), await countOf(store, cluster, 'Incident')], [30, 1])
      const doubled = await store.read(
        `CYPHER 5 MATCH (o:Occurrence {cluster: $cluster})-[:CONCLUDED]->(v) WITH o, v.number AS number, count(*) AS n WHERE n > 1 RETURN o.id`,
        { cluster },
      )
      assert.deepEqual(doubled, [])
    }))

  it('does not write over the verdict of one that saw more while it stood still', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('main-killed')
      const [end, rest] = split(recording, (each) => each.type === 'event' && each.kind === 'container-terminated')
      await load(
        recording,
        rest.filter((index) => recording.observations[index]?.type !== 'heartbeat'),
      )
      const evaluated = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      let matched = false
      const pause = async () => {
        if (!matched) return
        evaluated.resolve()
        await goOn.promise
      }
      // It stands still when it has matched: before it looks at what is concluded so far, or writes.
      const slow = runPattern(
        {
          ...store,
          read: async (cypher, params) => {
            if (cypher === statement('occurrences-stored')) await pause()
            const rows = await store.read(cypher, params)
            matched ||= cypher === containerOom.cypher
            return rows as never
          },
          write: async (work) => {
            await pause()
            return store.write(work)
          },
        },
        cluster,
        containerOom,
      )
      await evaluated.promise
      await load(recording, end)
      await run(cluster)
      const evidence = () =>
        store.read<{ step: string }>(
          `CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) MATCH (v:Verdict {id: o.verdictId})-[e:EVIDENCE]->()
           RETURN e.step AS step ORDER BY step`,
          { cluster },
        )
      const before = await evidence()
      assert.ok(before.some(({ step }) => step === 'container-terminated'))
      goOn.resolve()
      await slow
      assert.deepEqual(await evidence(), before)
    }))

  it('says first what it waits for, then what it found, and makes an incident only then', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('main-killed')
      const [end, rest] = split(recording, (each) => each.type === 'event' && each.kind === 'container-terminated')
      const [beats, begin] = split(recording, (each) => each.type === 'heartbeat')
      await load(
        recording,
        rest.filter((index) => begin.includes(index)),
      )
      await run(cluster)
      const verdicts = () =>
        store.read<{ status: string; pending: string[] }>(
          'CYPHER 5 MATCH (v:Verdict {cluster: $cluster}) RETURN v.status AS status, v.pending AS pending ORDER BY v.number',
          { cluster },
        )
      assert.deepEqual(await verdicts(), [{ status: 'waiting', pending: ['container-terminated'] }])
      assert.equal(await countOf(store, cluster, 'Incident'), 0)
      await load(recording, end)
      await run(cluster)
      assert.deepEqual((await verdicts()).at(-1), { status: 'provisional', pending: [] })
      assert.equal(await countOf(store, cluster, 'Incident'), 1)
      await load(recording, beats)
      await run(cluster)
      assert.deepEqual(
        (await verdicts()).map(({ status }) => status),
        ['waiting', 'provisional', 'final'],
      )
    }))

  it('moves an occurrence to another incident when its owner turns out to be another, and leaves the first one superseded', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('bare-pod')
      await load(recording)
      await run(cluster)
      const pod = recording.observations.find((each) => each.type === 'state') as RecordedObservation & StateObservation
      const deployment = {
        kind: 'Workload',
        key: 'd',
        name: 'debug',
        namespace: 'shop',
        workloadKind: 'Deployment',
      } as const
      const at = pod.at + SECOND
      const owned = { ...pod, at, relations: [...pod.relations, { kind: 'OWNS', from: deployment } as const] }
      const body = { labels: [], workloadKind: 'Deployment' }
      await load({ ...recording, observations: [owned, { ...pod, at, object: deployment, body, relations: [] }] })
      await run(cluster)
      const incidents = await store.read(
        `CYPHER 5 MATCH (i:Incident {cluster: $cluster}) RETURN i.workloadName AS name, i.count AS count, i.superseded AS superseded ORDER BY count`,
        { cluster },
      )
      assert.deepEqual(incidents, [
        { name: 'debug', count: 0, superseded: true },
        { name: 'debug', count: 1, superseded: null },
      ])
    }))

  it('moves an occurrence to the incident of its container, when that is known by name at last', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('containers-named-late')
      const [pod, rest] = split(recording, (each) => each.type === 'state' && each.object.kind === 'Pod')
      await load(recording, rest)
      await run(cluster)
      await load(recording, pod)
      await run(cluster)
      const incidents = await store.read(
        `CYPHER 5 MATCH (i:Incident {cluster: $cluster}) RETURN i.containerName AS container, i.count AS count, i.superseded AS superseded ORDER BY count DESC`,
        { cluster },
      )
      assert.deepEqual(incidents.at(0), { container: 'app', count: 3, superseded: null })
      assert.ok(incidents.slice(1).every((each) => (each as { superseded: boolean }).superseded))
      const verdicts = await store.read(
        `CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) MATCH (v:Verdict {id: o.verdictId})
         RETURN v.containerName AS name, v.containerResolver AS resolver ORDER BY o.at`,
        { cluster },
      )
      assert.deepEqual(verdicts, [
        { name: 'app', resolver: 'only container of the pod' },
        { name: 'app', resolver: 'only container of the pod' },
        { name: 'app', resolver: 'event' },
      ])
    }))

  const resultsOf = async (cluster: string): Promise<string[]> => {
    const rows = await store.read<{ result: string }>(
      'CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) RETURN o.result AS result ORDER BY o.at',
      { cluster },
    )
    return rows.map(({ result }) => result)
  }

  it('takes a gap that is told of late into a verdict that was final', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('termination-missing')
      await load(recording)
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['near-miss'])
      const kill = recording.observations.find((each) => each.type === 'event') as { at: number }
      const span = { from: kill.at, to: kill.at + 2 * SECOND }
      const gap = { type: 'gap', source: 'kubernetes@cluster', ...span, reason: 'restarted' } as const
      await load({ ...recording, observations: [gap] })
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['incident'])
    }))

  it('takes it in that a source was watching, when that is told after the verdict was final', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('termination-missing')
      const [late, first] = split(
        recording,
        (each) => each.type === 'heartbeat' && each.source === 'kubernetes@cluster',
      )
      await load(recording, first)
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['incident'])
      await load(recording, late)
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['near-miss'])
    }))

  it('takes it in that a source can not see a kind, when it says so late, and until when it could not', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('termination-missing')
      await load(recording)
      await run(cluster)
      const beat = recording.observations.find(
        (each) => each.type === 'heartbeat' && each.source === 'kubernetes@cluster',
      ) as RecordedObservation & HeartbeatObservation
      await load({ ...recording, observations: [{ ...beat, at: beat.at + 1, blind: ['container-terminated'] }] })
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['incident'])
      await load({ ...recording, observations: [{ ...beat, at: beat.at + 2 }] })
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['near-miss'])
    }))

  it('takes it in that the node was not Ready, when that is told late', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('node-not-ready')
      const [late, first] = split(recording, (each) => each.type === 'event' && each.kind === 'node-condition-changed')
      await load(recording, first)
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['near-miss'])
      await load(recording, late)
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['incident'])
    }))

  it('says no near miss before it would have been told that the kubelet is silent', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('node-lease-stale')
      const [beats, rest] = split(recording, (each) => each.type === 'heartbeat')
      const [lease, before] = split(
        recording,
        (each) => each.type === 'event' && 'condition' in each.fields && each.fields.condition === 'Lease',
      )
      await load(
        recording,
        rest.filter((index) => before.includes(index)),
      )
      const kill = recording.observations.find((each) => each.type === 'event' && each.kind === 'oom-kill') as {
        at: number
      }
      const early = beats.map((index) => {
        const { ended, ...beat } = recording.observations[index] as RecordedObservation & HeartbeatObservation
        return { ...beat, watermark: kill.at + 40 * SECOND, at: kill.at + 40 * SECOND }
      })
      await load({ ...recording, observations: early })
      await run(cluster)
      await load(recording, lease)
      await run(cluster)
      await load(recording, beats)
      await run(cluster)
      const verdicts = await store.read<{ status: string; result: string }>(
        'CYPHER 5 MATCH (v:Verdict {cluster: $cluster}) RETURN v.status AS status, v.result AS result ORDER BY v.number',
        { cluster },
      )
      assert.deepEqual(verdicts.at(-1), { status: 'final', result: 'incident' })
      assert.deepEqual([...new Set(verdicts.map(({ result }) => result))], ['incident'])
    }))

  it('takes it in that a run was left out, when a later restart tells so', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('restarts-jumped')
      const counts = (each: object) => (each as { fields?: { restartCount?: number } }).fields?.restartCount
      const [late, first] = split(recording, (each) => (counts(each) ?? 0) > 4)
      await load(recording, first)
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['near-miss', 'near-miss'])
      await load(recording, late)
      await run(cluster)
      assert.deepEqual(await resultsOf(cluster), ['incident', 'incident'])
    }))

  it('ends between two passes when it is told to, however much there is still to do', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('crash-loop')
      const kills = split(recording, (each) => each.type === 'event' && each.kind === 'oom-kill')[0]
      let passes = 0
      await load(recording, kills.slice(0, 1))
      const run = await runPattern(store, cluster, containerOom, {
        // Something new each time: it would go on until there are no more.
        beforeCursor: async () => {
          passes++
          await load(recording, kills.slice(passes, passes + 1))
        },
        isOver: () => passes === 2,
      })
      assert.deepEqual([passes, run.evaluated < kills.length], [2, true])
    }))

  it('runs by itself until it is stopped', () =>
    inCluster(
      store,
      async (cluster, load) => {
        const correlator = createCorrelator({ store })
        await correlator.start()
        try {
          await load(caseNamed('main-killed'))
          while ((await countOf(store, cluster, 'Incident')) === 0) await sleep(200)
          assert.equal(await countOf(store, cluster, 'Incident'), 1)
        } finally {
          await correlator.stop()
        }
      },
      testCluster(),
    ))
})
