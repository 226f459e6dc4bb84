import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { controlPlaneUnavailable, startControlPlane } from '../../../test/cluster/control-plane.ts'
import { Harness } from './testing/harness.ts'
import { watchedKinds } from './watched-kinds.ts'

interface AuditEntry {
  verb: string
  requestURI: string
  requestReceivedTimestamp: string
  impersonatedUser?: { username: string }
}

test('once it watches, the collector never lists again, as the audit log of a real kube-apiserver tells', {
  skip: (await controlPlaneUnavailable()) ?? false,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-audit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const policy = join(folder, 'policy.json')
  const log = join(folder, 'audit.log')
  const rules = [{ level: 'Metadata', omitStages: ['RequestReceived', 'ResponseStarted'] }]
  writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }))
  const apiServerArgs = [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`]
  const server = await startControlPlane({ apiServerArgs })
  t.after(() => server.stop())
  const group = 'rbac.authorization.k8s.io'
  await server.apply({
    ...{ apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'steady' } },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: group, kind: 'User', name: 'steady' }],
  })
  const asked = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .flatMap((line): AuditEntry[] => (line === '' ? [] : [JSON.parse(line)]))
      .filter(({ impersonatedUser }) => impersonatedUser?.username === 'steady')
  const harness = new Harness(server, 'steady')
  t.after(() => harness.end())
  // Watches that end each second: far more often than they do, so that none of their ends is a reason to list.
  await harness.start('test', { watch: [1_000, 1_000], steady: 200 })
  await harness.until('the first claim', () => harness.watcher.progress().length > 0)
  const from = new Date().toISOString()
  await sleep(10_000)
  const since = asked().filter(({ requestReceivedTimestamp }) => requestReceivedTimestamp > from)
  const watches = since.filter(({ verb, requestURI }) => verb === 'watch' && !requestURI.includes('sendInitialEvents'))
  assert.deepEqual(
    since.filter((each) => !watches.includes(each)).map(({ verb, requestURI }) => `${verb} ${requestURI}`),
    [],
  )
  assert.ok(watches.length >= 3 * watchedKinds.length, `${watches.length} watches of ${watchedKinds.length} kinds`)
})
