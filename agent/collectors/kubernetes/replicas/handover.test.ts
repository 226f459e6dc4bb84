/** Replicas whose clocks differ, on a real kube-apiserver. */
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import type { ObjectRef, StateObservation } from '../../../../graph/model/observation.ts'
import { now, SECOND } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { askJson } from '../../../reflector/request.ts'
import { Api } from '../testing/api.ts'
import { Harness } from '../testing/harness.ts'
import { pod } from '../testing/manifests.ts'

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
})

/** A pod that mounts the ConfigMap of its name. */
const mounting = (name: string) => {
  const { spec, ...rest } = pod(name)
  return { ...rest, spec: { ...spec, volumes: [{ name: 'config', configMap: { name } }] } }
}

suite('replicas whose clocks differ', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  /** All that is begun in one of these has a wall clock of its own, so many ms ahead. */
  const clocks = new AsyncLocalStorage<number>()
  const setClocks = (t: TestContext) => {
    const { now: wall } = Date
    t.mock.method(Date, 'now', () => wall() + (clocks.getStore() ?? 0))
  }

  /** What each replica sent is one stream for the graph. */
  const open = (t: TestContext, name: string) => {
    const all: Harness[] = []
    const settings = { lease: { namespace: 'kube-system', name } }
    const start = async (secondsAhead: number) => {
      const harness = new Harness(api.server)
      const inItsTime = <T>(work: () => T): T => clocks.run(secondsAhead * 1_000, work)
      t.after(() => inItsTime(() => harness.end()))
      all.push(harness)
      await inItsTime(() => harness.start('test', undefined, settings))
      return { harness, stop: () => inItsTime(() => harness.stop()) }
    }
    /** The state that counts: of one version the last. */
    const counting = (pod: string): StateObservation | undefined => {
      const states = all.flatMap((harness) => harness.states(pod)).filter(({ object }) => object.kind === 'Pod')
      assert.ok(new Set(states.map(({ version }) => version)).size <= 1, 'nobody changes the pod')
      return states.sort((a, b) => a.at - b.at).at(-1)
    }
    const mounts = (pod: string): ObjectRef | undefined =>
      counting(pod)?.relations.find(({ kind }) => kind === 'MOUNTS')?.to
    const until = (pod: string, missing: boolean) =>
      all[0]!.until(`${pod} to mount what is ${missing ? 'missing' : 'there'}`, () => {
        const target = mounts(pod)
        return target !== undefined && (target.missing === true) === missing
      })
    return { start, counting, until }
  }
  /** By HTTP: kubectl may take seconds, and who renews no more leads on for a few. */
  const createPods = (names: readonly string[]): Promise<unknown> => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(api.server.kubeconfig)
    const asked = { method: 'POST', path: '/api/v1/namespaces/default/pods' } as const
    const { signal } = new AbortController()
    return Promise.all(names.map((name) => askJson(kubeConfig, { ...asked, body: mounting(name) }, signal)))
  }
  const leads = ({ watcher }: Harness) => watcher.progress().length === 1

  test('what is resolved, and what is missing again, counts after a take-over from one that was ahead and died', async (t) => {
    setClocks(t)
    const { start, counting, until } = open(t, 'died')
    const { harness: a } = await start(50)
    await a.until('the claim', () => leads(a))
    const { harness: b } = await start(0)
    await b.until('the other to stand by', () => b.logged.some((text) => text.includes('stands by')))
    // Until it knows that the leader has come past its lists, and need not send them all.
    await sleep(6_000)
    const names = ['held', 'later', 'going']
    await api.create(configMap('going'))
    // It goes on watching, and renews the Lease no more.
    a.pointTo('https://127.0.0.1:1')
    await createPods(names)
    for (const name of ['held', 'later']) await until(name, true)
    await until('going', false)
    assert.ok(counting('held')!.at > now() + 15 * SECOND)
    await a.until('the end of its lead', () => !leads(a))
    const sent = a.emitted.length
    await api.create(configMap('held'))
    await api.remove('configmap', 'going')
    await b.until('the take-over', () => leads(b))
    await until('held', false)
    await until('going', true)
    await api.create(configMap('later'))
    await until('later', false)
    await api.remove('configmap', 'held', 'later')
    for (const name of names) await until(name, true)
    const { at, uncertainty } = counting('later')!
    assert.ok(at - uncertainty < now(), 'it is as uncertain as the clocks')
    assert.equal(a.emitted.length, sent)
  })

  test('one that begins after another that was ahead tells later what is told later, however many follow', async (t) => {
    setClocks(t)
    const { start, until } = open(t, 'followed')
    const { stop: stopA } = await start(20)
    await api.apply(mounting('followed'))
    await until('followed', true)
    await stopA()
    await api.create(configMap('followed'))
    const { harness: b, stop: stopB } = await start(0)
    await until('followed', false)
    await b.until('the claim', () => leads(b))
    await stopB()
    await api.remove('configmap', 'followed')
    await start(-20)
    await until('followed', true)
  })

  test('one that stands by claims nothing as it ends: what it has seen it has not passed on', async (t) => {
    const { start } = open(t, 'stands-by')
    const { harness: a } = await start(0)
    await a.until('the claim', () => leads(a))
    const { harness: b } = await start(0)
    await b.until('the other to stand by', () => b.logged.some((text) => text.includes('stands by')))
    const watching = ({ logged }: Harness) => logged.filter((text) => text.endsWith(': watching')).length
    await b.until('the other to watch as much', () => watching(b) === watching(a))
    const { watcher } = b
    await b.stop()
    assert.deepEqual(watcher.progress(), [])
    const leading = a.watcher
    await a.stop()
    assert.equal(leading.progress().length, 1)
  })
})
