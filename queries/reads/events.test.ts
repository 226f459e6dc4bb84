import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import { OPEN, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { removeCluster } from '../engine/main.ts'
import { events, eventsByObject } from './events.ts'
import { KNOWN_NOW } from './read.ts'

const START = 1_790_000_000 * SECOND

describe('events of an object', () => {
  const cluster = testCluster()
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const kills = [0, 60, 120].flatMap((seconds) => outOfMemory(START + seconds * SECOND))
    const others = outOfMemory(START + 30 * SECOND).concat(outOfMemory(START + 90 * SECOND))
    const ofAnother = others.flatMap((it) =>
      it.type === 'event' ? [{ ...it, object: { kind: 'Container', key: 'c2' } as const }] : [],
    )
    await loadRecording(store, recordingOf([...kills, ...ofAnother]), cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  test('of too many the newest are kept, and that some are left out is said', async () => {
    const window = { from: 0, to: OPEN, known: KNOWN_NOW }
    const all = await events(store, [`${cluster}/c1`], window, ['oom-kill'])
    assert.deepEqual([all.events.length, all.cut], [3, false])
    const some = await events(store, [`${cluster}/c1`], { ...window, limit: 2 }, ['oom-kill'])
    assert.deepEqual([some.events.map(({ at }) => at), some.cut], [[START + 60 * SECOND, START + 120 * SECOND], true])
  })

  test('asked for together, each object has the newest of its own', async () => {
    const window = { from: 0, to: OPEN, known: KNOWN_NOW, limit: 4 }
    const keys = ['c1', 'c2', 'c3'].map((container) => `${cluster}/${container}`)
    const together = await eventsByObject(store, keys, window)
    const alone = await Promise.all(keys.map(async (key) => (await events(store, [key], window)).events.slice(-4)))
    assert.deepEqual(
      keys.map((key) => together.get(key) ?? []),
      alone,
    )
    assert.deepEqual(
      alone.map(({ length }) => length),
      [4, 4, 0],
    )
  })
})
