import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { untilAllowed } from '../../../../test/cluster/rights.ts'
import type { Log } from '../../collector.ts'
import { usualLeaseOf } from '../config.ts'
import { Api } from '../testing/api.ts'
import { Harness } from '../testing/harness.ts'
import { pod } from '../testing/manifests.ts'
import { Lease, type LeaseTimings, replicaOf } from './lease.ts'
import { isUsable, leaseLine } from './lease-rights.ts'

const GROUP = 'rbac.authorization.k8s.io'
const namespace = 'kube-system'
/** As leaseTimings, in less of the time, but of more than an answer may take on a busy machine. */
const quick: LeaseTimings = { duration: 3_000, giveUp: 2_100, retry: 300, refused: 300, answer: 3_000 }

test('a replica keeps its name; a file that a crash left empty or broken gives way to a new one', (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  t.after(() => rmSync(dataDir, { recursive: true }))
  const warned: string[] = []
  const log = { warn: (text: string) => void warned.push(text) } as unknown as Log
  const name = replicaOf(dataDir, log)
  assert.deepEqual([replicaOf(dataDir, log), warned], [name, []])
  const names = ['', name.slice(0, -5)].map((left) => {
    writeFileSync(join(dataDir, 'replica'), left)
    return replicaOf(dataDir, log)
  })
  assert.deepEqual([new Set([name, ...names]).size, replicaOf(dataDir, log), warned.length], [3, names[1], 2])
})

