/** Which ends of containers nobody asked for: a pod that is deleted in the end did not ask for those before. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { ObjectRef, Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, heartbeat, KUBERNETES, recordingOf } from '../../test/support/shop.ts'
import { why } from './why.ts'

const START = 1_790_000_000 * SECOND
const at = (minutes: number): number => START + minutes * MINUTE
const END = at(60)

const set: ObjectRef = { kind: 'Workload', workloadKind: 'ReplicaSet', key: 'set', name: 'checkout', namespace: 'shop' }
const state = (object: ObjectRef, time: number, more: Partial<StateObservation>): StateObservation => ({
  ...{ type: 'state', object, at: time, version: time, uncertainty: 0, source: KUBERNETES, body: {}, relations: [] },
  ...(object.kind === 'Pod' ? { pod: object } : {}),
  ...more,
})
const pod = (name: string): ObjectRef => ({ kind: 'Pod', key: name, name, namespace: 'shop' })
const there = (name: string): Observation =>
  state(pod(name), START, {
    body: { labels: [], phase: 'Running', ready: true },
    relations: [{ kind: 'OWNS', from: set }],
  })
const gone = (name: string, time: number): Observation => state(pod(name), time, { deleted: true })
const asked = (name: string, time: number, uncertainty = SECOND): Observation => ({
  ...{ type: 'event', kind: 'pod-deleted', id: `deleted-${name}`, at: time, uncertainty, observedAt: time },
  ...{ source: KUBERNETES, object: pod(name), pod: pod(name), fields: {} },
})
/** A run of `app` ends at a stamp of whole seconds. */
const ended = (name: string, time: number, exitCode = 137): Observation => ({
  ...{ type: 'event', kind: 'container-terminated', id: `end-${name}-${time}`, source: KUBERNETES },
  ...{ at: time, uncertainty: SECOND, observedAt: time + SECOND, containerName: 'app', pod: pod(name) },
  object: { kind: 'Container', key: `${name}-${time}` },
  fields: { reason: 'Error', exitCode, finishedAt: time, restartCount: 0, role: 'main' },
})

const told: Observation[] = [
  state(set, START, { body: { labels: [], workloadKind: 'ReplicaSet', replicas: 0, readyReplicas: 0 } }),
  // Not alive enough again and again, then replaced.
  ...[there('replaced'), ended('replaced', at(5)), ended('replaced', at(10)), asked('replaced', at(35))],
  ...[ended('replaced', at(35) + 30 * SECOND), gone('replaced', at(35) + 31 * SECOND)],
  // It ends at once, and the stamps do not tell which was first.
  ...[there('quick'), ended('quick', at(40), 143), asked('quick', at(40) + SECOND / 2)],
  // Nobody saw it asked for: it was there at 42 and gone at 44.
  ...[there('unseen'), ended('unseen', at(41)), ended('unseen', at(43)), asked('unseen', at(42), 2 * MINUTE)],
  gone('unseen', at(44)),
  // A static pod: that it was to go is not told.
  ...[there('static'), ended('static', at(45)), ended('static', at(50)), gone('static', at(50) + SECOND)],
]

let store: Store
const cluster = testCluster()
before(async () => {
  store = openStore(await neo4jForTest())
  await applySchema(store)
  const beats = [KUBERNETES, EBPF].map((source) => heartbeat(source, START, END, true))
  await loadRecording(store, recordingOf([...told, ...beats]), cluster)
})
after(async () => {
  await removeCluster(store, cluster)
  await store.close()
})

const endsSince = async (since: number) => {
  const answer = await why(store, { cluster, kind: 'rs', name: 'checkout', namespace: 'shop', at: END, since })
  assert.notEqual(answer.result, 'not-found')
  const { symptoms, result } = answer as Exclude<typeof answer, { result: 'not-found' }>
  return { result, ends: symptoms.terminations.map((end) => [end.podName, (end.at - START) / MINUTE]) }
}

test('what ended before its pod was to go is told, also when the pod is gone', async () => {
  assert.deepEqual(await endsSince(START), {
    result: 'no-known-cause',
    ends: [
      ['replaced', 5],
      ['replaced', 10],
      ['unseen', 41],
      ['static', 45],
    ],
  })
})

test('what was asked for before the window is asked for within it', async () => {
  const { ends } = await endsSince(at(35) + 10 * SECOND)
  assert.deepEqual(
    ends.filter(([name]) => name === 'replaced'),
    [],
  )
})
