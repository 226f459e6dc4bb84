import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlPlaneUnavailable, startControlPlane } from './control-plane.ts'

const skip = (await controlPlaneUnavailable()) ?? false

interface WatchEvent {
  type: string
  object: { code?: number }
}

test('an API server alone keeps objects over a kill and forgets history', { skip }, async (t) => {
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default' },
  })
  await plane.apply([configMap('first'), configMap('second')])
  const { metadata } = await plane.get<{ metadata: { resourceVersion: string } }>(
    '/api/v1/namespaces/default/configmaps/first',
  )
  await plane.apply(configMap('third'))

  const revision = await plane.compact()
  assert.ok(revision > Number(metadata.resourceVersion), `${revision} is after ${metadata.resourceVersion}`)
  await plane.apiServer.kill()
  await assert.rejects(plane.get('/readyz'))
  await plane.apiServer.start()

  const names = await plane.kubectl('get', 'configmaps', '--output=name')
  for (const name of ['first', 'second', 'third']) assert.ok(names.includes(`configmap/${name}\n`), names)
  const watch = `/api/v1/configmaps?watch=1&timeoutSeconds=5&resourceVersion=${metadata.resourceVersion}`
  const { type, object } = await plane.get<WatchEvent>(watch)
  assert.deepEqual({ type, code: object.code }, { type: 'ERROR', code: 410 })
})

test('a flag that the API server does not know is told with its words', { skip }, async () => {
  await assert.rejects(startControlPlane({ apiServerArgs: ['--no-such-flag'] }), /unknown flag: --no-such-flag/)
})
