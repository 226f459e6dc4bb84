/** What is told after a verdict was final wakes it, wherever in a wide stamp, and whatever another source's clock says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readDocument } from '../../graph/model/document.ts'
import type { HeartbeatObservation, Observation } from '../../graph/model/observation.ts'
import { MINUTE, now, SECOND } from '../../graph/model/time.ts'
import { runPattern } from './correlator.ts'
import { COVERAGE_BACK } from './evaluate.ts'
import { caseNamed, containerOom, graphForTest, inCluster, split } from './testing.ts'

const KUBERNETES = 'kubernetes@cluster'
const isBeat = (each: Observation): each is HeartbeatObservation =>
  each.type === 'heartbeat' && each.source === KUBERNETES

describe('what is told after the verdict was final', async () => {
  const store = await graphForTest()
  const run = (cluster: string) => runPattern(store, cluster, containerOom)
  const said = async (cluster: string) => {
    await run(cluster)
    const rows = await store.read<{ status: string; result: string; outcome: string }>(
      `CYPHER 5 MATCH (o:Occurrence {cluster: $cluster}) MATCH (v:Verdict {id: o.verdictId})
       RETURN v.status AS status, v.result AS result, v.outcome AS outcome`,
      { cluster },
    )
    return rows.map(({ status, result, outcome }) => `${status} ${result}: ${outcome}`)
  }

  // So wide that its end is out of reach of all that is looked at around its begin.
  const wide = 2 * MINUTE
  const narrow = caseNamed('log-only-uncertain')
  const observations = narrow.observations.map((each) =>
    each.type === 'event' && each.kind === 'oom-kill' ? { ...each, uncertainty: wide } : each,
  )
  const uncertain = { ...narrow, observations }
  const [end, survived] = split(uncertain, (each) => each.type === 'event' && each.kind === 'container-terminated')
  const kill = observations.find((each) => each.type === 'event' && each.kind === 'oom-kill') as { at: number }
  const latest = kill.at + wide

  it('is found where the kill may have been, far from where it may have been first', () =>
    inCluster(store, async (cluster, load) => {
      await load(uncertain, survived)
      assert.deepEqual(await said(cluster), ['final incident: killed, container survived'])
      await load(uncertain, end)
      assert.deepEqual(await said(cluster), ['final incident: killed, main or child unknown, container ended'])
    }))

  it('may be a gap after the latest time at which the kill may have been', () =>
    inCluster(store, async (cluster, load) => {
      await load(uncertain, survived)
      await said(cluster)
      const span = { from: latest + 15 * SECOND, to: latest + 16 * SECOND }
      await load({ ...uncertain, observations: [{ type: 'gap', source: KUBERNETES, ...span, reason: 'restarted' }] })
      assert.deepEqual(await said(cluster), ['final incident: killed, main or child unknown'])
    }))

  it('may be that a source watched on after the latest time at which the kill may have been', () =>
    inCluster(store, async (cluster, load) => {
      const beat = uncertain.observations.find(isBeat)!
      const { ended, ...short } = { ...beat, at: latest + 15 * SECOND, watermark: latest + 15 * SECOND }
      await load(
        uncertain,
        survived.filter((index) => !isBeat(uncertain.observations[index]!)),
      )
      await load({ ...uncertain, observations: [short] })
      assert.deepEqual(await said(cluster), ['final incident: killed, main or child unknown'])
      await load({ ...uncertain, observations: [beat] })
      assert.deepEqual(await said(cluster), ['final incident: killed, container survived'])
    }))

  it('may be that the pod was removed before anything could be told of it', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('pod-removed-after')
      const [gone, before] = split(recording, (each) => each.type === 'state' && each.deleted === true)
      await load(recording, before)
      assert.deepEqual(await said(cluster), ['final near-miss: main killed'])
      await load(recording, gone)
      assert.deepEqual(await said(cluster), ['final incident: main killed'])
    }))

  it('counts though another source has a clock that is ahead by more than is read back', () =>
    inCluster(store, async (cluster, load) => {
      const file = join(containerOom.folder, 'cases/termination-missing.yaml')
      const recording = readDocument(`start: ${now() - 10 * MINUTE}\n${readFileSync(file, 'utf8')}`, file)
      const [late, first] = split(recording, isBeat)
      const ahead = now() + COVERAGE_BACK + MINUTE
      const times = { since: ahead - SECOND, watermark: ahead, at: ahead }
      const fast = { type: 'heartbeat', source: 'ebpf@fast', session: 'fast', ...times } as const
      await load(recording, first)
      await load({ ...recording, observations: [fast] })
      assert.deepEqual(await said(cluster), ['final incident: main killed'])
      await load(recording, late)
      assert.deepEqual(await said(cluster), ['final near-miss: main killed'])
    }))
})
