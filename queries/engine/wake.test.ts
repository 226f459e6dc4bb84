/** What something new wakes: no less than what may come out otherwise, and little more. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EventObservation, HeartbeatObservation, ObjectRef } from '../../graph/model/observation.ts'
import type { RecordedObservation, Recording } from '../../graph/model/recording.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { runPattern } from './correlator.ts'
import type { Ownership } from './judgement.ts'
import { caseNamed, containerOom, graphForTest, inCluster } from './testing.ts'

type Observed = Recording['observations'][number]
type Beat = RecordedObservation & HeartbeatObservation

describe('what wakes an occurrence', async () => {
  const store = await graphForTest()
  const run = (cluster: string, steering = {}) => runPattern(store, cluster, containerOom, steering)

  const killOf = (recording: Recording) =>
    recording.observations.find((each) => each.type === 'event' && each.kind === 'oom-kill') as Observed & {
      at: number
    }

  const only = (recording: Recording, ...observations: Observed[]): Recording => ({ ...recording, observations })

  describe('that could not be told all, as a source was not watching', () => {
    const recording = caseNamed('owners-by-context')
    const { at } = killOf(recording)
    const beatOf = (source: string, since: number, watermark: number): Beat => ({
      ...{ type: 'heartbeat', source, session: `of ${source} since ${since}`, since, watermark, at: watermark },
    })
    const unseenOf = async (cluster: string) => {
      const [row] = await store.read<{ status: string; unseen: string }>(
        `CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) MATCH (v:Verdict {id: o.verdictId})
         RETURN v.status AS status, v.unseenSources AS unseen`,
        { cluster },
      )
      return { status: row?.status, why: (JSON.parse(row?.unseen ?? '[]') as { why: string }[]).map(({ why }) => why) }
    }

    it('is not the heartbeat of another source', () =>
      inCluster(store, async (cluster, load) => {
        await load(recording)
        await run(cluster)
        assert.deepEqual(await unseenOf(cluster), { status: 'final', why: ['was never heard of'] })
        let beats = 0
        const beat = () => load(only(recording, beatOf('ebpf@node-2', at - 10 * SECOND, at + ++beats * SECOND)))
        await beat()
        const { evaluated } = await run(cluster, { beforeCursor: beat, isOver: () => beats > 20 })
        assert.deepEqual([evaluated, beats], [0, 2])
      }))

    it('is the word of that source on that time, and each only once', () =>
      inCluster(store, async (cluster, load) => {
        await load(recording)
        await run(cluster)
        const after = async (since: number, watermark: number) => {
          await load(only(recording, beatOf('kubernetes@cluster', since, watermark)))
          const { evaluated } = await run(cluster)
          return { evaluated, ...(await unseenOf(cluster)) }
        }
        const final = { status: 'final', why: ['was not watching'] }
        const start = at + 5 * SECOND
        assert.deepEqual(await after(start, start + 10 * SECOND), { evaluated: 1, ...final })
        for (let watermark = start + 20 * SECOND; watermark < at + MINUTE; watermark += 10 * SECOND)
          assert.deepEqual(await after(start, watermark), { evaluated: 0, ...final })
        assert.deepEqual(await after(at - MINUTE, at + 3 * MINUTE), {
          ...{ evaluated: 1, status: 'final', why: ['does not watch the pod'] },
        })
      }))
  })

  describe('whose owners are not known', () => {
    const recording = caseNamed('owners-by-context')
    const kill = killOf(recording) as Observed & EventObservation
    const pod = kill.pod as ObjectRef
    const replicaSet: ObjectRef = {
      kind: 'Workload',
      workloadKind: 'ReplicaSet',
      key: 'r',
      name: 'r',
      namespace: 'shop',
    }
    const containerOf = (number: number): ObjectRef => ({ kind: 'Container', key: `c${number}` })
    const [start, last] = [kill.at, kill.at + 200 * SECOND]
    const kills = Array.from({ length: 200 }, (_, number) => ({
      ...kill,
      ...{ id: `kill-${number}`, at: start + number * SECOND, object: containerOf(number) },
    }))
    const beats = recording.observations.filter((each) => each.type === 'heartbeat')
    /** That the pod runs a container, as an agent claims it of each run. */
    const claimOf = (object: ObjectRef, at: number): Observed => ({
      ...{ type: 'state', object, pod, at, version: 0, uncertainty: 0, source: 'ebpf@node-1', body: {} },
      relations: [{ kind: 'RUNS', from: pod, properties: { containerName: 'app' } }],
    })
    const podState = (at: number, uncertainty: number, runs: readonly number[]): Observed => ({
      ...{ type: 'state', object: pod, pod, at, version: at, uncertainty, source: 'kubernetes@cluster' },
      body: { labels: [], phase: 'Running', ready: true },
      relations: [
        { kind: 'OWNS', from: replicaSet },
        ...runs.map(
          (number) =>
            ({ kind: 'RUNS', to: containerOf(number), since: last, properties: { containerName: 'app' } }) as const,
        ),
      ],
    })

    it('is not the next run of its pod, nor the next state', () =>
      inCluster(store, async (cluster, load) => {
        await load(only(recording, ...beats, ...kills))
        assert.ok((await run(cluster)).evaluated >= 200)
        const woken = async (observation: Observed) => {
          await load(only(recording, observation))
          return (await run(cluster)).evaluated
        }
        assert.equal(await woken(claimOf(containerOf(200), last)), 0)
        // The first word of Kubernetes on the pod: of its time before that nothing is known, but that it was not left out.
        assert.equal(await woken(podState(last, 0, [200])), 200)
        assert.equal(await woken(podState(last + SECOND, 0, [200, 201])), 0)
      }))

    it('is that its pod becomes known, and each owner above, however late', () =>
      inCluster(store, async (cluster, load) => {
        const { pod: _, contextKey, ...bare } = kill
        const after = async (...observations: Observed[]) => {
          await load(only(recording, ...observations))
          await run(cluster)
          const rows = await store.read<{ workload: string; ownership: string }>(
            `CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) MATCH (v:Verdict {id: o.verdictId})
             RETURN o.workloadKey AS workload, v.ownership AS ownership`,
            { cluster },
          )
          return rows.map(({ workload, ownership }) => [
            workload.slice(cluster.length + 1),
            (JSON.parse(ownership) as Ownership).whole,
          ])
        }
        const workloadState = (object: ObjectRef, owner?: ObjectRef): Observed => ({
          ...{ type: 'state', object, at: last, version: 1, uncertainty: last - start, source: 'kubernetes@cluster' },
          body: { labels: [], workloadKind: object.workloadKind as string },
          relations: owner === undefined ? [] : [{ kind: 'OWNS', from: owner }],
        })
        const deployment: ObjectRef = { ...replicaSet, workloadKind: 'Deployment', key: 'd', name: 'd' }
        assert.deepEqual(await after(...beats, bare), [[kill.object.key, false]])
        assert.deepEqual(await after(claimOf(kill.object, last)), [[pod.key, false]])
        assert.deepEqual(await after(podState(last, last - start, [])), [['r', false]])
        assert.deepEqual(await after(workloadState(replicaSet, deployment)), [['d', false]])
        assert.deepEqual(await after(workloadState(deployment)), [['d', true]])
      }))
  })

  it('is a gap that a worker whose clock is minutes behind writes after another one', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('termination-missing')
      const { at } = killOf(recording)
      const results = () =>
        store.read('CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) RETURN o.result AS result', { cluster })
      const gapOf = (source: string, from: number): Observed => ({
        ...{ type: 'gap', source, from, to: from + 2 * SECOND, reason: 'restarted' },
      })
      await load(recording)
      await load(only(recording, gapOf('ebpf@node-1', at + MINUTE)))
      await store.run('CYPHER 5 MATCH (gap:Gap {cluster: $cluster}) SET gap.recordedAt = gap.recordedAt + $ahead', {
        ...{ cluster, ahead: 2 * MINUTE },
      })
      await run(cluster)
      assert.deepEqual(await results(), [{ result: 'near-miss' }])
      await load(only(recording, gapOf('kubernetes@cluster', at)))
      await run(cluster)
      assert.deepEqual(await results(), [{ result: 'incident' }])
    }))
})
