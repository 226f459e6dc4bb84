/** Answers that tell events say which sources did not see them, those of the nodes too, on a real graph. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { Observation, StateObservation } from '../../graph/model/observation.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import { MINUTE, now, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { changes } from './changes.ts'
import { eventsOf } from './events-of.ts'
import { doubtText, type Ground } from './ground.ts'
import { groundOfEvents } from './ground-of-events.ts'
import { KNOWN_NOW } from './read.ts'
import { workload } from './workload.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 30 * MINUTE
const DOWN = START + 10 * MINUTE
const UP = START + 20 * MINUTE
const END = START + 40 * MINUTE
const EBPF_2 = sourceOf('ebpf', 'host-2')

const session = (source: string, from: number, to: number) => ({
  ...heartbeat(source, from, to, true),
  session: `${source} from ${from}`,
})
const whole = [session(KUBERNETES, START, END), session(EBPF, START, END)]
const silent = [session(KUBERNETES, START, END), session(EBPF, START, DOWN), session(EBPF, UP, END)]

describe('what an answer that tells events did not see', () => {
  const made: string[] = []
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(async () => {
    await Promise.all(made.map((cluster) => removeCluster(store, cluster)))
    await store.close()
  })

  const written = async (...more: readonly Observation[]): Promise<string> => {
    const cluster = testCluster()
    made.push(cluster)
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), ...more]), cluster)
    return cluster
  }
  const told = ({ doubts }: Ground): string[] =>
    doubts.map((doubt) => doubtText(doubt, (time) => String((time - START) / MINUTE)))
  const checkout = { kind: 'deployment', name: 'checkout', namespace: 'shop' }
  const ofEvents = async (cluster: string, from = START, at = END, more: object = {}) =>
    told((await eventsOf(store, { cluster, ...checkout, from, at, first: 100, ...more })).ground)

  test('the kernel side of a node is named where it was not watching, by each answer that tells its events', async () => {
    const cluster = await written(...silent)
    const unseen = 'ebpf on node-1 was not watching from 10 to 20: what happened then may not be told.'
    assert.deepEqual(await ofEvents(cluster), [unseen])
    assert.deepEqual(await ofEvents(cluster, UP), [])
    for (const [kind, name] of Object.entries({
      pod: 'checkout-7d9-2',
      container: 'c2',
      host: 'node-1',
      service: 'checkout',
    }))
      assert.deepEqual(await ofEvents(cluster, START, END, { kind, name }), [unseen], kind)

    const view = await workload(store, { cluster, ...checkout, at: END })
    assert.deepEqual(told(view.ground), [unseen], 'in the hour before')
    const [doubt] = view.ground.doubts
    assert.deepEqual(doubt, {
      ...{ kind: 'not-watched', source: EBPF, on: 'node-1', from: DOWN, to: UP, reason: null, kinds: null },
    })

    const ask = (of: object, around: boolean) =>
      changes(store, { cluster, ...checkout, ...of, from: START, to: END, around, first: 100 })
    assert.deepEqual(told((await ask({}, true)).ground), [unseen])
    // The kernel tells nothing of a workload itself.
    assert.deepEqual(told((await ask({}, false)).ground), [])
  })

  test('one that never reported, one that can not see a kind, one that lost some, one that is not through', async () => {
    assert.deepEqual(await ofEvents(await written(whole[0]!)), [
      'ebpf on node-1: no such collector ever reported, nothing that it would tell is told.',
    ])
    const blind = { ...whole[1]!, blind: ['oom-kill' as const] }
    assert.deepEqual(await ofEvents(await written(whole[0]!, blind)), [
      'ebpf on node-1 was not watching for OOM kill from 0 to 40: what happened then may not be told.',
    ])
    const lost = { type: 'loss', source: EBPF, count: 2, what: 'ring', kinds: ['oom-kill'] } as const
    const cluster = await written(
      ...whole,
      ...[DOWN, UP].map((at): Observation => ({ ...lost, from: at, to: at })),
      { type: 'loss', source: KUBERNETES, from: UP, to: UP, count: 1, what: 'dead-letter', kinds: ['pod-created'] },
      { type: 'gap', source: EBPF, from: DOWN, to: UP, reason: 'refused', kinds: ['process-exit', 'process-exec'] },
    )
    assert.deepEqual(await ofEvents(cluster), [
      'kubernetes@cluster lost 1 observation: dead-letter for pod created (20 to 20): what they told is missing from then on.',
      'ebpf on node-1 had a gap for process exec, process exit from 10 to 20 (refused): what happened then may not be told.',
      'ebpf on node-1 lost 4 observations: ring for OOM kill (10 to 20): what they told is missing from then on.',
    ])
    assert.deepEqual(await ofEvents(cluster, UP + SECOND), [])
  })

  test('what the ground says of the cluster is not said again', async () => {
    const gap = {
      type: 'gap',
      source: KUBERNETES,
      from: START + MINUTE,
      to: START + 2 * MINUTE,
      reason: 'cut off',
    } as const
    const cluster = await written(
      ...[session(KUBERNETES, START, DOWN), session(KUBERNETES, UP, END), whole[1]!, gap],
      { ...gap, from: START + 3 * MINUTE, to: START + 4 * MINUTE, kinds: ['pod-created'] },
      { type: 'loss', source: KUBERNETES, from: UP, to: UP, count: 1, what: 'spool' },
    )
    const [down, ...others] = [
      'kubernetes@cluster was not watching from 10 to 20: what changed then was seen later, or not at all.',
      'kubernetes@cluster had a gap from 1 to 2 (cut off): what changed then was seen later, or not at all.',
      'kubernetes@cluster had a gap for pod created from 3 to 4 (cut off): what changed then was seen later, or not at all.',
      'kubernetes@cluster lost 1 observation: spool (20 to 20): what they told is missing from then on.',
    ]
    assert.deepEqual(await ofEvents(cluster), [down, ...others])
    // Of the state then nothing was missed but what was lost; of the events of the hour before it was.
    const view = await workload(store, { cluster, ...checkout, at: END })
    assert.deepEqual(told(view.ground).sort(), [down, ...others].sort())
    // Nobody watched before: the ground says so.
    assert.deepEqual(await ofEvents(cluster, START - MINUTE, START + MINUTE / 2), [
      'kubernetes@cluster began to watch at 0: of the time before nothing was seen.',
    ])
  })

  test('a node is looked at for the time that a pod was there', async () => {
    const stateOf = (key: string) =>
      healthy(START).find((it) => it.type === 'state' && it.object.key === key) as StateObservation
    const at = (state: StateObservation, time: number): StateObservation => ({ ...state, at: time, version: time })
    const node = { kind: 'Node', key: 'n2', name: 'node-2' } as const
    const host = { kind: 'Host', key: 'host-2', name: 'node-2' } as const
    const pod = { ...stateOf('p3').object, key: 'p4', name: 'checkout-7d9-4' }
    const owned = stateOf('p3').relations.filter(({ kind }) => kind === 'OWNS')
    const second: Observation[] = [
      { ...stateOf('host-1'), object: host },
      { ...stateOf('n1'), object: node, relations: [{ kind: 'ON', to: host }] },
      at({ ...stateOf('p3'), object: pod, pod, relations: [...owned, { kind: 'RUNS_ON', to: node }] }, UP),
    ]
    const quiet = await written(...whole, ...second, session(EBPF_2, START, DOWN), session(EBPF_2, UP, END))
    assert.deepEqual(await ofEvents(quiet), [])
    const late = await written(...whole, ...second, session(EBPF_2, START, DOWN), session(EBPF_2, UP + MINUTE, END))
    assert.deepEqual(await ofEvents(late), [
      'ebpf on node-2 was not watching from 20 to 21: what happened then may not be told.',
    ])
  })

  test('what is under way is told as not told yet', async () => {
    const [at, start] = [now(), now() - 10 * MINUTE]
    const cluster = testCluster()
    made.push(cluster)
    const watching = [heartbeat(KUBERNETES, start, at), { ...heartbeat(EBPF, start, at - 40 * SECOND), at }]
    await loadRecording(store, recordingOf([...healthy(start), ...watching]), cluster)
    const keys = [`${cluster}/p1`]
    const doubts = async (from: number, to: number) => {
      const window = { from, to: to + 1, known: KNOWN_NOW }
      const ground = await groundOfEvents(store, cluster, { from, to }, keys, window, at)
      return ground.doubts.map(({ kind, source, on, from }) => ({ kind, source, on, from }))
    }
    const lagging = { kind: 'lagging', source: EBPF, on: 'node-1', from: at - 40 * SECOND }
    assert.deepEqual(await doubts(start, at), [lagging])
    const future = { kind: 'future', source: null, on: null, from: at }
    assert.deepEqual(await doubts(start, at + 10 * MINUTE), [future, lagging])
    assert.deepEqual(await doubts(at + MINUTE, at + 10 * MINUTE), [future], 'of what is to come nobody is behind')
  })
})
