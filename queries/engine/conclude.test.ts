import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ObjectRef } from '../../graph/model/observation.ts'
import type { Recording } from '../../graph/model/recording.ts'
import { MINUTE } from '../../graph/model/time.ts'
import { why } from '../reads/why.ts'
import { runPattern } from './correlator.ts'
import { caseNamed, containerOom, graphForTest, inCluster } from './testing.ts'

describe('conclude', async () => {
  const store = await graphForTest()

  it('leads from a workload to its incident, though only the context of the kill told who owns the pod', () =>
    inCluster(store, async (cluster, load) => {
      const recording = caseNamed('owners-by-context')
      await load(recording)
      await runPattern(store, cluster, containerOom)
      const kill = recording.observations.find((each) => each.type === 'event') as { at: number }
      const deployment: ObjectRef = {
        ...{ kind: 'Workload', workloadKind: 'Deployment', key: 'Deployment/shop/checkout' },
        ...{ name: 'checkout', namespace: 'shop' },
      }
      const ask = async () => {
        const answer = await why(store, { cluster, kind: 'deployment', name: 'checkout', namespace: 'shop' })
        return { result: answer.result, incidents: 'incidents' in answer ? answer.incidents.length : 0 }
      }
      const found = { result: 'incident', incidents: 1 }
      assert.deepEqual(await ask(), found, 'before Kubernetes is heard of')
      const object = () =>
        store.read('CYPHER 5 MATCH (o:Object {key: $key}) RETURN labels(o) AS labels, o {.*} AS properties', {
          key: `${cluster}/${deployment.key}`,
        })
      const { key: uid, ...named } = deployment
      assert.deepEqual(await object(), [
        {
          labels: ['Object', 'Workload', 'Deployment'],
          properties: { ...named, uid, cluster, key: `${cluster}/${uid}` },
        },
      ])
      // The ReplicaSet of the rollout before has gone: nothing but the context leads to the pod.
      const listed: Recording['observations'][number] = {
        ...{ type: 'state', object: deployment, at: kill.at + MINUTE, version: 1, uncertainty: 0 },
        ...{ source: 'kubernetes@cluster', body: { labels: [], workloadKind: 'Deployment' }, relations: [] },
      }
      await load({ ...recording, observations: [listed] })
      await runPattern(store, cluster, containerOom)
      assert.deepEqual(await ask(), found)
    }))
})
