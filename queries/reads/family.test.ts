/** What an object's answers look at, where a container of it ran very often. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { OPEN } from '../../graph/model/time.ts'
import { applySchema, openStore } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { family, isCut } from './family.ts'
import { KNOWN_NOW } from './read.ts'

describe('the runs of a pod', async () => {
  const store = openStore(await neo4jForTest())
  const cluster = testCluster()
  await applySchema(store)
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })
  const key = `${cluster}/p1`
  /** A run of each name for each unit of time up to `count`. */
  const run = (name: string, count: number) =>
    store.run(
      `CYPHER 5 MERGE (pod:Object {key: $key}) SET pod:Pod, pod.cluster = $cluster, pod.kind = 'Pod'
       WITH pod UNWIND range(1, $count) AS n
       CREATE (pod)-[:RUNS {by: pod.key, toKey: $name + n, from: n, to: $open, end: $open, recordedFrom: 0, recordedTo: $open, containerName: $name}]->
         (:Object:Container {cluster: $cluster, kind: 'Container', key: $cluster + '/' + $name + n})`,
      { cluster, key, name, count, open: OPEN },
    )
  const runsIn = async (from: number, to: number, containers?: number) => {
    const members = await family(store, key, { from, to, known: KNOWN_NOW, ...(containers ? { containers } : {}) })
    return {
      runs: members.flatMap(({ containers }) => containers.map((it) => it.key.slice(cluster.length + 1))).sort(),
      cut: isCut(members),
    }
  }

  it('are those of the window, and of each container the last before it, which may have gone on', async () => {
    await run('app', 9)
    await run('proxy', 3)
    assert.deepEqual(await runsIn(6, 9), { runs: ['app5', 'app6', 'app7', 'app8', 'proxy2', 'proxy3'], cut: false })
  })

  it('are cut where they are too many, which is said', async () => {
    assert.equal((await runsIn(6, 9, 1)).cut, false)
    const { runs, cut } = await runsIn(3, 9, 2)
    assert.deepEqual([runs.filter((it) => it.startsWith('app')), cut], [['app2', 'app3', 'app6', 'app7', 'app8'], true])
  })
})
