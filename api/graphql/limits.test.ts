/** What a request may take of time, on a real graph whose rows come too late. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { loadRecording } from '../../graph/ingest/main.ts'
import { SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { healthy, heartbeat, KUBERNETES, recordingOf } from '../../test/support/shop.ts'
import { TIME } from './context.ts'
import { createApi } from './main.ts'

const START = 1_790_000_000 * SECOND
const QUESTION = `{ workload(kind: "deployment", name: "checkout", namespace: "shop") {
  pods { object { name owners { name } } } services { object { name } }
} }`

describe('the time of a request', () => {
  const cluster = testCluster()
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    const beat = heartbeat(KUBERNETES, START, START + 60 * SECOND, true)
    await loadRecording(store, recordingOf([...healthy(START), beat]), cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  /** Asks through a store that gives its rows only once `held` is; told are the times that its reads were given. */
  const ask = async (held: Promise<void>) => {
    const timeouts: (number | undefined)[] = []
    const read: Store['read'] = async (cypher, params, timeout) => {
      timeouts.push(timeout)
      const rows = await store.read(cypher, params, timeout)
      await held
      return rows as never
    }
    const api = createApi({ store: { read, verify: () => store.verify() }, cluster })
    const response = await api.fetch('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUESTION }),
    })
    return { timeouts, answer: (await response.json()) as { errors?: { message: string }[] } }
  }

  test('once it is over no statement starts, and none that runs may go on for longer', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const { timeouts, answer } = await ask(held)
    assert.deepEqual(
      answer.errors?.map(({ message }) => message),
      [`took longer than ${TIME / 1_000} s: ask for less`],
    )
    const before = timeouts.length
    release()
    for (let turns = 0; turns < 100; turns++) await turn()
    assert.equal(timeouts.length, before)
    assert.ok(timeouts.every((timeout) => timeout !== undefined && timeout > 0 && timeout <= TIME))
    const whole = await ask(Promise.resolve())
    assert.equal(whole.answer.errors, undefined)
    assert.ok(before > 0 && whole.timeouts.length > before, 'there was more to read')
  })
})
