import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../test/cluster/control-plane.ts'
import type { RawObject } from './list.ts'
import { Reflector } from './reflector.ts'
import { until } from './testing/faulty-server.ts'
import { Mirror, type Thing, trimThing } from './testing/mirror.ts'
import type { Timings } from './timings.ts'

const path = '/api/v1/configmaps'
const patience = 60_000

const configMap = (name: string, value = '') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { value },
})

for (const watchList of [true, false]) {
  suite(`with a kube-apiserver ${watchList ? 'that has' : 'without'} WatchList`, {
    skip: (await controlPlaneUnavailable()) ?? false,
  }, () => {
    let server: ApiServerOnly
    let kubeConfig: KubeConfig
    before(async () => {
      server = await startControlPlane({
        apiServerArgs: [`--feature-gates=WatchList=${watchList}`, `--watch-cache=${watchList}`],
      })
      kubeConfig = new KubeConfig()
      kubeConfig.loadFromFile(server.kubeconfig)
    })
    after(() => server?.stop())

    const follow = async (
      work: (mirror: Mirror, reflector: Reflector<Thing>) => Promise<void>,
      timings: Partial<Timings> = {},
    ) => {
      const mirror = new Mirror()
      const reflector = new Reflector<Thing>({ kubeConfig, path, trim: trimThing, handler: mirror, timings })
      reflector.start()
      try {
        await until('the first list', () => mirror.synced, patience)
        await work(mirror, reflector)
        mirror.check()
      } finally {
        await reflector.stop()
      }
    }

    const equal = async (mirror: Mirror) => {
      const { items } = await server.get<{ items: RawObject[] }>(path)
      const there = items.map(({ metadata: m }) => `${m.name} ${m.uid}@${m.resourceVersion}`).sort()
      await until(`the view to become ${there}`, () => mirror.view.join() === there.join(), patience)
    }

    test('follows create, update, delete and recreate', async () => {
      await server.apply(Array.from({ length: 3 }, (_, index) => configMap(`there-${index}`)))
      await follow(async (mirror, reflector) => {
        await equal(mirror)
        assert.equal(reflector.counts.lists, 1)
        assert.equal(reflector.counts.failures, watchList ? 0 : 1)
        await server.apply([configMap('there-0', 'changed'), configMap('new')])
        await server.kubectl('delete', 'configmap', 'there-1', 'new')
        await server.apply(configMap('new', 'again'))
        await equal(mirror)
        const deleted = mirror.changes.filter(({ type }) => type === 'deleted')
        assert.deepEqual(deleted.map(({ object, inferred }) => [object.name, inferred]).sort(), [
          ['new', undefined],
          ['there-1', undefined],
        ])
        assert.ok(deleted.every(({ resourceVersion, object }) => resourceVersion === object.resourceVersion))
      })
    })

    test('pages through more objects than a page holds', async () => {
      await server.apply(Array.from({ length: 510 }, (_, index) => configMap(`many-${index}`)))
      await follow(async (mirror, reflector) => {
        await equal(mirror)
        assert.ok(reflector.view.size > 510)
      })
    })

    test('a watch that the server ends at its time is resumed without a failure', async () => {
      const timings: Partial<Timings> = { watch: [1_000, 1_000], steady: 500 }
      await follow(async (mirror, reflector) => {
        const { failures } = reflector.counts
        for (const value of ['1', '2', '3']) {
          await new Promise((resolve) => setTimeout(resolve, 1_200))
          await server.apply(configMap('beat', value))
          await equal(mirror)
        }
        assert.deepEqual([reflector.counts.lists, reflector.counts.failures], [1, failures])
      }, timings)
    })

    // Once is enough: starting it takes its time.
    if (watchList)
      test('an API server that is killed and comes back: all is caught up, in whichever way it allows', async () => {
        await follow(async (mirror, reflector) => {
          await server.apply(configMap('before'))
          await equal(mirror)
          await server.apiServer.kill()
          await until('the loss to be told', () => mirror.statuses.at(-1)?.state === 'failing', patience)
          const stands = reflector.watermark
          await server.apiServer.start()
          await server.kubectl('delete', 'configmap', 'before')
          await server.apply(configMap('after'))
          await equal(mirror)
          await until('the watermark to go on', () => reflector.watermark! > stands!, patience)
        })
      })

    test('a history that was compacted meanwhile: 410, a new list, inferred deletions and a gap', async () => {
      await follow(async (mirror) => {
        await server.apply([configMap('vanishes'), configMap('replaced')])
        await equal(mirror)
        // The way to the server is blocked, so that all this happens before the watch is tried again.
        Object.assign(kubeConfig.clusters[0]!, { server: 'https://127.0.0.1:1' })
        await server.apiServer.kill()
        await server.apiServer.start()
        await server.kubectl('delete', 'configmap', 'vanishes', 'replaced')
        await server.apply(configMap('replaced'))
        await server.compact()
        if (watchList) {
          // Its cache would still hold what etcd has forgotten.
          await server.apiServer.kill()
          await server.apiServer.start()
        }
        const count = mirror.changes.length
        Object.assign(kubeConfig.clusters[0]!, { server: server.url })
        await equal(mirror)
        assert.equal(mirror.gaps.length, 1)
        assert.match(mirror.gaps[0]!.reason, /410/)
        const since = mirror.changes.slice(count).map(({ type, object, inferred }) => [type, object.name, inferred])
        assert.deepEqual(since.sort(), [
          ['deleted', 'replaced', true],
          ['deleted', 'vanishes', true],
          ['present', 'replaced', undefined],
        ])
      })
    })

    test('a kind that the server lacks, and a user who may not read', async () => {
      const nobody = new KubeConfig()
      nobody.loadFromFile(server.kubeconfig)
      Object.assign(nobody.users[0]!, { impersonateUser: 'nobody' })
      for (const [config, path, status] of [
        [kubeConfig, '/apis/none.example/v1/things', 404],
        [nobody, '/api/v1/configmaps', 403],
      ] as const) {
        const mirror = new Mirror()
        const reflector = new Reflector<Thing>({ kubeConfig: config, path, trim: trimThing, handler: mirror })
        reflector.start()
        await until('the refusal', () => mirror.statuses.length > 0, patience)
        const [told] = mirror.statuses
        assert.equal(told?.state === 'refused' && told.httpStatus, status)
        await reflector.stop()
      }
    })
  })
}
