/** What something new wakes: no less than what may come out otherwise, and little more. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HeartbeatObservation } from '../../graph/model/observation.ts'
import type { RecordedObservation, Recording } from '../../graph/model/recording.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { runPattern } from './correlator.ts'
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
})
