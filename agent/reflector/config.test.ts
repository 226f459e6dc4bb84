import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadKubeConfig, refresh } from './config.ts'

const kubeconfig = (token: string) =>
  JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'here' },
    clusters: [{ name: 'there', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'me', user: { token } }],
    contexts: [{ name: 'here', context: { cluster: 'there', user: 'me' } }],
  })

test("of the client's generated code next to nothing is loaded", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-kubeconfig-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const loaded: string[] = []
  const hooks = registerHooks({
    load: (url, context, next) => {
      loaded.push(url)
      return next(url, context)
    },
  })
  t.after(() => hooks.deregister())
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, kubeconfig('first'))
  await loadKubeConfig({ KUBECONFIG: file })
  const ofClient = loaded.filter((url) => url.includes('/@kubernetes/client-node/'))
  assert.ok(ofClient.some((url) => url.endsWith('/config.js')))
  assert.deepEqual(
    ofClient.filter((url) => url.includes('/gen/')).map((url) => url.slice(url.lastIndexOf('/'))),
    ['/rxjsStub.js'],
  )
})

test('a kubeconfig that is renewed is read again; one that is half written leaves what was read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-kubeconfig-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, kubeconfig('first'))
  const read = await loadKubeConfig({ KUBECONFIG: file })
  const token = () => {
    refresh(read)
    return read.getCurrentUser()?.token
  }
  assert.equal(token(), 'first')
  writeFileSync(file, kubeconfig('second'))
  assert.equal(token(), 'second')
  writeFileSync(file, kubeconfig('third').slice(0, 150))
  assert.equal(token(), 'second')
  writeFileSync(file, kubeconfig('third'))
  assert.equal(token(), 'third')
  rmSync(file)
  assert.equal(token(), 'third')
})
