/** Names that were taken again and again, and objects that changed again and again: more than one answer looks at. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { EventObservation, ObjectRef, Observation, StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, heartbeat, KUBERNETES, recordingOf } from '../../test/support/shop.ts'
import { changes } from './changes.ts'
import { NAMESAKES } from './find.ts'
import { NotFound, subjectOf } from './subject.ts'

const START = 1_790_000_000 * SECOND
const TIMES = 2 * NAMESAKES + 20
/** The number `n` of a name is made then; it goes half a minute later, before the next is made, and the last one stays. */
const born = (n: number): number => START + n * MINUTE
const END = born(TIMES)

const told = (object: ObjectRef, at: number, more: Partial<StateObservation>): StateObservation => ({
  ...{ type: 'state', object, at, version: at, uncertainty: 0, source: KUBERNETES, body: {}, relations: [] },
  ...(object.kind === 'Pod' ? { pod: object } : {}),
  ...more,
})
const again = <T>(one: (n: number) => T[]): T[] => Array.from({ length: TIMES }, (_, n) => one(n)).flat()
const livesOf = (of: (n: number) => ObjectRef, body: StateObservation['body']): Observation[] =>
  again((n) => [
    told(of(n), born(n), { body }),
    ...(n === TIMES - 1 ? [] : [told(of(n), born(n) + MINUTE / 2, { deleted: true })]),
  ])

const pod =
  (name: string) =>
  (n: number): ObjectRef => ({ kind: 'Pod', key: `${name}-${n}`, name, namespace: 'shop' })
const node = (n: number): ObjectRef => ({ kind: 'Node', key: `node-${n}`, name: 'node-1' })
/** What only the kernel tells of. */
const exec = (n: number): EventObservation<'process-exec'> => ({
  ...{ type: 'event', kind: 'process-exec', id: `exec-${n}`, at: born(n), uncertainty: 0, observedAt: born(n) },
  ...{ source: EBPF, host: 'host-1', object: { kind: 'Container', key: `c${n}` }, pod: pod('unwatched-0')(n) },
  fields: { pid: 7, nsPid: 1, startBootClock: n, command: 'app', file: '/app' },
})
const set: ObjectRef = { kind: 'Workload', workloadKind: 'StatefulSet', key: 'set', name: 'db', namespace: 'shop' }
const replicas = (at: number, readyReplicas: number) =>
  told(set, at, { body: { labels: [], workloadKind: 'StatefulSet', replicas: 1_000, readyReplicas } })

describe('of too many', () => {
  const cluster = testCluster()
  const about = (kind: string, name: string, at: number) => ({ cluster, kind, name, namespace: 'shop', at })
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const observations: Observation[] = [
      ...livesOf(pod('db-0'), { labels: [], phase: 'Running', ready: true }),
      ...livesOf(node, { labels: [], machineId: 'm' }),
      ...again((n) => [exec(n)]),
      // 600 states: more than an answer looks at.
      ...Array.from({ length: 600 }, (_, n) => replicas(START + n * SECOND, n)),
      heartbeat(KUBERNETES, START, END, true),
      heartbeat(EBPF, START, END, true),
    ]
    await loadRecording(store, recordingOf(observations), cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  const keyOf = async (kind: string, name: string, at: number): Promise<string> =>
    (await subjectOf(store, about(kind, name, at))).object.key.slice(cluster.length + 1)

  test('of one name that is found which was there, however many came before and after', async () => {
    for (const n of [0, 1, NAMESAKES, TIMES - 2, TIMES - 1]) {
      assert.equal(await keyOf('pod', 'db-0', born(n) + SECOND), `db-0-${n}`)
      assert.equal(await keyOf('node', 'node-1', born(n) + SECOND), `node-${n}`)
      assert.equal(await keyOf('pod', 'unwatched-0', born(n) + SECOND), `unwatched-0-${n}`)
    }
    for (const n of [0, NAMESAKES, TIMES - 2])
      await assert.rejects(keyOf('pod', 'db-0', born(n) + MINUTE - SECOND), (error: NotFound) => {
        assert.ok(error instanceof NotFound)
        assert.equal(error.answer.deletedAt, born(n) + MINUTE / 2)
        return true
      })
  })

  test('of one name the newest are told of a window, and that there are more is said', async () => {
    const asked = { cluster, kind: 'pod', name: 'db-0', namespace: 'shop', around: false, first: 1_000 }
    const all = await changes(store, { ...asked, from: START - 1, to: END })
    const newest = Array.from({ length: NAMESAKES }, (_, n) => `${cluster}/db-0-${TIMES - 1 - n}`)
    assert.deepEqual([all.objects.map(({ key }) => key), all.cut], [newest, true])
    const few = await changes(store, { ...asked, from: born(TIMES - 3) - 1, to: END })
    assert.deepEqual([few.objects.length, few.cut], [3, false])
  })

  test('of one object the newest changes are told, none of them from what was not read, and that there are more is said', async () => {
    const asked = { cluster, kind: 'statefulset', name: 'db', namespace: 'shop', around: false, first: 1_000 }
    const all = await changes(store, { ...asked, from: START, to: END })
    const steps = all.changes.map((it) => (it.what === 'field' ? [it.old, it.new] : it.what))
    assert.equal(all.cut, true)
    assert.deepEqual(
      steps,
      Array.from({ length: 500 }, (_, n) => [n + 99, n + 100]),
    )
    const few = await changes(store, { ...asked, from: START + 100 * SECOND, to: END })
    assert.deepEqual([few.changes.length, few.cut], [499, false])
  })
})
