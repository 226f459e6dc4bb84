import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { neo4jForTest } from '../../test/support/servers.ts'
import { OPEN } from '../model/time.ts'
import { applySchema, faultOf, type GraphNode, type GraphRelation, openStore, type Store, showSchema } from './main.ts'

describe('store', () => {
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(() => store.close())

  it('sends whole numbers as integers and reads them as numbers', async () => {
    const [row] = await store.read(
      'CYPHER 5 RETURN valueType($n) AS whole, $n AS n, valueType($f) AS part, [1, $n] AS list',
      {
        n: OPEN,
        f: 0.5,
      },
    )
    assert.deepEqual(row, { whole: 'INTEGER NOT NULL', n: OPEN, part: 'FLOAT NOT NULL', list: [1, OPEN] })
    assert.equal((await store.read('CYPHER 5 UNWIND range(1, 9) AS i RETURN i LIMIT $limit', { limit: 3 })).length, 3)
  })

  it('reads nodes, relationships and paths as plain values', async () => {
    await store.run('CYPHER 5 CREATE (:StoreTest {n: 1})-[:LIKES {since: 2}]->(:StoreTest {n: 2})')
    const [row] = await store.read<{
      a: GraphNode
      r: GraphRelation
      path: { nodes: GraphNode[]; relations: object[] }
    }>('CYPHER 5 MATCH path = (a:StoreTest)-[r:LIKES]->(:StoreTest) RETURN a, r, path')
    await store.run('CYPHER 5 MATCH (n:StoreTest) DETACH DELETE n')
    assert.ok(row)
    assert.deepEqual([row.a.labels, row.a.properties], [['StoreTest'], { n: 1 }])
    assert.deepEqual([row.r.type, row.r.properties, row.r.startElementId], ['LIKES', { since: 2 }, row.a.elementId])
    assert.deepEqual([row.path.nodes[1]?.properties, row.path.relations], [{ n: 2 }, [row.r]])
  })

  it('refuses to write in a read', async () => {
    await assert.rejects(store.read('CYPHER 5 CREATE (:StoreTest)'), /Writing in read access mode not allowed/)
  })

  it('has the server end a read that runs longer than it may', async () => {
    const endless = 'CYPHER 5 UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(*) AS n'
    const ended: number[] = []
    const within = async (timeout: number): Promise<void> => {
      await assert.rejects(store.read(endless, {}, timeout), /has been terminated|timed ?out/i)
      ended.push(timeout)
    }
    await Promise.all([within(6_000), within(50)])
    assert.deepEqual(ended, [50, 6_000])
  })

  it('tells what is refused from what may pass and from a server that is away', async () => {
    const faultOfFailing = (failing: Promise<unknown>) =>
      failing.then(
        () => 'none',
        (error) => faultOf(error),
      )
    const endless = 'CYPHER 5 UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(*) AS n'
    assert.equal(await faultOfFailing(store.read(endless, {}, 20)), 'passing')
    assert.equal(await faultOfFailing(store.read('CYPHER 5 RETURN 1 / 0 AS n')), 'refused')
    assert.equal(await faultOfFailing(store.read('CYPHER 5 RETURN $f AS f', { f: () => {} })), 'refused')
    for (const other of [
      { ...(await neo4jForTest()), uri: 'bolt://127.0.0.1:9' },
      { ...(await neo4jForTest()), password: 'wrong' },
    ]) {
      const away = openStore(other)
      assert.equal(await faultOfFailing(away.verify()), 'away')
      await away.close()
    }
  })

  it('explains a read without running it, and refuses to explain a write', async () => {
    const plan = await store.explain('CYPHER 5 MATCH (event:Event {id: $id}) RETURN event', { id: 'x' })
    assert.equal(plan.operator, 'ProduceResults')
    assert.match(JSON.stringify(plan), /NodeUniqueIndexSeek/)
    await assert.rejects(store.explain('CYPHER 5 CREATE (n:StoreTest)'), /writes|Writing/)
  })

  it('commits all of a transaction or nothing', async () => {
    await assert.rejects(
      store.write(async (transaction) => {
        await transaction.run('CYPHER 5 CREATE (:StoreTest {id: 1})')
        throw new Error('stop')
      }),
      /stop/,
    )
    assert.deepEqual(await store.read('CYPHER 5 MATCH (n:StoreTest) RETURN count(n) AS n'), [{ n: 0 }])
  })

  it('asks in each session for what an earlier one wrote or saw, so that no replica answers from before that', async () => {
    const address = await neo4jForTest()
    const { hostname, port } = new URL(address.uri)
    let sent = ''
    const between = createServer((client) => {
      const server = connect(Number(port), hostname)
      client.on('data', (bytes) => {
        sent += bytes.toString('latin1')
      })
      client.pipe(server).pipe(client)
      for (const [one, other] of [[client, server] as const, [server, client] as const])
        one.on('error', () => {}).on('close', () => other.destroy())
    })
    await once(between.listen(0, '127.0.0.1'), 'listening')
    const far = openStore({ ...address, uri: `neo4j://127.0.0.1:${(between.address() as AddressInfo).port}` })
    /** The bookmarks that the client sent meanwhile. */
    const asked = async (work: () => Promise<unknown>): Promise<string[]> => {
      sent = ''
      await work()
      return sent.match(/FB:[\w+/=-]+/g) ?? []
    }
    const write = () => far.write((transaction) => transaction.run('CYPHER 5 CREATE (:StoreTest)'))
    try {
      assert.deepEqual(await asked(write), [])
      const [written] = await asked(() => far.read('CYPHER 5 RETURN 1 AS n'))
      assert.ok(written, 'a read asks for what was written')
      await write()
      for (const next of [write, () => far.run('CYPHER 5 RETURN 1 AS n'), () => far.read('CYPHER 5 RETURN 1 AS n')]) {
        const later = await asked(next)
        assert.equal(later.length, 1)
        assert.notDeepEqual(later, [written])
      }
    } finally {
      await store.run('CYPHER 5 MATCH (n:StoreTest) DETACH DELETE n')
      await far.close()
      between.close()
    }
  })

  it('fills in what edges of an earlier schema lack, so that its indexes find them', async () => {
    await store.run(
      `CYPHER 5 UNWIND [true, false] AS whole
       CREATE (:Occurrence {id: 'StoreTest/' + toString(whole), at: 7, whole: whole})-[:AFFECTS {role: 'pod'}]->
         (:Object {key: 'StoreTest/' + toString(whole)})`,
    )
    await store.run("CYPHER 5 MATCH (schema:Schema) SET schema.version = 'earlier'")
    await applySchema(store)
    const edges = await store.read(
      `CYPHER 5 MATCH (:Occurrence)-[affects:AFFECTS]->(object:Object) WHERE object.key STARTS WITH 'StoreTest/'
       RETURN affects {.*} AS edge ORDER BY object.key`,
    )
    await store.run(
      "CYPHER 5 MATCH (n:Occurrence|Object) WHERE coalesce(n.id, n.key) STARTS WITH 'StoreTest/' DETACH DELETE n",
    )
    const edge = { role: 'pod', at: 7, until: 7 }
    assert.deepEqual(edges, [
      { edge: { ...edge, toKey: 'StoreTest/false', partialKey: 'StoreTest/false' } },
      { edge: { ...edge, toKey: 'StoreTest/true' } },
    ])
  })

  it('has the whole schema online', async () => {
    const report = await showSchema(store)
    assert.equal(report.applied, report.wanted)
    assert.deepEqual([report.missing, report.notOnline], [[], []])
  })
})

describe('a Neo4j that is not there', () => {
  it('is named with what to do', async () => {
    const store = openStore({ uri: 'bolt://127.0.0.1:9', user: 'neo4j', password: 'none' })
    await assert.rejects(store.verify(), {
      message: 'cannot reach Neo4j at bolt://127.0.0.1:9 (connection refused). Start it with: aitia up',
    })
    await store.close()
  })
  it('or refuses the password', async () => {
    const { uri } = await neo4jForTest()
    const store = openStore({ uri, user: 'neo4j', password: 'wrong' })
    await assert.rejects(store.verify(), /refused the user or password/)
    await store.close()
  })
})
