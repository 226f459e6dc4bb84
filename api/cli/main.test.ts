/** The command as a process: what it prints where, and how it ends. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { skip as kernelSkip } from '../../agent/native/testing/recorder.ts'
import { loadRecording } from '../../graph/ingest/main.ts'
import { MINUTE, now, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { openConsumer, openProducer, Rejected, readQueueStats, readRecording } from '../../graph/queue/main.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { createCorrelator, OWN_PATTERNS, removeCluster } from '../../queries/engine/main.ts'
import { lacksCollectors } from '../../test/support/collectors.ts'
import { neo4jForTest, redisForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'

const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE + 812_000
const END = KILL + 5 * MINUTE

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

describe('the command line', () => {
  const cluster = testCluster()
  const bystander = testCluster()
  const folder = mkdtempSync(join(tmpdir(), 'aitia-cli-'))
  let store: Store
  let environment: NodeJS.ProcessEnv

  const aitia = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    new Promise((resolve) =>
      execFile(
        process.execPath,
        [join(import.meta.dirname, 'main.ts'), ...args],
        { env: { ...environment, ...more } },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      ),
    )

  before(async () => {
    const { uri, user, password } = await neo4jForTest()
    environment = {
      ...process.env,
      ...{ AITIA_NEO4J_URI: uri, AITIA_NEO4J_USER: user, AITIA_NEO4J_PASSWORD: password },
      ...{ AITIA_CLUSTER: cluster, AITIA_DATA: folder, TZ: 'UTC' },
    }
    store = openStore({ uri, user, password })
    await applySchema(store)
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), ...beats]), cluster)
    await createCorrelator({ store }).runOnce(cluster)
    await loadRecording(store, recordingOf(beats), bystander)
  })
  after(async () => {
    for (const name of [cluster, bystander]) await removeCluster(store, name)
    await store.close()
    rmSync(folder, { recursive: true })
  })

  test('why explains, and exits with 0', async () => {
    const { code, out, err } = await aitia(['why', 'deployment/checkout', '-n', 'shop'])
    assert.equal(code, 0, err)
    assert.match(out, /^checkout lost 1 of 3 replicas at .*: its container "app" outgrew its memory limit/)
    assert.match(out, /OOM kill +node \(pid 41172, 251 MiB\), its own allocation +ebpf +node-1/)
    assert.ok(!out.includes('\u001b'), 'no colours where no terminal shows them')
    for (const line of out.split('\n')) assert.ok(line.length <= 100, line)
  })

  test('why of an earlier time knows what was so then', async () => {
    const { out } = await aitia(['why', 'checkout', '-n', 'shop', '--at', toRfc3339(KILL - SECOND)])
    assert.match(out, /^Nothing wrong with checkout was seen|^Nothing is wrong with checkout/)
  })

  test('a time that is none, or to come, and a window without length are refused', async () => {
    const ask = (...times: string[]) => aitia(['why', 'deployment/checkout', '-n', 'shop', ...times])
    const none = await ask('--at', '25:99')
    assert.deepEqual([none.code, none.out], [2, ''])
    assert.match(none.err, /^--at: got "25:99", expected a time such as/)
    const endless = await ask('--since', '-99999999999d')
    assert.deepEqual([endless.code, endless.out], [2, ''])
    assert.match(endless.err, /^--since: got "-99999999999d", expected a time such as/)
    const future = await ask('--at', '2200-01-01T00:00:00Z')
    assert.equal(future.code, 2)
    assert.match(future.err, /^at: got 2200-01-01T00:00:00.000000Z, expected a time up to now/)
    const turned = await ask('--at', toRfc3339(KILL), '--since', toRfc3339(END))
    assert.equal(turned.code, 2)
    assert.match(turned.err, /^since: got .*, expected a time before /)
    const unborn = await ask('--at', toRfc3339(START - 10 * MINUTE))
    assert.equal(unborn.code, 1)
    assert.match(unborn.err, /^no deployment "checkout" in namespace "shop" yet: it was first seen at /)
  })

  test('what sends under a name that no cluster may have is refused', async () => {
    for (const [args, expected] of [
      [['agent', '-c', 'prod/eu'], 'cluster: got "prod/eu", expected a name without / or space'],
      [['agent', '-c', ''], 'cluster: got "", expected a name without / or space'],
      [['up', '--refuse-only', '-c', 'case-a'], 'expected a name that does not begin with case-'],
    ] as const) {
      const { code, err } = await aitia(args, { AITIA_REDIS_URL: 'redis://127.0.0.1:1' })
      assert.deepEqual([code, err.includes(expected)], [2, true], err)
    }
  })

  test('what is in another cluster is said to be there, and an empty list says why it is empty', async () => {
    const other = { AITIA_CLUSTER: bystander }
    const why = await aitia(['why', 'deployment/checkout', '-n', 'shop'], { ...other, AITIA_CALLED_AS: './aitia' })
    assert.equal(why.code, 1)
    assert.match(why.err.replaceAll('\n', ' '), /There is one in cluster .+: add -c [\w-]+\. $/)
    const list = await aitia(['incidents'], { ...other, AITIA_CALLED_AS: './aitia' })
    assert.equal(list.code, 0)
    assert.match(
      list.out,
      new RegExp(`^No incident is known in cluster ${bystander}\\. There (is|are) .*: \\./aitia incidents -c `),
    )
    const filtered = await aitia(['incidents', '--pattern', 'nope'])
    assert.equal(filtered.out, `No incident in cluster ${cluster} fits --pattern nope; without that there is 1.\n`)
    for (const args of [
      ['why', 'checkout'],
      ['incidents'],
      ['record', '--from', '-2h'],
      ['topology'],
      ['who-had', '10.0.0.1'],
    ]) {
      const unheard = await aitia([...args, '-c', 'nonesuch'])
      assert.deepEqual([unheard.code, unheard.out], [1, ''], args.join(' '))
      assert.match(unheard.err, /^nothing was heard of a cluster "nonesuch" \(known: /)
    }
    for (const args of [
      ['incidents', '99'],
      ['record', '--incident', '99'],
    ]) {
      const unknown = await aitia([...args, '-c', bystander], { AITIA_CALLED_AS: './aitia' })
      assert.deepEqual(
        [unknown.code, unknown.err],
        [1, `no incident 99 in cluster ${bystander}. List them: ./aitia incidents -c ${bystander}\n`],
      )
    }
    const kind = await aitia(['why', 'foo/checkout', '-n', 'nowhere'])
    assert.match(kind.err, new RegExp(`^no kind "foo" is known in cluster ${cluster}: expected one such as deployment`))
  })

  test('a reader that has enough ends nothing, and a result that finds no room is a failure', async () => {
    const into = async (target: string, ...args: string[]) => {
      const child = spawn(
        'sh',
        ['-c', `exec 3>&2; { "$@" 2>&3 3>&-; echo "ended: $?" >&3; } ${target}`, 'sh', process.execPath, ...args],
        { env: environment, stdio: ['ignore', 'ignore', 'pipe'] },
      )
      return text(child.stderr)
    }
    const aitia = join(import.meta.dirname, 'main.ts')
    assert.equal(await into('| true', aitia, 'incidents'), 'ended: 0\n')
    const away = await into('| true', aitia, 'doctor', '-c', 'nonesuch')
    assert.equal(away, 'ended: 1\n', 'what it found is told by its exit code still')
    const full = await into('> /dev/full', aitia, 'incidents')
    assert.match(full, /^can't write to standard output \(ENOSPC.*\)\nended: 1\n$/)
  })

  test('a pod is found by its UID too: one that only the kernel told of has no name', async () => {
    const [row] = await store.read<{ key: string }>(
      'CYPHER 5 MATCH (pod:Pod {cluster: $cluster}) WHERE pod.key IS NOT NULL RETURN pod.key AS key LIMIT 1',
      { cluster },
    )
    const uid = row!.key.slice(cluster.length + 1)
    const { code, out, err } = await aitia(['why', `pod/${uid}`, '-n', 'shop'])
    assert.equal(code, 0, err)
    assert.match(out, /checkout/)
  })

  test('--json gives the whole answer', async () => {
    const { out } = await aitia(['why', 'deployment/checkout', '-n', 'shop', '--json'])
    const answer = JSON.parse(out) as { result: string; headline: string; at: number; incidents: { count: number }[] }
    assert.deepEqual([answer.result, answer.at, answer.incidents.length], ['incident', END, 1])
  })

  test('a wrong name, a wrong option and a graph that is away: what was got, what to do, and the exit code', async () => {
    const wrong = await aitia(['why', 'deployment/chekout', '-n', 'shop'])
    assert.deepEqual([wrong.code, wrong.out], [1, ''])
    assert.match(wrong.err, /^no deployment "chekout" in namespace "shop" \(nearest: checkout/)
    const obeyed = await aitia(['why', 'deployment/\u001bc\u009b', '-n', 'shop'])
    assert.match(obeyed.err, /^no deployment "\\x1bc\\x9b" in namespace "shop"/)
    const usage = await aitia(['why', 'a/b/c'])
    assert.deepEqual([usage.code, usage.err], [2, 'got "a/b/c", expected KIND/NAME such as deployment/checkout\n'])
    const node = await aitia(['why', 'node/node-1'])
    assert.deepEqual(
      [node.code, node.err],
      [2, 'got the kind node, expected a workload (such as deployment), pod or service\n'],
    )
    assert.equal((await aitia(['nonsense'])).code, 2)
    assert.equal((await aitia(['why', 'x', '--at', 'yesterday'])).code, 2)
    assert.equal((await aitia(['--help'])).code, 0)
    const away = await aitia(['why', 'deployment/checkout'], { AITIA_NEO4J_URI: 'bolt://127.0.0.1:9' })
    assert.equal(away.code, 1)
    assert.match(
      away.err,
      /^cannot reach Neo4j at bolt:\/\/127\.0\.0\.1:9 \(connection refused\)\. Start it with: aitia up$/m,
    )
    const odd = await aitia(['incidents'], { AITIA_NEO4J_URI: 'foo' })
    assert.deepEqual(
      [odd.code, odd.err],
      [
        1,
        'the address of Neo4j (AITIA_NEO4J_URI) is foo, expected one such as neo4j://host:7687 or bolt://host:7687\n',
      ],
    )
    const named = { AITIA_NEO4J_URI: 'bolt://neo4j:s3cr%2Ft@127.0.0.1:9', AITIA_REDIS_URL: 'redis://127.0.0.1:9' }
    for (const args of [['incidents'], ['worker'], ['doctor']]) {
      const refused = await aitia(args, named)
      assert.equal(refused.code, 1)
      assert.match(refused.err + refused.out, /has an @, .* AITIA_NEO4J_USER and AITIA_NEO4J_PASSWORD$/m)
      assert.doesNotMatch(refused.err + refused.out, /s3cr/)
    }
    const unset = await aitia(['incidents'], { AITIA_NEO4J_URI: '' })
    assert.equal(unset.code, 1)
    assert.match(unset.err, /^no address of Neo4j: AITIA_NEO4J_URI is not set/)
  })

  test('an incident is listed, shown and recorded, and its recording has a cluster name of its own', async () => {
    const list = JSON.parse((await aitia(['incidents', '--json'])).out) as { items: { id: string }[] }
    assert.equal(list.items.length, 1)
    const id = list.items[0]!.id.slice(cluster.length + 1)
    assert.match((await aitia(['incidents', id])).out, /OOM kill +oom-/)
    const since = ['incidents', '--since', toRfc3339(KILL)]
    assert.match((await aitia(since)).out, /\nSince 2026-09-21T14:23:20\.812Z\.\n$/)
    assert.equal((JSON.parse((await aitia([...since, '--json'])).out) as { from: number }).from, KILL)
    const later = await aitia(['incidents', '--since', toRfc3339(END)])
    assert.match(later.out, /fits --since 2026-09-21T14:28:20\.812Z; without that there is 1\.\n$/)
    const file = join(folder, 'recording.json')
    const recorded = await aitia(['record', '--incident', id, '-o', file])
    assert.equal(recorded.code, 0, recorded.err)
    const { recording, cluster: replayed } = readRecording(readFileSync(file, 'utf8'), file)
    assert.equal(recording.expect?.[0]?.workload, 'Deployment/checkout')
    assert.match(replayed, /^replay-[0-9a-f]{12}$/)
    const neither = await aitia(['record'])
    assert.deepEqual([neither.code, neither.out], [2, ''])
    assert.match(neither.err, /^got neither --incident nor --from, expected either --incident ID/)
    const turned = await aitia(['record', '--from', '-1h', '--to', '-2h'])
    assert.equal(turned.code, 2)
    assert.match(turned.err, /^--from: got .*, expected a time before --to, .*: give an earlier one\n$/)
    assert.match((await aitia(['incidents', id.slice(0, 8)])).out, /OOM kill +oom-/)
    const nothing = await aitia(['incidents', ''])
    assert.deepEqual([nothing.code, nothing.err], [2, 'got "", expected the id of an incident, or how it begins\n'])
  })

  test('incidents are listed of a workload as other commands name it', async () => {
    for (const named of ['deployment/checkout', 'deploy/checkout', 'workload/checkout', 'checkout']) {
      const { code, out, err } = await aitia(['incidents', '--workload', named])
      assert.deepEqual([code, err], [0, ''], named)
      assert.match(out, /deployment\/checkout -n shop/, named)
    }
    for (const named of ['statefulset/checkout', 'pod/checkout']) {
      const { out } = await aitia(['incidents', '--workload', named])
      assert.match(out, new RegExp(`fits --workload ${named}; without that there is 1\\.`))
    }
    const usage = await aitia(['incidents', '--workload', 'a/b/c'])
    assert.deepEqual([usage.code, usage.err], [2, 'got "a/b/c", expected KIND/NAME such as deployment/checkout\n'])
    const kind = await aitia(['incidents', '--workload', 'foo/checkout'])
    assert.equal(kind.code, 1)
    assert.match(kind.err, new RegExp(`^no kind "foo" is known in cluster ${cluster}: expected one such as deployment`))
  })

  test('patterns are listed, judged and tried', async () => {
    assert.match((await aitia(['patterns', 'list'])).out, /container-oom +Container killed for lack of memory/)
    const lint = await aitia(['patterns', 'lint'])
    assert.deepEqual([lint.code, lint.out], [0, 'container-oom: sound\n'])
    const browser = await aitia(['patterns', 'show', 'container-oom', '--browser'])
    assert.match(browser.out, new RegExp(`:param anchors => \\["${cluster}/oom-${KILL}"\\];`))
    assert.equal((await aitia(['patterns', 'show', 'nonsense'])).code, 2)
    const away = { AITIA_NEO4J_URI: 'bolt://127.0.0.1:9' }
    const list = await aitia(['patterns', 'list'], away)
    // The list is whole without a graph.
    assert.equal(list.code, 0)
    assert.match(list.out, /^container-oom .* unknown$/m)
    assert.match(list.err, /^cannot reach Neo4j at bolt:\/\/127\.0\.0\.1:9/)
    const told = JSON.parse((await aitia(['patterns', 'list', '--json'], away)).out) as { work: unknown }[]
    assert.equal(told[0]!.work, 'unknown')
    const none = await aitia(['patterns', 'list', '-c', bystander])
    assert.deepEqual([none.code, none.err], [0, ''])
    assert.match(none.out, /^container-oom .* -$/m)
  })

  test("a folder of one's own is taken by option and environment alike, and a wrong one is named", async () => {
    const own = join(folder, 'patterns')
    cpSync(join(OWN_PATTERNS, 'container-oom'), join(own, 'toy-oom'), { recursive: true })
    const yaml = join(own, 'toy-oom', 'pattern.yaml')
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('id: container-oom', 'id: toy-oom'))
    for (const [args, more] of [
      [['--patterns', own], {}],
      [[], { AITIA_PATTERNS: own }],
      [['--patterns', own], { AITIA_PATTERNS: own }],
    ] as const)
      assert.match((await aitia(['patterns', 'list', ...args], more)).out, /^toy-oom /m)
    const copied = await aitia(['patterns', 'test', 'toy-oom', '--patterns', own])
    assert.equal(copied.code, 1)
    assert.match(copied.out, /its `expect` names container-oom, expected toy-oom/)
    const one = await aitia(['patterns', 'list', '--patterns', join(own, 'toy-oom')])
    assert.match(one.err, /toy-oom \(it is a pattern itself\): expected a folder \(--patterns, AITIA_PATTERNS\) with/)
    for (const part of ['up', 'correlate', 'api']) {
      const none = await aitia([part, '--patterns', join(folder, 'none')])
      assert.equal(none.code, 1, `${part} ends`)
      assert.match(none.err, /^can't read patterns in .*none \(ENOENT/)
    }
  })

  test('a test of patterns ends at a signal, and takes the case that ran with it', async () => {
    const id = 'signal-oom'
    const own = join(folder, 'asked')
    cpSync(join(OWN_PATTERNS, 'container-oom'), join(own, id), { recursive: true })
    const cases = readdirSync(join(own, id, 'cases')).map((name) => join(own, id, 'cases', name))
    for (const file of [join(own, id, 'pattern.yaml'), ...cases])
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('container-oom', id))
    const part = spawn(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), 'patterns', 'test', id, '--patterns', own],
      {
        env: environment,
        stdio: 'ignore',
      },
    )
    const exited = once(part, 'exit')
    const left = async () => {
      const [row] = await store.read<{ count: number }>(
        'CYPHER 5 MATCH (node:Lane|Object|State|Event) WHERE node.cluster STARTS WITH $prefix RETURN count(node) AS count',
        { prefix: `case-${id}-` },
      )
      return row!.count
    }
    while ((await left()) === 0 && part.exitCode === null) await sleep(5)
    part.kill('SIGINT')
    assert.deepEqual(await exited, [130, null])
    assert.equal(await left(), 0)
  })

  test('no message proposes a cluster of a case', async () => {
    const left = `case-${testCluster()}`
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), ...beats]), left)
    await createCorrelator({ store }).runOnce(left)
    for (const args of [
      ['why', 'deployment/checkout', '-n', 'shop', '-c', bystander],
      ['why', 'deployment/checkout', '-n', 'shop', '-c', 'nonesuch'],
      ['incidents', '-c', bystander],
      ['incidents', '-c', 'nonesuch'],
    ]) {
      const { out, err } = await aitia(args)
      assert.doesNotMatch(out + err, /case-/, args.join(' '))
    }
    await removeCluster(store, left)
  })

  test('a part that waits for Redis ends when it is asked to', async () => {
    const part = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'correlate'], {
      env: { ...environment, AITIA_REDIS_URL: 'redis://127.0.0.1:9' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const exited = once(part, 'exit')
    for await (const line of createInterface(part.stderr)) if (line.includes('is away; trying again')) break
    part.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
  })

  test('what can be refused is refused at once: a recording, a queue and a port that are not to be had', async () => {
    const file = join(import.meta.dirname, '../../test/recordings/container-oom.json')
    for (const args of [
      ['replay', join(folder, 'none.json')],
      ['up', '--replay', join(folder, 'none.json')],
    ])
      assert.match((await aitia(args)).err, /^can't read .*none\.json \(ENOENT/)
    const away = await aitia(['replay', file], { AITIA_REDIS_URL: 'redis://127.0.0.1:9' })
    assert.deepEqual(
      [away.code, away.err],
      [
        1,
        'cannot reach Redis at redis://127.0.0.1:9 (connection refused). Start it with: aitia up, or set AITIA_REDIS_URL\n',
      ],
    )
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const api = await aitia(['api'], { AITIA_API_PORT: String(port) })
    assert.equal(api.code, 1, 'it ends')
    assert.match(api.err, /^GraphQL: can't listen on /)
    const up = await aitia(['up'], { AITIA_API_PORT: String(port) })
    taken.close()
    assert.equal(up.code, 1)
    assert.match(
      up.err,
      new RegExp(`^GraphQL: can't listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\)\\. Set AITIA_API_PORT`),
    )
    const unwritten = await aitia(['record', '--from', '-2h', '-o', join(folder, 'none', 'x.json')])
    assert.equal(unwritten.code, 1)
    assert.match(unwritten.err, /^can't write the recording to /)
  })

  test('the API means the cluster that its command was given', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'api', '-c', bystander], {
      env: { ...environment, AITIA_API_PORT: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const exited = once(child, 'exit')
    let url = ''
    for await (const line of createInterface({ input: child.stderr })) {
      url = /^GraphQL: (\S+)$/.exec(line)?.[1] ?? ''
      if (url !== '') break
    }
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ incidents { items { id } } sources { source } }' }),
    })
    const { data } = (await answer.json()) as { data: { incidents: { items: object[] }; sources: object[] } }
    // It has sources, and no incident; the one of the environment has.
    assert.deepEqual([data.incidents.items.length, data.sources.length], [0, 2])
    child.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
  })

  test('doctor names what stands in the way, and goes on', {
    skip: lacksCollectors('ebpf', 'kubernetes'),
  }, async () => {
    const { out } = await aitia(['doctor'], {
      KUBECONFIG: join(folder, 'none.yaml'),
      AITIA_REDIS_URL: 'redis://127.0.0.1:9',
    })
    assert.match(out, /^collector kubernetes +missing +KUBECONFIG \(.*none\.yaml\) can't be read: ENOENT/m)
    assert.match(out, /^collector ebpf /m)
    assert.match(out, /^queue +missing +cannot reach Redis/m)
    const config = join(folder, 'kubeconfig.yaml')
    writeFileSync(
      config,
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'a', users: [{ name: 'a', user: {} }] },
        clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:9' } }],
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      }),
    )
    const dead = await aitia(['doctor'], { KUBECONFIG: config, AITIA_REDIS_URL: 'redis://127.0.0.1:9' })
    assert.match(dead.out, /^collector kubernetes +missing +can run here, but would see nothing$/m)
    assert.equal(dead.out.match(/ECONNREFUSED 127\.0\.0\.1:9/g)?.length, 1)
    assert.equal((await aitia(['doctor', '--all'])).code, 2)
  })

  test('who names no cluster looks at the kernel alone, which is no fault', {
    skip: lacksCollectors('ebpf', 'kubernetes') || kernelSkip,
  }, async () => {
    const live = testCluster()
    const place = { AITIA_REDIS_URL: await redisForTest(), AITIA_QUEUE_PREFIX: testCluster(), AITIA_CLUSTER: live }
    await loadRecording(store, recordingOf([heartbeat(EBPF, now() - MINUTE, now())]), live)
    const ask = (kubeconfig: string) =>
      aitia(['doctor'], { ...place, KUBECONFIG: kubeconfig, KUBERNETES_SERVICE_HOST: '' })
    const alone = await ask('')
    const broken = await ask(join(folder, 'none.yaml'))
    await removeCluster(store, live)
    assert.match(
      alone.out,
      /^collector kubernetes +degraded +Kubernetes side is not watched: .*\n {4}do: .*KUBECONFIG/m,
    )
    assert.equal(alone.code, 0, alone.out)
    assert.match(broken.out, /^collector kubernetes +missing +KUBECONFIG .* can't be read/m)
    assert.equal(broken.code, 1)
  })

  test('doctor shows what could not be written, and puts it back when asked', async () => {
    const place = { redisUrl: await redisForTest(), prefix: testCluster() }
    const producer = openProducer({ ...place, cluster, spoolDir: join(folder, 'spool') })
    await producer.send(recordingOf(outOfMemory(KILL)).observations)
    await producer.drained()
    await producer.close()
    const refusing = openConsumer(place, async (batch) => {
      throw new Rejected([{ batch, reason: 'not of this world' }])
    })
    const stats = () => readQueueStats(place)
    while ((await stats()).deadLetters === 0 || (await stats()).lanes.some(({ waiting }) => waiting > 0))
      await sleep(50)
    await refusing.close()
    const { deadLetters } = await stats()
    const settings = { AITIA_REDIS_URL: place.redisUrl, AITIA_QUEUE_PREFIX: place.prefix }
    const { out } = await aitia(['doctor'], settings)
    assert.match(out, new RegExp(`^dead letters +degraded +${deadLetters} jobs .* the newest: not of this world$`, 'm'))
    const redriven = await aitia(['doctor', '--redrive'], settings)
    assert.match(redriven.out, new RegExp(`^${deadLetters} dead letters are back in their lanes`))
    assert.equal((await stats()).deadLetters, 0)
    assert.match((await aitia(['doctor', '--redrive'], settings)).out, /^no dead letter can be put back/)
    assert.deepEqual(JSON.parse((await aitia(['doctor', '--redrive', '--json'], settings)).out), { redriven: 0 })
  })

  test('what takes away tells it as JSON too', async () => {
    assert.deepEqual(JSON.parse((await aitia(['doctor', '--unpin', '--json'])).out), { unpinned: [] })
    const file = join(folder, 'window.json')
    assert.equal((await aitia(['record', '--from', '-1m', '-o', file])).code, 0)
    const { recording, cluster: removed } = readRecording(readFileSync(file, 'utf8'), file)
    const nothing = await aitia(['replay', file, '--remove'])
    assert.deepEqual([nothing.code, nothing.out], [1, ''])
    assert.match(nothing.err, new RegExp(`^no replay of .* is in the graph \\(it would be cluster ${removed}\\)`))
    await loadRecording(store, { ...recording, observations: [heartbeat(EBPF, START, END, true)] }, removed)
    assert.deepEqual(JSON.parse((await aitia(['replay', file, '--remove', '--json'])).out), { removed })
  })
})
