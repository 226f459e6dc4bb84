/** What may have happened when: changes that were seen late, and events that may have been within minutes, on a real graph. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { EventObservation, ObjectRef, Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { type Change, changes } from './changes.ts'
import { eventsOf } from './events-of.ts'
import { workload } from './workload.ts'

const START = 1_790_000_000 * SECOND
/** The cluster's collector was down for an hour; a pod was killed in it. */
const DOWN = START + 10 * MINUTE
const KILL = DOWN + 6 * MINUTE
const UP = DOWN + 60 * MINUTE
const LATE = UP - DOWN
const END = UP + 30 * MINUTE
/** A kill of which only the kernel's log tells. */
const STAMP = UP + 5 * MINUTE
const WIDTH = 15 * MINUTE

const first = (key: string) =>
  healthy(START).find((it): it is StateObservation => it.type === 'state' && it.object.key === key)!
const seenLate = (key: string, more: Partial<StateObservation>): StateObservation => ({
  ...{ ...first(key), at: UP, version: UP, uncertainty: LATE },
  ...more,
})
const kill = (id: string, at: number, uncertainty: number, more: Partial<EventObservation> = {}): Observation => {
  const of = outOfMemory(at).find((it): it is EventObservation => it.type === 'event' && it.kind === 'oom-kill')!
  return { ...of, id, uncertainty, ...more } as Observation
}
const onlyKernel: ObjectRef = { kind: 'Pod', key: 'u1' }

const story: Observation[] = [
  ...healthy(START),
  kill('sharp', KILL, 0),
  seenLate('p1', { body: { ...first('p1').body, labels: ['tier=two'] } }),
  seenLate('e1', { relations: first('e1').relations.slice(0, 2) }),
  kill('wide', STAMP, WIDTH),
  kill('unknown', STAMP, WIDTH, { object: { kind: 'Container', key: 'c9' }, pod: onlyKernel }),
  ...[heartbeat(KUBERNETES, START, DOWN, true), { ...heartbeat(KUBERNETES, UP, END, true), session: 'again' }],
  heartbeat(EBPF, START, END, true),
]

describe('what may have happened in a window', () => {
  const cluster = testCluster()
  const about = (kind: string, name: string) => ({ cluster, kind, name, namespace: 'shop' })
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    await loadRecording(store, recordingOf(story), cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })
  const told = ({ what, at, uncertainty }: Change) => [what, at, uncertainty]

  test('what was seen late comes before what it may have caused', async () => {
    const asked = { ...about('pod', 'checkout-7d9-1'), from: START + MINUTE, to: UP, around: true, first: 10 }
    const found = await changes(store, asked)
    assert.deepEqual(found.changes.map(told), [
      ['field', UP, LATE],
      ['event', KILL, 0],
    ])
  })

  test('a relation ended as long before as the state that declares it no more may have been', async () => {
    const asked = { ...about('service', 'checkout'), from: START + MINUTE, to: UP, around: false, first: 10 }
    const found = await changes(store, asked)
    assert.deepEqual(found.changes.map(told), [['ended', UP, LATE]])
  })

  test('an event whose stamp reaches into the window may have been in it', async () => {
    const kills = (events: readonly { id: string; kind: string }[]): string[] =>
      events.filter(({ kind }) => kind === 'oom-kill').map(({ id }) => id.slice(cluster.length + 1))
    const since = async (from: number, kind = 'deployment', name = 'checkout') =>
      kills((await eventsOf(store, { ...about(kind, name), from, at: END, first: 10 })).events)
    assert.deepEqual(await since(KILL), ['sharp', 'wide'])
    assert.deepEqual(await since(STAMP + WIDTH - SECOND), ['wide'])
    assert.deepEqual(await since(STAMP + WIDTH - SECOND, 'pod', 'u1'), ['unknown'])
    assert.deepEqual(await since(STAMP + WIDTH), [])

    const asked = { ...about('deployment', 'checkout'), from: STAMP + MINUTE, to: END, around: true, first: 10 }
    assert.deepEqual((await changes(store, asked)).changes.filter(({ what }) => what === 'event').map(told), [
      ['event', STAMP, WIDTH],
    ])
    const view = await workload(store, { ...about('deployment', 'checkout'), at: STAMP + WIDTH + 55 * MINUTE })
    assert.deepEqual(kills(view.events), ['wide'])
  })
})
