/** `aitia up --replay FILE --exit` as a process on real servers: the whole way from a recording to the explained incident. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { skip as kernelSkip } from '../../agent/native/testing/recorder.ts'
import type { Recording } from '../../graph/model/recording.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { openStore, type Store } from '../../graph/store/main.ts'
import { removeCluster } from '../../queries/engine/main.ts'
import { lacksCollectors } from '../../test/support/collectors.ts'
import { neo4jForTest, redisForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { formatRecording } from './commands/record.ts'

/** A time of its own for each run: its content, and so its cluster, are not those of an earlier one. */
const START = 1_790_000_000 * SECOND + Math.floor(Math.random() * 1e9) * SECOND
const PINS = '/sys/fs/bpf/aitia'
const pins = (): string[] => (existsSync(PINS) ? readdirSync(PINS) : [])

const killed = (start: number): Recording => {
  const kill = start + 10 * MINUTE
  const end = kill + 5 * MINUTE
  const beats = [heartbeat(KUBERNETES, start, end, true), heartbeat(EBPF, start, end, true)]
  return recordingOf([...healthy(start), ...outOfMemory(kill), ...beats])
}

const recording: Recording = {
  ...killed(START),
  title: 'checkout runs out of memory',
  expect: [
    {
      ...{ pattern: 'container-oom', result: 'incident', status: 'final', outcome: 'main killed' },
      ...{ workload: 'Deployment/checkout', container: 'app', occurrences: 1 },
    },
  ],
}

