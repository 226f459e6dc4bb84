/** What the command does for a user without rights: all but to watch the kernel, and it says what that costs. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { lacksCollectors } from '../../test/support/collectors.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'

const NOBODY = 65_534
/** Root's tests become nobody, who may read what is root's (a clone in its home, the packages) and nothing more. */
const asNobody =
  process.getuid?.() === 0
    ? [
        'setpriv',
        ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
        ...['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search'],
        '--bounding-set=-all,+dac_read_search',
      ]
    : []

/** Root's own processes without its rights: what is theirs they may read, unless its mode forbids it. */
const withoutRights = process.getuid?.() === 0 ? ['setpriv', '--inh-caps=-all', '--bounding-set=-all'] : []

describe('without root', { skip: lacksCollectors('ebpf', 'kubernetes') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-nobody-'))
  let environment: NodeJS.ProcessEnv

  const spawnAs = (user: readonly string[], args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
    const [file, ...words] = [...user, process.execPath, join(import.meta.dirname, 'main.ts'), ...args]
    return spawn(file!, words, { env: { ...environment, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const aitia = (...args: readonly string[]) => spawnAs(asNobody, args)

  before(async () => {
    const { uri, user, password } = await neo4jForTest()
    if (asNobody.length > 0) chownSync(folder, NOBODY, NOBODY)
    const kubeconfig = join(folder, 'kubeconfig.yaml')
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'a', users: [{ name: 'a', user: {} }] },
        clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:9' } }],
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      }),
    )
    environment = {
      ...process.env,
      ...{ AITIA_NEO4J_URI: uri, AITIA_NEO4J_USER: user, AITIA_NEO4J_PASSWORD: password, AITIA_REDIS_URL: '' },
      ...{ AITIA_CLUSTER: testCluster(), AITIA_DATA: folder, AITIA_API_PORT: '0', KUBECONFIG: kubeconfig },
    }
  })
  after(() => rmSync(folder, { recursive: true }))

  test('doctor says what it costs, and what to do', async () => {
    const out = await text(aitia('doctor').stdout)
    assert.match(out, /^collector ebpf +missing +can't run here$/m)
    assert.match(
      out,
      /^kernel programs +missing .*needs root.*; no kernel events at all\n {4}do: run as root, or with CAP_BPF and CAP_PERFMON/m,
    )
  })

  test('addresses that may not be read are not taken for absent', async () => {
    const own = mkdtempSync(join(tmpdir(), 'aitia-closed-'))
    writeFileSync(join(own, 'servers.json'), '{}', { mode: 0o000 })
    const incidents = spawnAs(withoutRights, ['incidents'], { AITIA_DATA: own, AITIA_NEO4J_URI: '' })
    const exited = once(incidents, 'exit')
    assert.match(
      await text(incidents.stderr),
      /servers\.json can't be read \(EACCES: .*\)\. Set it, or run this as the user who ran `aitia up`\n$/,
    )
    assert.deepEqual(await exited, [1, null])
    rmSync(own, { recursive: true })
  })

  test('everything but the kernel collector runs', async (t) => {
    const child = aitia('up')
    t.after(() => child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stderr })) {
      lines.push(line)
      if (line === 'Ctrl-C ends everything.') break
    }
    const said = lines.join('\n')
    for (const part of ['Redis', 'worker', 'correlator', 'API', 'agent'])
      assert.match(said, new RegExp(`^${part} `, 'm'))
    assert.deepEqual(said.match(/not watched: \w+/g), ['not watched: ebpf'])
    const url = /^GraphQL +(\S+)/m.exec(said)![1]!
    assert.equal((await fetch(new URL('/ready', url))).status, 200)
    child.kill('SIGINT')
    assert.deepEqual(await exited, [0, null])
  })
})
