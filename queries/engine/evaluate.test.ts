import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { now, SECOND } from '../../graph/model/time.ts'
import { runPattern } from './correlator.ts'
import { COVERAGE_BACK, evaluate, readCoverage } from './evaluate.ts'
import type { Judgement } from './judgement.ts'
import { caseNamed, containerOom, countOf, graphForTest, inCluster, split } from './testing.ts'

describe('a question that writes nothing', async () => {
  const store = await graphForTest()
  const ask = async (cluster: string, view: object): Promise<Judgement | null> => {
    const [kill] = await store.read<{ id: string }>(
      'CYPHER 5 MATCH (e:OomKill {cluster: $cluster}) RETURN e.id AS id',
      { cluster },
    )
    const judged = await evaluate(store, containerOom, cluster, [kill!.id], view)
    return judged.get(kill!.id) ?? null
  }

  it('gives the verdict as it was known then', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('main-killed')
      const [later, first] = split(
        recording,
        (each) => each.type === 'heartbeat' || (each.type === 'event' && each.kind === 'container-terminated'),
      )
      await load(recording, first)
      const then = await ask(cluster, {})
      await load(recording, later)
      const { recordedAt } = (
        await store.read<{ recordedAt: number }>(
          'CYPHER 5 MATCH (e:OomKill {cluster: $cluster}) RETURN e.recordedAt AS recordedAt',
          { cluster },
        )
      )[0]!
      const asKnown = await ask(cluster, { known: recordedAt })
      assert.equal(then?.content.status, 'waiting')
      assert.deepEqual(asKnown?.content.evidence, then?.content.evidence)
      assert.equal((await ask(cluster, {}))?.content.status, 'final')
      await assert.rejects(ask(cluster, { known: now() }), /known: got .+, expected at most .+/)
    }))

  it('gives the verdict as it would be without an event', () =>
    inCluster(store, async (cluster, load) => {
      await load(caseNamed('main-killed'))
      await runPattern(store, cluster, containerOom)
      const verdicts = await countOf(store, cluster, 'Verdict')
      const whole = await ask(cluster, {})
      const idOf = (step: string) => whole?.content.evidence.find((each) => each.step === step)?.id as string
      const end = await ask(cluster, { without: [idOf('container-terminated')] })
      assert.deepEqual([end?.content.result, end?.content.missing], ['near-miss', ['container-terminated']])
      assert.equal(await ask(cluster, { without: [idOf('oom-kill')] }), null)
      const pressure = await ask(cluster, { without: [idOf('memory-pressure')] })
      assert.deepEqual(
        [pressure?.content.result, pressure?.content.confidence],
        ['incident', whole?.content.confidence],
      )
      assert.equal(await countOf(store, cluster, 'Verdict'), verdicts)
    }))

  it('rests on what was watched at the time of the anchor, however long ago that is', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('main-killed')
      await load(recording)
      const before = await ask(cluster, {})
      const beat = recording.observations.find((each) => each.type === 'heartbeat')!
      const later = beat.watermark + 2 * COVERAGE_BACK
      const session = { session: 'later', since: later - SECOND, watermark: later, at: later } as const
      await load({ ...recording, observations: [{ ...beat, ...session }] })
      const recent = await readCoverage(store, cluster)
      assert.deepEqual([...new Set(recent.map((each) => each.session))], ['later'])
      assert.deepEqual((await ask(cluster, {}))?.content, before?.content)
    }))

  it('gives the end of a run to one kill, though its stamp may lie in the window of another', () =>
    inCluster(store, async (cluster, load) => {
      await load(caseNamed('two-kills-at-the-edge'))
      const kills = await store.read<{ id: string }>(
        'CYPHER 5 MATCH (e:OomKill {cluster: $cluster}) RETURN e.id AS id ORDER BY e.at',
        { cluster },
      )
      const ids = kills.map(({ id }) => id)
      const judged = await evaluate(store, containerOom, cluster, ids)
      assert.deepEqual(
        ids.map((id) => judged.get(id)!.content).map(({ outcome, evidence }) => [outcome, evidence.length]),
        [
          ['child killed, container survived', 1],
          ['main killed', 3],
        ],
      )
    }))
})