describe('aitia up', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-up-'))
  let environment: NodeJS.ProcessEnv
  let store: Store
  let cluster = ''
  const clusters: string[] = []

  const up = (content: Recording, ...more: readonly string[]): Promise<{ code: number; out: string; err: string }> => {
    const file = join(folder, 'recording.json')
    writeFileSync(file, formatRecording(content))
    return new Promise((resolve) =>
      execFile(
        process.execPath,
        [join(import.meta.dirname, 'main.ts'), 'up', '--replay', file, '--exit', ...more],
        { env: environment },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      ),
    )
  }

  before(async () => {
    const [neo4j, redisUrl] = await Promise.all([neo4jForTest(), redisForTest()])
    environment = {
      ...process.env,
      ...{ AITIA_NEO4J_URI: neo4j.uri, AITIA_NEO4J_USER: neo4j.user, AITIA_NEO4J_PASSWORD: neo4j.password },
      ...{ AITIA_REDIS_URL: redisUrl, AITIA_QUEUE_PREFIX: testCluster(), AITIA_DATA: folder, AITIA_API_PORT: '0' },
    }
    store = openStore(neo4j)
  })
  after(async () => {
    for (const name of clusters) await removeCluster(store, name)
    await store.close()
    rmSync(folder, { recursive: true })
  })

  test('finds the incident, explains it, and leaves nothing behind', async () => {
    const { code, out, err } = await up(recording)
    cluster = / -c (replay-[0-9a-f]+)/.exec(err)?.[1] ?? ''
    clusters.push(cluster)
    assert.equal(code, 0, err)
    assert.match(out, /^checkout lost 1 of 3 replicas at .*: its container "app" outgrew its memory\s+limit/)
    assert.equal(statSync(join(folder, 'aitia.log')).mode & 0o777, 0o600)
    // What is stopped a moment later needs no address.
    assert.doesNotMatch(err, /http:/)
    assert.ok(!existsSync(join(folder, 'servers.json')))
  })

  test('explains what came of a window, which expects nothing, once it is concluded', async () => {
    const { code, out, err } = await up(killed(START + 60 * MINUTE))
    clusters.push(/ as cluster (replay-[0-9a-f]+)/.exec(err)?.[1] ?? '')
    assert.equal(code, 0, err)
    assert.match(out, /^checkout lost 1 of 3 replicas at /)
    assert.match(out, / {2}confidence {2}0\.\d+ \(final\)/)
  })

  test('of two at once on one folder one is refused, and takes nothing from the other', async (t) => {
    const own = mkdtempSync(join(tmpdir(), 'aitia-up-'))
    const file = join(own, 'servers.json')
    const start = async () => {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'up'], {
        env: { ...environment, AITIA_DATA: own, AITIA_CLUSTER: testCluster(), KUBECONFIG: '' },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const exited = once(child, 'exit')
      t.after(() => {
        child.kill('SIGINT')
        return exited
      })
      const said: string[] = []
      const left = new Promise<void>((resolve) =>
        createInterface(child.stderr).on('line', (line) => {
          said.push(line)
          if (/^schema +[\d.]+ s$/.test(line)) resolve()
        }),
      )
      // Its addresses are there, or it has ended.
      const code = await Promise.race([left.then(() => null), once(child, 'close').then(() => child.exitCode)])
      return { child, exited, said, code }
    }
    const [first, second] = await Promise.all([start(), start()])
    assert.deepEqual([first.code, second.code].toSorted(), [1, null], 'one alone runs')
    const [runs, refused] = first.code === null ? [first, second] : [second, first]
    assert.match(refused.said.join('\n'), /^aitia up runs already \(pid \S+, .*\)\. End that one first/)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const why = spawn(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), 'why', 'deployment/checkout', '-n', 'shop', '-c', cluster],
      { env: { ...environment, AITIA_DATA: own, AITIA_NEO4J_URI: '', AITIA_REDIS_URL: '' }, stdio: 'ignore' },
    )
    assert.deepEqual(await once(why, 'exit'), [0, null])
    // As one leaves it that came to a new folder of this name.
    const others = JSON.stringify({ pid: process.pid })
    writeFileSync(file, others)
    runs.child.kill('SIGINT')
    assert.deepEqual(await runs.exited, [0, null])
    assert.equal(readFileSync(file, 'utf8'), others)
    rmSync(own, { recursive: true })
  })

  test("half a file of addresses, as a full disk leaves it, is told of, and in nobody's way who starts anew", async () => {
    const own = mkdtempSync(join(tmpdir(), 'aitia-up-'))
    writeFileSync(join(own, 'servers.json'), '{"neo4j":{"uri":"bo')
    const aitia = (...args: readonly string[]) =>
      spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
        env: { ...environment, AITIA_DATA: own, AITIA_NEO4J_URI: '' },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
    const told = await text(aitia('incidents').stderr)
    assert.match(told, /servers\.json is damaged \(.*\)\. Set it, or start both anew with: aitia up\n$/)
    assert.deepEqual(await once(aitia('up', '--refuse-only'), 'exit'), [0, null])
    rmSync(own, { recursive: true })
  })

  test('asked to end while its agent starts, it leaves nothing at work in the kernel', {
    skip: lacksCollectors('ebpf') || kernelSkip,
  }, async () => {
    const own = mkdtempSync(join(tmpdir(), 'aitia-up-'))
    const cluster = testCluster()
    const known = pins()
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'up'], {
      env: { ...environment, AITIA_DATA: own, AITIA_CLUSTER: cluster, KUBECONFIG: '' },
      stdio: 'ignore',
    })
    const exited = once(child, 'exit')
    const made = () => pins().filter((name) => !known.includes(name) && name.startsWith(`${cluster}-`))
    let isOver = false
    exited.finally(() => {
      isOver = true
    })
    while (made().length === 0 && !isOver) await delay(5)
    child.kill('SIGINT')
    assert.deepEqual(await exited, [0, null])
    assert.deepEqual(made(), [])
    rmSync(own, { recursive: true })
  })

  test('its readers gone, as a closed terminal leaves it, it ends in order, however many tell it to', async () => {
    const own = mkdtempSync(join(tmpdir(), 'aitia-up-'))
    const live = testCluster()
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'up'], {
      env: { ...environment, AITIA_DATA: own, AITIA_CLUSTER: live, KUBECONFIG: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = once(child, 'exit')
    const told = createInterface(child.stderr)
    for await (const line of told) if (line === 'Ctrl-C ends everything.') break
    assert.ok(existsSync(join(own, 'servers.json')))
    for (const reader of [child.stdout, child.stderr]) reader.destroy()
    let isOver = false
    exited.finally(() => {
      isOver = true
    })
    // By the kernel, by npm and by what npm runs.
    while (!isOver) {
      child.kill('SIGHUP')
      await delay(20)
    }
    assert.deepEqual(await exited, [0, null])
    assert.ok(!existsSync(join(own, 'servers.json')))
    assert.deepEqual(
      pins().filter((name) => name.startsWith(`${live}-`)),
      [],
    )
    rmSync(own, { recursive: true })
  })

  test('fails where something else was expected, and says what, to programs too', async () => {
    const expect = [{ ...recording.expect![0]!, outcome: 'global' as const }]
    const { code, out, err } = await up({ ...recording, expect }, '--json')
    assert.equal(code, 1)
    const problem = /outcome: got "main killed", expected "global"/
    assert.match(err, problem)
    const told = JSON.parse(out) as { cluster: string; problems: string[]; answers: { headline: string }[] }
    assert.equal(told.cluster, cluster)
    assert.match(told.problems.join(), problem)
    assert.match(told.answers[0]!.headline, /^checkout lost 1 of 3 replicas/)
    // A reader that has enough changes nothing of it.
    const file = join(folder, 'recording.json')
    const unread = spawn(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), 'up', '--replay', file, '--exit', '--json'],
      { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    unread.stdout.destroy()
    const exited = once(unread, 'exit')
    assert.match(await text(unread.stderr), problem)
    assert.deepEqual(await exited, [1, null])
    assert.ok(!existsSync(join(folder, 'servers.json')))
  })
})
