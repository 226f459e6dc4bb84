import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import type { Observation } from '../model/observation.ts'
import { MINUTE, SECOND } from '../model/time.ts'
import { applySchema, openStore, type Store } from '../store/main.ts'
import { loadRecording } from './load.ts'
import { isWritten } from './written.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + MINUTE
const END = KILL + MINUTE
const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
const span = { source: KUBERNETES, from: KILL, to: END }
const holes: Observation[] = [
  { type: 'gap', ...span, reason: 'restarted' },
  { type: 'loss', ...span, count: 2, what: 'ring' },
]

describe('a recording is written', () => {
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(() => store.close())

  for (const [name, observations] of [
    ['what its sources vouch for', [...healthy(START), ...outOfMemory(KILL), ...holes, ...beats]],
    ['what was told after they did', [...healthy(START), ...beats, ...outOfMemory(KILL)]],
    ['what they missed', [...healthy(START), ...beats, ...holes]],
  ] as const)
    it(`once all of it is, where the last is ${name}`, async () => {
      const cluster = testCluster()
      const recording = recordingOf(observations)
      for (const index of observations.keys()) {
        assert.equal(await isWritten(store, recording, cluster), false, `${index} of ${observations.length}`)
        await loadRecording(store, recording, cluster, { order: [index] })
      }
      assert.equal(await isWritten(store, recording, cluster), true)
      await removeCluster(store, cluster)
    })
})
