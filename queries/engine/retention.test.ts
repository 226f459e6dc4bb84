import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sweep } from '../../graph/ingest/main.ts'
import type { Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, OPEN, SECOND } from '../../graph/model/time.ts'
import { healthy, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { runPattern } from './correlator.ts'
import { caseNamed, conclusionsOf, containerOom, countOf, graphForTest, inCluster, split } from './testing.ts'

interface Kept {
  readonly at: number
  readonly evidence: number
  readonly wanted: number
}

describe('what the engine concluded, after retention', async () => {
  const store = await graphForTest()
  const run = (cluster: string) => runPattern(store, cluster, containerOom)
  /** Occurrences by time, each with its newest verdict's evidence. */
  const occurrences = (cluster: string) =>
    store.read<Kept>(
      `CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) MATCH (v:Verdict {id: o.verdictId})
       RETURN o.at AS at, count {(v)-[:EVIDENCE]->(:Event)} AS evidence, count {(o)-[:CONCLUDED]->()} AS wanted ORDER BY at`,
      { cluster },
    )
  const incident = async (cluster: string) =>
    (
      await store.read<{ count: number; firstAt: number; lastAt: number }>(
        'CYPHER 5 MATCH (i:Incident {cluster: $cluster}) RETURN i.count AS count, i.firstAt AS firstAt, i.lastAt AS lastAt',
        { cluster },
      )
    )[0]

  it('keeps of an incident the first occurrence and the last, with their evidence, and goes on counting', () =>
    inCluster(store, async (cluster, load) => {
      await load(caseNamed('crash-loop'))
      await run(cluster)
      const before = await occurrences(cluster)
      const told = await incident(cluster)
      const cut = before[20]!.at
      await sweep(store, cluster, { at: cut, known: OPEN - 1 }, 0)
      const after = await occurrences(cluster)
      assert.deepEqual(after, [before[0], ...before.slice(20)])
      assert.ok(after.every(({ evidence }) => evidence > 1))
      assert.deepEqual(await incident(cluster), told)
      const loose = await store.read<{ id: string }>(
        `CYPHER 5 MATCH (e:Event {cluster: $cluster}) WHERE e.at < $cut AND NOT EXISTS { (e)<-[:EVIDENCE]-() }
           AND NOT e:ContainerStarted AND NOT e:ContainerTerminated RETURN e.id AS id`,
        { cluster, cut },
      )
      assert.deepEqual(loose, [])

      const concluded = await conclusionsOf(store, cluster)
      await store.run('CYPHER 5 MATCH (c:Cursor {cluster: $cluster}) DELETE c', { cluster })
      assert.ok((await run(cluster)).evaluated > 0)
      assert.deepEqual(
        await conclusionsOf(store, cluster),
        concluded,
        'what lies beyond the horizon is not judged anew',
      )
    }))

  it('closes what it finds open beyond the horizon, as it was said last, and comes to an end', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('main-killed')
      const [beats, rest] = split(recording, (each) => each.type === 'heartbeat')
      await load(recording, rest)
      await run(cluster)
      const open = () =>
        store.read<{ open: boolean; status: string; verdict: string; incident: string }>(
          `CYPHER 5 MATCH (i:Incident {cluster: $cluster})-[:OCCURRED]->(o)
           RETURN o.openIn IS NOT NULL AS open, o.status AS status, o.verdictId AS verdict, i.status AS incident`,
          { cluster },
        )
      const [before] = await open()
      assert.deepEqual([before?.open, before?.status, before?.incident], [true, 'provisional', 'provisional'])
      // Nobody evaluated, while all was told and became too old.
      await load(recording, beats)
      const [{ at }] = (await occurrences(cluster)) as [Kept]
      await sweep(store, cluster, { at: at + SECOND, known: OPEN - 1 }, 0)
      let passes = 0
      const steering = { beforeCursor: () => void passes++, isOver: () => passes > 10 }
      await runPattern(store, cluster, containerOom, steering)
      assert.ok(passes <= 10, 'it found nothing new and went on')
      assert.deepEqual(await open(), [{ ...before, open: false, incident: 'final' }])
      assert.equal((await run(cluster)).evaluated, 0)
    }))

  it('lets an incident go with all of it, once its last occurrence is older than incidents are kept', () =>
    inCluster(store, async (cluster, load) => {
      await load(caseNamed('main-killed'))
      await run(cluster)
      const [{ at }] = (await occurrences(cluster)) as [Kept]
      const far = at + 1_000_000_000
      await sweep(store, cluster, { at: far, known: OPEN - 1 }, at)
      assert.equal(await countOf(store, cluster, 'Incident'), 1)
      assert.ok((await countOf(store, cluster, 'Event')) > 1)
      await sweep(store, cluster, { at: far, known: OPEN - 1 }, far)
      for (const label of ['Incident', 'Occurrence', 'Verdict', 'Gap', 'Coverage', 'Context'])
        assert.equal(await countOf(store, cluster, label), 0, label)
    }))

  it('keeps what an earlier verdict affected for as long as that verdict', () =>
    inCluster(store, async (cluster, load) => {
      const start = 1_790_000_000 * SECOND
      const isSlice = (each: Observation) => each.type === 'state' && each.object.kind === 'EndpointSlice'
      const before = healthy(start)
      await load(recordingOf([...before, ...outOfMemory(start + 10 * MINUTE).filter((each) => !isSlice(each))]))
      await run(cluster)
      const slice = before.find(isSlice) as StateObservation
      const others = slice.relations.filter(({ to }) => to?.key !== 'p1')
      await load(recordingOf([{ ...slice, at: start + MINUTE, version: start + MINUTE, relations: others }]))
      await run(cluster)
      const affected = async () =>
        (
          await store.read<{ key: string }>(
            'CYPHER 5 MATCH (:Occurrence {cluster: $cluster})-[:AFFECTED]->(object) RETURN object.key AS key',
            { cluster },
          )
        ).map(({ key }) => key)
      const [{ recordedAt }] = (await store.read<{ recordedAt: number }>(
        'CYPHER 5 MATCH (v:Verdict {cluster: $cluster}) RETURN max(v.recordedAt) AS recordedAt',
        { cluster },
      )) as [{ recordedAt: number }]
      const sweepKnown = (known: number) => sweep(store, cluster, { at: start, known }, 0)
      assert.deepEqual(await affected(), [`${cluster}/s1`])
      await sweepKnown(recordedAt - 1)
      assert.deepEqual(await affected(), [`${cluster}/s1`])
      await sweepKnown(OPEN - 1)
      assert.deepEqual(await affected(), [])
    }))

  it('leaves what is pinned', () =>
    inCluster(store, async (cluster, load) => {
      await load(caseNamed('crash-loop'))
      await run(cluster)
      const before = await occurrences(cluster)
      const pin = 'CYPHER 5 MATCH (o:Occurrence {cluster: $cluster, at: $at}) SET o.pinned = true'
      await store.run(pin, { cluster, at: before[5]!.at })
      const far = before.at(-1)!.at + 1_000_000_000
      await sweep(store, cluster, { at: far, known: OPEN - 1 }, far)
      assert.deepEqual(await occurrences(cluster), [before[0], before[5], before.at(-1)])
    }))
})
