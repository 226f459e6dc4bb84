import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRight } from '../../deploy/local/test-skips.ts'

/** What a process with these settings would use as etcd, or why it could use none. */
function etcdWith(settings: NodeJS.ProcessEnv): { reason: string | null; path?: string } {
  const script = `
    const { binariesUnavailable, ensureBinaries } = await import('./binaries.ts')
    const reason = await binariesUnavailable(['etcd'])
    console.log(JSON.stringify({ reason, path: reason ? undefined : (await ensureBinaries(['etcd'])).etcd }))`
  const env = { ...process.env, ...settings }
  const args = ['--input-type=module', '--eval', script]
  return JSON.parse(execFileSync(process.execPath, args, { cwd: import.meta.dirname, env, encoding: 'utf8' }))
}

test('an installed program is used if its version fits, and the reason tells what is missing', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-binaries-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'etcd')
  const install = (version: string) =>
    writeFileSync(path, `#!/bin/sh\necho "etcd Version: ${version}"\n`, { mode: 0o755 })
  // No Go and an empty cache, so that only the installed one is left.
  const settings = { KUBEBUILDER_ASSETS: folder, PATH: '/nowhere', XDG_CACHE_HOME: folder }

  install('3.6.1')
  assert.deepEqual(etcdWith(settings), { reason: null, path })
  assert.deepEqual(etcdWith({ ...settings, KUBEBUILDER_ASSETS: '', PATH: folder }), { reason: null, path })
  install('2.3.0')
  const reason = etcdWith(settings).reason ?? ''
  assert.match(reason, /^needs Go 1\.24 or newer \(found: none\) to build etcd, neither in /)
  assert.ok(isRight({ reason }, { root: true, Go: false }), 'a run of all tests takes it for a skip that may be')
})
