import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { after, describe, it, test } from 'node:test'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { NO_ROWS, onPlansMade, openStore, perform, type Rehearsal, rehearse, type Store } from './main.ts'

describe('a rehearsal', async () => {
  const store = openStore(await neo4jForTest())
  after(() => store.close())
  const label = `Rehearsed${testCluster().replaceAll('-', '')}`
  const create: Rehearsal = {
    cypher: `// made\nCYPHER 5\nUNWIND $rows AS row CREATE (n:${label} {id: row.id})`,
    params: { rows: NO_ROWS },
    writes: true,
  }
  const read: Rehearsal = {
    cypher: `CYPHER 5 MATCH (n:${label}) WHERE n.id = $id RETURN n.id AS id`,
    params: { id: '' },
    writes: false,
  }

  it('changes nothing, and tells what is wrong with a statement', async () => {
    await perform(store, create)
    await perform(store, read)
    assert.deepEqual(await store.read(read.cypher, read.params), [])
    await assert.rejects(perform(store, { ...read, params: {} }), /Expected parameter/)
  })

  it('leaves nothing behind on its signal, and goes on after one that fails', async () => {
    const { signal } = new AbortController()
    const ran: string[] = []
    const noting: Store = {
      ...store,
      read: (cypher, params) => {
        ran.push(cypher)
        return store.read(cypher, params)
      },
    }
    for (let round = 0; round < 3; round++) await rehearse(noting, [{ ...read, params: {} }, read], signal)
    assert.equal(ran.length, 6)
    assert.deepEqual(getEventListeners(signal, 'abort'), [])
    await rehearse(noting, [read], AbortSignal.abort())
    assert.equal(ran.length, 6)
  })

  it('is what runs by the plan that is there; other statements are left to the server', async () => {
    const sent: string[] = []
    const note = (cypher: string) => sent.push(cypher.replaceAll(label, 'L'))
    const noting: Store = {
      ...store,
      read: (cypher, params) => {
        note(cypher)
        return store.read(cypher, params)
      },
      write: (work) =>
        store.write((transaction) =>
          work({
            run: (cypher, params) => {
              note(cypher)
              return transaction.run(cypher, params)
            },
          }),
        ),
    }
    const live = onPlansMade(noting, [create, read])
    await live.read(read.cypher, read.params)
    await live.write((transaction) => transaction.run(create.cypher, { rows: [] }))
    await live.read('CYPHER 5 RETURN 1 AS one')
    assert.deepEqual(sent, [
      'CYPHER 5 replan=skip MATCH (n:L) WHERE n.id = $id RETURN n.id AS id',
      '// made\nCYPHER 5 replan=skip\nUNWIND $rows AS row CREATE (n:L {id: row.id})',
      'CYPHER 5 RETURN 1 AS one',
    ])
  })
})

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
