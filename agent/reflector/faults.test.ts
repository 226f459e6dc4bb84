/** What breaks a client of a real kube-apiserver for good if it reads its credentials once: all of them are renewed while it runs. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../test/cluster/control-plane.ts'
import { loadKubeConfig } from './config.ts'
import { Reflector } from './reflector.ts'
import { until } from './testing/faulty-server.ts'
import { Mirror, type Thing, trimThing } from './testing/mirror.ts'
import type { Timings } from './timings.ts'

const patience = 90_000
const quick: Partial<Timings> = { watch: [1_000, 1_000], steady: 200, refused: 500, backoff: [100, 1_000], tick: 100 }

suite('renewals and pauses of a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let server: ApiServerOnly
  let folder: string
  let count = 0
  before(async () => {
    server = await startControlPlane()
    folder = mkdtempSync(join(tmpdir(), 'aitia-faults-'))
  })
  after(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const follow = async (t: TestContext, kubeConfig: KubeConfig, path = '/api/v1/configmaps', timings = quick) => {
    const mirror = new Mirror()
    const reflector = new Reflector<Thing>({ kubeConfig, path, trim: trimThing, handler: mirror, timings })
    reflector.start()
    t.after(() => reflector.stop())
    await until(`the first list (${JSON.stringify(mirror.statuses.at(-1))})`, () => mirror.synced, patience)
    return { mirror, reflector }
  }
  const write = async (mirror: Mirror) => {
    const name = `fault-${++count}`
    await server.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })
    await until(`${name} to be seen`, () => [...mirror.things.values()].some((each) => each.name === name), patience)
  }
  const admin = () => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(server.kubeconfig)
    return kubeConfig
  }
  const isRefused = (mirror: Mirror) => {
    const told = mirror.statuses.at(-1)
    return told?.state === 'refused' && told.httpStatus === 401
  }

  test('a client certificate that is replaced in the kubeconfig is read again', async (t) => {
    const file = join(folder, 'kubeconfig')
    const stranger = await (await startStranger()).issue('stranger', '/O=system:masters/CN=stranger')
    copyFileSync(server.kubeconfig, file)
    const { mirror, reflector } = await follow(t, await loadKubeConfig({ KUBECONFIG: file }))
    await write(mirror)
    // Of another authority: as good as expired.
    const bad = server.authority.writeKubeconfig('stranger', server.url, stranger)
    renameSync(bad, file)
    await until('the refusal', () => isRefused(mirror), patience)
    copyFileSync(server.kubeconfig, `${file}.new`)
    renameSync(`${file}.new`, file)
    await write(mirror)
    assert.deepEqual([mirror.gaps, reflector.counts.lists], [[], 1])
  })

  test('a token that is refused is read again from its file', async (t) => {
    const namespace = 'default'
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader', namespace } }
    const api = 'rbac.authorization.k8s.io'
    const role = { apiGroup: api, kind: 'ClusterRole', name: 'cluster-admin' }
    const subjects = [{ kind: 'ServiceAccount', name: 'reader', namespace }]
    await server.apply([
      account,
      { apiVersion: `${api}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'reader' }, roleRef: role, subjects },
      ...['one', 'two'].map((name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } })),
    ])
    // Bound to a Secret, so that it ends with that.
    const token = (secret: string) =>
      server.kubectl('create', 'token', 'reader', '--bound-object-kind=Secret', `--bound-object-name=${secret}`)
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, (await token('one')).trim())
    const kubeConfig = admin()
    const [user] = kubeConfig.users
    // As `loadFromCluster` makes it.
    kubeConfig.users = [{ name: user!.name, authProvider: { name: 'tokenFile', config: { tokenFile } } } as never]
    const { mirror, reflector } = await follow(t, kubeConfig)
    await write(mirror)
    writeFileSync(tokenFile, (await token('two')).trim())
    await server.kubectl('delete', 'secret', 'one')
    // The API server remembers for some seconds that a token is good.
    await until('the refusal', () => isRefused(mirror), patience)
    await write(mirror)
    assert.deepEqual([mirror.gaps, reflector.counts.lists], [[], 1])
  })

  test('a serving certificate that is issued anew by the same authority', async (t) => {
    const { mirror, reflector } = await follow(t, admin())
    await write(mirror)
    await server.authority.issue('kube-apiserver', '/CN=kube-apiserver', ['IP:127.0.0.1'])
    await server.apiServer.kill()
    await server.apiServer.start()
    await write(mirror)
    assert.ok(reflector.counts.failures > 0)
  })

  test('an API server that hangs with its connections open is left, and caught up with when it goes on', async (t) => {
    const { mirror, reflector } = await follow(t, admin(), '/api/v1/configmaps', {
      ...quick,
      ...{ watch: [60_000, 60_000], silence: 2_000, answer: 1_000, page: 1_000, aliveBound: 1_000 },
    })
    await write(mirror)
    const pid = server.apiServer.pid!
    process.kill(pid, 'SIGSTOP')
    try {
      await until('a failure', () => mirror.statuses.at(-1)?.state === 'failing', patience)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const stands = reflector.watermark!
    await write(mirror)
    await until('the watermark to go on', () => reflector.watermark! > stands, patience)
    assert.deepEqual(mirror.gaps, [])
  })

  test('names with colons, of 253 characters, and annotations of 100 kB', async (t) => {
    const { mirror } = await follow(t, admin(), '/apis/rbac.authorization.k8s.io/v1/clusterroles')
    const colons = 'aitia:odd:ünïcode role'
    const long = `${'a'.repeat(61)}.`.repeat(4).slice(0, 252).concat('z')
    const made = (name: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name, annotations: { 'example.com/large': 'ß'.repeat(50_000) } },
      rules: [],
    })
    await server.apply([made(colons), made(long)])
    const names = () => [...mirror.things.values()].map(({ name }) => name)
    await until('both', () => names().includes(colons) && names().includes(long), patience)
    await server.kubectl('delete', 'clusterrole', colons, long)
    await until('none', () => !names().includes(colons) && !names().includes(long), patience)
    assert.ok(mirror.changes.filter(({ type }) => type === 'deleted').every(({ inferred }) => inferred === undefined))
  })

  /** An authority that the API server does not know. */
  const startStranger = async () => {
    const { Authority } = await import('../../test/cluster/pki.ts')
    return Authority.create(join(folder, 'stranger'))
  }
})