suite('the Lease of several replicas on a real kube-apiserver', {
  skip: (await controlPlaneUnavailable()) ?? false,
}, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  const configOf = (user?: string): KubeConfig => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(api.server.kubeconfig)
    if (user !== undefined) Object.assign(kubeConfig.users[0]!, { impersonateUser: user })
    return kubeConfig
  }
  /** The user may do this to Leases of the namespace, from now on; without verbs nothing. */
  const allow = async (user: string, ...verbs: string[]): Promise<void> => {
    await api.server.apply([
      {
        ...{ apiVersion: `${GROUP}/v1`, kind: 'Role', metadata: { name: user, namespace } },
        rules: verbs.length === 0 ? [] : [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs }],
      },
      {
        ...{ apiVersion: `${GROUP}/v1`, kind: 'RoleBinding', metadata: { name: user, namespace } },
        roleRef: { apiGroup: GROUP, kind: 'Role', name: user },
        subjects: [{ apiGroup: GROUP, kind: 'User', name: user }],
      },
    ])
    for (const verb of ['get', 'create', 'update'])
      await untilAllowed(api.server, user, [verb, 'leases.coordination.k8s.io', '-n', namespace], verbs.includes(verb))
  }
  const allowReading = (user: string): Promise<void> =>
    api.server.apply([
      {
        ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name: user } },
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['list', 'watch'] }],
      },
      {
        ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name: `${user}-namespaces` } },
        rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }],
      },
      ...[user, `${user}-namespaces`].map((name) => ({
        ...{ apiVersion: `${GROUP}/v1`, kind: 'ClusterRoleBinding', metadata: { name } },
        roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
        subjects: [{ apiGroup: GROUP, kind: 'User', name: user }],
      })),
    ])

  interface Told {
    readonly level: string
    readonly text: string
  }
  const open = (t: TestContext, name: string, identity: string, user?: string) => {
    const told: Told[] = []
    const say = (level: string) => (text: string) => void told.push({ level, text })
    const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') } as Log
    const able = { isFit: true }
    const ignored = { onHeld: () => {}, onWord: () => {}, isFit: () => able.isFit }
    const place = { namespace, name, identity, kubeConfig: configOf(user), log }
    const lease = new Lease({ ...place, ...ignored, timings: quick })
    t.after(() => lease.stop())
    return { lease, identity, told, able }
  }
  const until = async (what: string, condition: () => unknown): Promise<void> => {
    const end = Date.now() + 30_000
    while (!condition()) {
      if (Date.now() > end) throw new Error(`waited 30 s for ${what}`)
      await sleep(20)
    }
  }

  test('of three replicas one leads at a time; each that goes is followed by one, in order or not', async (t) => {
    const all = ['a', 'b', 'c'].map((identity) => open(t, 'three', identity))
    const leading = () => all.filter(({ lease }) => lease.leads).map(({ identity }) => identity)
    let most = 0
    const looking = setInterval(() => {
      most = Math.max(most, leading().length)
    }, 5)
    t.after(() => clearInterval(looking))
    await Promise.all(all.map(({ lease }) => lease.start()))
    const led: string[] = []
    const next = async (): Promise<(typeof all)[number]> => {
      await until(`one after ${led.join(', ')}`, () => leading().some((each) => !led.includes(each)))
      const leader = all.find(({ lease }) => lease.leads)!
      led.push(leader.identity)
      return leader
    }
    const first = await next()
    await sleep(quick.duration)
    assert.deepEqual(leading(), [first.identity], 'it stays')
    await first.lease.stop()
    const second = await next()
    // As if it had been killed: it says nothing more, and nobody is told.
    await api.kubectl(
      'patch',
      'lease',
      'three',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"spec":{"holderIdentity":"x"}}',
    )
    await until('the second to see it', () => !second.lease.leads)
    await until('one after that', () => leading().length > 0)
    assert.equal(most, 1, 'never two at once')
  })

  for (const verb of ['get', 'create', 'update']) {
    test(`who may not ${verb} the Lease does not lead, says once what to allow, and leads once it may`, async (t) => {
      const user = `no-${verb}`
      await allow(user, ...['get', 'create', 'update'].filter((each) => each !== verb))
      // Somebody made it and is gone, so that there is something to update.
      if (verb === 'update') {
        const spec = { holderIdentity: 'gone', leaseDurationSeconds: 1 }
        await api.server.apply({
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: user, namespace },
          spec,
        })
      }
      const { lease, told } = open(t, user, 'a', user)
      await lease.start()
      await until('the refusal', () => told.some(({ level }) => level === 'error'))
      await sleep(5 * quick.refused)
      assert.equal(lease.leads, false)
      const errors = told.filter(({ level }) => level === 'error').map(({ text }) => text)
      assert.equal(errors.length, 1, 'once, however often it is tried')
      assert.match(errors[0]!, new RegExp(`cannot ${verb} resource "leases".*allow get, create and update of leases`))
      await allow(user, 'get', 'create', 'update')
      await until('it to lead', () => lease.leads)
    })
  }

  test('one that can pass nothing on leaves the Lease to another, and takes none', async (t) => {
    const [one, other] = [open(t, 'fit', 'a'), open(t, 'fit', 'b')]
    await one.lease.start()
    await other.lease.start()
    assert.deepEqual([one.lease.leads, other.lease.leads], [true, false])
    one.able.isFit = false
    await until('the other to lead', () => other.lease.leads)
    assert.equal(one.lease.leads, false)
    other.able.isFit = false
    await until('nobody to lead', () => !other.lease.leads)
    await sleep(2 * quick.duration)
    assert.deepEqual([one.lease.leads, other.lease.leads], [false, false])
    one.able.isFit = true
    await until('the first to lead again', () => one.lease.leads)
  })

  test('rights that are taken away end the lead; while nobody may, nobody leads', async (t) => {
    await allow('revoked', 'get', 'create', 'update')
    const all = ['a', 'b'].map((identity) => open(t, 'revoked', identity, 'revoked'))
    for (const { lease } of all) await lease.start()
    assert.deepEqual(
      all.map(({ lease }) => lease.leads),
      [true, false],
    )
    await allow('revoked', 'get')
    await until('the end of the lead', () => !all[0]!.lease.leads)
    await until('both to be refused', () => all.every(({ told }) => told.some(({ level }) => level === 'error')))
    await sleep(2 * quick.duration)
    assert.deepEqual(
      all.map(({ lease }) => lease.leads),
      [false, false],
    )
    await allow('revoked', 'get', 'create', 'update')
    await until('one to lead', () => all.some(({ lease }) => lease.leads))
  })

  test('two collectors that may not use the Lease send nothing; what they held back is sent, by one, once they may', async (t) => {
    await allowReading('reader')
    const [a, b] = [new Harness(api.server, 'reader'), new Harness(api.server, 'reader')]
    const settings = { lease: { namespace, name: 'both' } }
    for (const each of [a, b]) {
      t.after(() => each.end())
      await each.start('test', undefined, settings)
    }
    const isRefused = ({ logged }: Harness) => logged.filter((text) => text.includes('may not use the Lease')).length
    await api.create(pod('meanwhile'))
    await a.until('both to say so', () => isRefused(a) === 1 && isRefused(b) === 1)
    await sleep(3_000)
    assert.deepEqual([a.emitted, b.emitted, a.watcher.progress(), b.watcher.progress()], [[], [], [], []])
    await allow('reader', 'get', 'create', 'update')
    const sent = (harness: Harness) => harness.states('meanwhile').length
    await a.until('one to send it', () => sent(a) + sent(b) > 0)
    const [leader, other] = sent(a) > 0 ? [a, b] : [b, a]
    await leader.until('its claims', () => leader.watcher.progress().length === 1)
    await sleep(3_000)
    assert.deepEqual([other.emitted, other.watcher.progress()], [[], []])
    assert.deepEqual([isRefused(a), isRefused(b)], [1, 1], 'told once')
  })

  test('doctor says what is not allowed of the Lease; the Role of the README suffices', async () => {
    const place = { namespace, name: 'of-the-readme' }
    const line = async () => {
      const { subject, state, detail } = await leaseLine(configOf('asked'), place)
      return `${subject}: ${state}: ${detail}`
    }
    const refused = (verbs: string) =>
      `kubernetes AITIA_LEASE: missing: not allowed to ${verbs} the Lease kube-system/of-the-readme. Without it nothing of the cluster is sent.`
    assert.equal(await line(), refused('get, create, update'))
    await allow('asked', 'get')
    assert.equal(await line(), refused('create, update'))
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
    const roles = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => parse(text!))
    const { rules } = roles.find(({ kind }) => kind === 'Role')
    await allow('asked', ...rules[0].verbs)
    assert.match(await line(), /^kubernetes AITIA_LEASE: ok/)
  })

  test('in a pod a Lease is tried for unasked where it may be used; else each sends, and says so', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'namespace')
    writeFileSync(file, `${namespace}\n`)
    const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
    for (const environment of [{}, { ...inPod, KUBECONFIG: 'config' }])
      assert.equal(usualLeaseOf('shop', environment, file), undefined)
    assert.equal(usualLeaseOf('shop', inPod, join(folder, 'none')), undefined)
    const place = usualLeaseOf('shop-eu', inPod, file)!
    assert.deepEqual(place, { namespace, name: 'aitia-shop-eu', unasked: true })
    const altered = ['shop_eu', 'shop.eu', 'Shop-EU', 'shop-eu-', 'é', 'x'.repeat(300), 'x'.repeat(301)]
    const names = altered.map((cluster) => usualLeaseOf(cluster, inPod, file)!.name)
    assert.equal(new Set([place.name, ...names]).size, 1 + altered.length)
    for (const name of names) assert.match(name, /^aitia-[a-z0-9-]{0,201}[a-z0-9]{8}$/)

    const warned: string[] = []
    const log = { warn: (text: string) => void warned.push(text) } as Log
    const use = () => isUsable(configOf('unasked'), place, log)
    assert.equal(await use(), false)
    assert.match(
      warned.join(),
      /^not allowed to get, create, update the Lease kube-system\/aitia-shop-eu: each agent .* and restart the agents, or /,
    )
    const line = () => leaseLine(configOf('unasked'), place)
    const { state, detail, remedy } = await line()
    assert.deepEqual(
      [state, detail.includes('each agent that watches the cluster sends all of it')],
      ['degraded', true],
    )
    assert.match(remedy!, /and restart the agents, or /)
    await allow('unasked', 'get', 'create', 'update')
    while ((await line()).state !== 'ok') await sleep(50)
    assert.equal(await use(), true)
    assert.equal(warned.length, 1)
  })

  test('where the API server refuses to tell what may be done each sends, once the API is there', async (t) => {
    // Who is not known has no rights of `system:basic-user`, which hardened clusters take from all.
    const user = 'system:anonymous'
    await allowReading(user)
    await api.create(pod('untold'))
    const harness = new Harness(api.server, user)
    t.after(() => harness.end())
    harness.pointTo('https://127.0.0.1:1')
    const lease = { namespace, name: 'untold', unasked: true } as const
    await harness.start('test', undefined, { lease })
    harness.pointTo(api.server.url)
    await harness.state('untold')
    const warned = harness.logged.filter((text) => text.includes('the Lease'))
    assert.equal(warned.length, 1, warned.join())
    assert.match(warned[0]!, /got 403 .* each agent .* sends all of it\. .* set AITIA_LEASE=kube-system\/untold$/s)
    const { state, detail } = await leaseLine(configOf(user), lease)
    assert.deepEqual([state, /got 403 .* each agent .* sends all of it\.$/s.test(detail)], ['degraded', true])
  })

  test('a Lease that nobody asked for, refused though rights are there: nothing is sent, and the log says what to look for', async (t) => {
    await api.kubectl('create', 'namespace', 'ending')
    // Nobody empties it, so that it stays.
    await api.kubectl('delete', 'namespace', 'ending', '--wait=false')
    const harness = new Harness(api.server)
    t.after(() => harness.end())
    await harness.start('test', undefined, { lease: { namespace: 'ending', name: 'usual', unasked: true } })
    const refusals = () => harness.logged.filter((text) => text.startsWith('may not use the Lease ending/usual'))
    await harness.until('the refusal', () => refusals().length > 0)
    assert.match(refusals()[0]!, /being terminated.* To mend it, see to what the API server says .* a quota, /)
    assert.doesNotMatch(refusals()[0]!, /unset AITIA_LEASE/)
    await sleep(1_000)
    assert.deepEqual(harness.emitted, [])
  })
})
