import assert from 'node:assert/strict'
import { test } from 'node:test'
import { neo4jForTest } from '../../test/support/servers.ts'
import { openStore, rehearse, type Store } from './main.ts'

test('what is planned ahead holds back no end: a statement under way is not waited for', async () => {
  const store = openStore(await neo4jForTest())
  const asked = new AbortController()
  const runs: Promise<unknown>[] = []
  let over = 0
  const watched: Store = {
    ...store,
    read(cypher, params) {
      asked.abort()
      const run = store.read<never>(cypher, params).finally(() => over++)
      runs.push(run.catch(() => {}))
      return run
    },
  }
  // Half a minute of it, if nobody ended it.
  const cypher = 'CYPHER 5 UNWIND range(1, 1000000000) AS n WITH n WHERE n < 0 RETURN count(n) AS none'
  const rehearsal = { cypher, params: {}, writes: false }
  await rehearse(watched, [rehearsal, rehearsal], asked.signal)
  assert.deepEqual([runs.length, over], [1, 0])
  await store.close()
  await Promise.all(runs)
})
