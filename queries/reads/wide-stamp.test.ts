/** A kill of which only the kernel's log tells, somewhere within minutes: what it cost and what did not cause it are told of all of them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { Observation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { compare, createCorrelator, loadPatterns, outcomesOf, removeCluster } from '../engine/main.ts'
import { headline } from './headline.ts'
import { recordIncident } from './record.ts'
import { type Answer, why } from './why.ts'

const START = 1_790_000_000 * SECOND
/** The stamp says [STAMP, STAMP + WIDTH]; it was at KILL. */
const STAMP = START + 10 * MINUTE
const WIDTH = 11 * MINUTE
const KILL = STAMP + 9 * MINUTE
const END = KILL + 20 * MINUTE

const told: Observation[] = [
  ...healthy(START),
  ...outOfMemory(KILL).map((it): Observation => {
    if (it.type !== 'event' || it.kind !== 'oom-kill') return it
    const fields = { ...it.fields, firstProcessKilled: undefined, victimNsPids: [0] }
    return {
      ...it,
      at: STAMP,
      uncertainty: WIDTH,
      observedAt: STAMP + WIDTH,
      fields: JSON.parse(JSON.stringify(fields)),
    }
  }),
  ...[KUBERNETES, EBPF].map((source) => heartbeat(source, START, END, true)),
]
const changed: Observation = {
  ...{ type: 'event', kind: 'spec-changed', id: 'spec-1', at: KILL - 6 * MINUTE, uncertainty: 0, source: KUBERNETES },
  observedAt: KILL - 6 * MINUTE,
  object: { kind: 'Workload', workloadKind: 'Deployment', key: 'd1', name: 'checkout', namespace: 'shop' },
  fields: {
    paths: ['template.spec.containers[app].resources.limits.memory'],
    before: ['1Gi'],
    after: ['256Mi'],
  },
}

const [calm, suspect, silent] = [testCluster(), testCluster(), testCluster()]
const [survived, replayed] = [testCluster(), testCluster()]
let store: Store
before(async () => {
  store = openStore(await neo4jForTest())
  await applySchema(store)
})
after(async () => {
  for (const name of [calm, suspect, silent, survived, replayed]) await removeCluster(store, name)
  await store.close()
})

const ask = async (cluster: string, observations: readonly Observation[], at = END) => {
  await loadRecording(store, recordingOf(observations), cluster)
  await createCorrelator({ store }).runOnce(cluster)
  const answer = await why(store, { cluster, kind: 'deploy', name: 'checkout', namespace: 'shop', at })
  assert.equal(answer.result, 'incident')
  const { incidents } = answer as Exclude<Answer, { result: 'not-found' }>
  const time = (micros: number) => `${(micros - START) / MINUTE}`
  return { first: headline(answer, time), it: incidents[0]! }
}

test('its losses are those from its begin until five minutes after its end, and it is said to be somewhere between', async () => {
  const { first, it } = await ask(calm, told)
  assert.match(first, /^checkout lost 1 of 3 replicas between 10 and 21: /)
  assert.deepEqual([it.occurrence.at, it.occurrence.until], [STAMP, STAMP + WIDTH])
  for (const hit of it.impact.filter(({ role }) => role !== 'owner'))
    assert.deepEqual([hit.before, hit.lost, hit.fewestAt], [3, 1, KILL + SECOND], hit.role)
  assert.deepEqual(it.rivals, {
    notThis: [
      { rival: 'workload-changed', from: START, objects: 3 },
      { rival: 'node-under-pressure', from: START, objects: 1 },
    ],
    limit: { bytes: 268_435_456, since: START, changed: null },
  })
})

test('a change within it may have come before the kill: it is not ruled out', async () => {
  const { it } = await ask(suspect, [...told, changed])
  assert.deepEqual(it.rivals, {
    notThis: [{ rival: 'node-under-pressure', from: START, objects: 1 }],
    limit: { bytes: 268_435_456, since: KILL - 6 * MINUTE, changed: { before: '1Gi', after: '256Mi' } },
  })
})

test('that nothing was lost is not said before the minutes after its end are over', async () => {
  const quiet = told.filter((it) => it.type !== 'state' || it.at === START)
  for (const [minutes, said] of [
    [25, /^checkout was hit between 10 and 21 and has kept 3 replicas so far: /],
    [26, /^checkout kept 3 replicas between 10 and 21: /],
  ] as const) {
    const { first } = await ask(silent, quiet, START + minutes * MINUTE)
    assert.match(first, said)
  }
})

test('a recording of it reaches beyond its end: that nothing else happened until then is part of it', async () => {
  const alone = told.filter((it) =>
    it.type === 'event' ? it.kind === 'oom-kill' : it.type !== 'state' || it.at === START,
  )
  const { it } = await ask(survived, alone)
  assert.equal(it.occurrence.outcome, 'killed, container survived')
  const recording = await recordIncident(store, it.incident!.id)
  await loadRecording(store, recording, replayed)
  await createCorrelator({ store }).runOnce(replayed)
  const [pattern] = loadPatterns().filter(({ id }) => id === 'container-oom')
  assert.deepEqual(compare(recording.expect!, await outcomesOf(store, replayed, pattern!)), [])
})
