/** The collector as a whole, on the real kernel. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EVENTS } from '../../../graph/model/generated/registry.ts'
import type { EventObservation, Observation } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import { builtObjects, Kernel, preparePinDir, unpin } from '../../native/native.ts'
import { Cgroup, ended } from '../../native/testing/cgroup.ts'
import { built, pinDirFor, skip } from '../../native/testing/recorder.ts'
import { doctor } from './doctor.ts'
import ebpf, { pinned, unpinAll } from './main.ts'
import { BOOT_ID, Harness, TestContainer, temporaryFolder } from './testing/harness.ts'

const MIB = 1024 * 1024

test('an OOM kill in a container: pressure, kill and exit with the container, its pod and the limit', {
  skip,
}, async (t) => {
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null })
  const container = new TestContainer(t)
  container.pod.limit(64 * MIB)
  const before = now()
  await ended(container.cgroup.spawn('exec tail /dev/zero', { unshare: true }))
  const kill = await harness.event('oom-kill', container.id)
  const exit = await harness.event('process-exit', container.id)
  const { fields } = kill
  assert.deepEqual(kill.object, { kind: 'Container', key: container.id })
  assert.deepEqual(kill.pod, { kind: 'Pod', key: container.podUid })
  assert.equal(kill.unattributed, undefined)
  assert.ok(
    kill.at >= before && kill.at <= now() && kill.uncertainty < 1_000,
    `${kill.at - before} ${kill.uncertainty}`,
  )
  assert.equal(kill.bootId, BOOT_ID)
  assert.equal(fields.limitBytes, 64 * MIB)
  assert.match(fields.limitCgroup!, new RegExp(`/pod${container.podUid}$`))
  assert.equal(fields.limitOf, 'pod')
  assert.deepEqual(fields.victimCommands, ['tail'])
  assert.deepEqual(fields.victimNsPids, [1])
  assert.equal(fields.firstProcessKilled, true)
  assert.equal(fields.global, false)
  assert.deepEqual(
    { ...exit.fields, command: '' },
    {
      ...exit.fields,
      command: '',
      pid: fields.victimPids[0],
      startBootClock: fields.victimStartBootClocks[0],
      exitCode: 0,
      signal: 9,
    },
  )
  const pressure = await harness.event('memory-pressure', container.id)
  assert.ok(harness.emitted.indexOf(pressure) < harness.emitted.indexOf(kill), 'pressure is told first')
  assert.ok(pressure.at < kill.at && pressure.fields.lastAt <= kill.at)
  const [claim] = harness.emitted.filter(
    ({ type, ...rest }) => type === 'state' && 'object' in rest && rest.object.key === container.id,
  )
  assert.deepEqual(claim?.type === 'state' && claim.relations.map(({ kind, from }) => [kind, from]), [
    ['RUNS', { kind: 'Pod', key: container.podUid }],
  ])
  assert.ok(harness.emitted.indexOf(claim!) < harness.emitted.indexOf(kill))
})

test('a container that lives for 50 ms, cgroups and all, is attributed', { skip }, async (t) => {
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null })
  const container = new TestContainer(t)
  await ended(container.cgroup.spawn('sleep 0.03; exit 9', { unshare: true }))
  await container.pod.remove()
  await harness.event('process-exec', container.id)
  const exit = await harness.event('process-exit', container.id)
  assert.deepEqual([exit.fields.exitCode, exit.fields.signal, exit.fields.firstProcess], [9, 0, true])
  assert.equal(exit.pod?.key, container.podUid)
  const execs = harness.events('process-exec', ({ object }) => object.key === container.id)
  assert.deepEqual(
    execs.map(({ fields }) => [fields.command, fields.nsPid]),
    [['sh', 1]],
  )
  assert.equal(execs[0]?.fields.pid, exit.fields.pid)
})

test('what a container runs in cgroups of its own is its child: a container inside it, a service; not its systemd', {
  skip,
}, async (t) => {
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null })
  const inner = (container: TestContainer, ...names: string[]) =>
    names.reduce((parent, name) => new Cgroup(t, { parent, name }), container.cgroup).limit(48 * MIB)
  const [docker, service, systemd] = [new TestContainer(t), new TestContainer(t), new TestContainer(t)]
  const ownPids = { unshare: true }
  const dockerContainer = inner(docker, 'docker', randomBytes(32).toString('hex'))
  await ended(dockerContainer.spawn('exit 5', ownPids))
  await ended(dockerContainer.spawn('exec tail /dev/zero', ownPids))
  await ended(inner(service, 'system.slice').spawn('exec tail /dev/zero'))
  await ended(inner(systemd, 'init.scope').spawn('exec tail /dev/zero', ownPids))
  for (const [{ id }, isFirst] of [
    [docker, false],
    [service, false],
    [systemd, true],
  ] as const) {
    assert.equal((await harness.event('oom-kill', id)).fields.firstProcessKilled, isFirst)
    await harness.event('process-exit', id)
    const of = ({ object }: EventObservation) => object.key === id
    assert.deepEqual(
      harness.events('process-exit', of).map(({ fields }) => [fields.firstProcess, fields.signal]),
      [[isFirst, 9]],
    )
    assert.equal(harness.events('process-exec', of).length > 0, isFirst)
  }
  assert.ok(harness.collector.progress!()[0]!.counters!['skipped.inner-process']! >= 4)
})

test('what belongs to no pod makes no exec or exit event, and an OOM kill of it says so', { skip }, async (t) => {
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null })
  const outside = new Cgroup(t).limit(48 * MIB)
  await ended(outside.spawn('exit 3'))
  await ended(outside.spawn('exec tail /dev/zero'))
  const kill = await harness.event('oom-kill', `test-${process.pid}`)
  assert.equal(kill.unattributed, 'host')
  assert.match(kill.fields.limitCgroup!, new RegExp(`^/${outside.name}$`))
  assert.equal(kill.fields.limitOf, undefined)
  const about = [...harness.events('process-exit'), ...harness.events('process-exec')].map(({ object }) => object.kind)
  assert.ok(about.every((kind) => kind === 'Container'))
  await sleep(1_100)
  const [progress] = harness.collector.progress!()
  assert.ok(progress!.counters!['skipped.host']! > 0)
})

test("an OOM kill in a pod's own cgroup is the pod's, told by the programs or by the log", { skip }, async (t) => {
  const dataDir = temporaryFolder()
  const first = new Harness(t, { dataDir, pinning: null })
  const { pod, podUid } = new TestContainer(t)
  pod.limit(48 * MIB)
  await ended(pod.spawn('exec tail /dev/zero'))
  const about = { object: { kind: 'Pod', key: podUid }, pod: { kind: 'Pod', key: podUid }, unattributed: 'pod' }
  const aboutOf = ({ object, pod, unattributed }: Observation & { type: 'event' }) => ({ object, pod, unattributed })
  assert.deepEqual(aboutOf(await first.event('oom-kill', podUid)), about)
  assert.deepEqual(aboutOf(await first.event('memory-pressure', podUid)), about)
  await sleep(1_100)
  await first.collector.stop()
  await ended(pod.spawn('exec tail /dev/zero'))
  const second = new Harness(t, { dataDir, pinning: null })
  assert.deepEqual(aboutOf(await second.event('oom-kill', podUid)), about)
})

test('a kill where all pods together are at their limit is at a limit of the node, told by the programs or by the log', {
  skip,
}, async (t) => {
  const dataDir = temporaryFolder()
  const first = new Harness(t, { dataDir, pinning: null })
  const kill = async () => {
    const container = new TestContainer(t)
    container.pods.limit(64 * MIB)
    container.cgroup.limit(128 * MIB)
    await ended(container.cgroup.spawn('exec tail /dev/zero', { unshare: true }))
    return container
  }
  const limitAt = async (harness: Harness, { id, podUid, pods }: TestContainer) => {
    const { fields, pod } = await harness.event('oom-kill', id)
    assert.equal(pod?.key, podUid)
    const { global, limitBytes, limitCgroup, limitOf } = fields
    assert.deepEqual(
      { global, limitBytes, limitCgroup, limitOf },
      { global: false, limitBytes: 64 * MIB, limitCgroup: `/${pods.name}`, limitOf: 'node' },
    )
  }
  await limitAt(first, await kill())
  await sleep(1_100)
  await first.collector.stop()
  const missed = await kill()
  await limitAt(new Harness(t, { dataDir, pinning: null }), missed)
})

test('the watermark follows the kernel also while nothing happens, and never claims more than was handed on', {
  skip,
}, async (t) => {
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null })
  await sleep(2_500)
  const [progress] = harness.collector.progress!()
  assert.ok(progress!.watermark! > progress!.since + 1e6, 'it moves')
  assert.ok(progress!.watermark! <= now())
  assert.deepEqual(progress!.blind, [])
})

test('pressure is never told later than its kind says, also by an agent that did not come to it for seconds', {
  skip,
}, async (t) => {
  const late: number[] = []
  const emit = async (observations: readonly Observation[]) => {
    for (const told of observations)
      if (told.type === 'event' && told.kind === 'memory-pressure') late.push(harness.claimed - told.at)
  }
  const harness: Harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null, emit })
  for (let round = 0; round < 3; round++) {
    const container = new TestContainer(t)
    container.cgroup.limit(16 * MIB)
    // its file cache is reclaimed all the time, and nobody killed
    const file = join(temporaryFolder(), 'file')
    // Written outside, since pages that have yet to go to a disk would stall the reclaim; and forgotten there: who reads them first has them.
    execFileSync('sh', [
      '-c',
      `head -c 64m /dev/zero > ${file} && sync ${file} && dd if=${file} iflag=nocache count=0 status=none`,
    ])
    const reader = container.cgroup.spawn(`while cat ${file} > /dev/null; do :; done`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_500)
    await harness.event('memory-pressure', container.id)
    await container.cgroup.remove()
    reader.kill()
  }
  assert.ok(late.length >= 3 && late.every((late) => late <= EVENTS['memory-pressure'].delay), `${late}`)
})

test('a collector that is killed while it holds batches misses nothing: not the kill, nor whose it was', {
  skip,
}, async (t) => {
  const dataDir = temporaryFolder()
  const pinDir = pinDirFor(t)
  const script = join(import.meta.dirname, 'testing/unsafe-agent.ts')
  const container = new TestContainer(t)
  container.pod.limit(64 * MIB)
  const agent = spawn(process.execPath, [script, dataDir, pinDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => agent.kill('SIGKILL'))
  await once(agent.stdout, 'data')
  agent.kill('SIGKILL')
  await once(agent, 'exit')
  const killedAt = now()
  await ended(container.cgroup.spawn('exec tail /dev/zero', { unshare: true }))
  await container.pod.remove()

  const harness = new Harness(t, { dataDir, pinning: { pinDir } })
  const kill = await harness.event('oom-kill', container.id)
  assert.ok(kill.at > killedAt)
  assert.equal(kill.pod?.key, container.podUid)
  assert.deepEqual(
    harness.emitted.filter(({ type }) => type === 'gap'),
    [],
  )
  const [progress] = harness.collector.progress!()
  assert.ok(progress!.since < killedAt, 'the time in between is claimed as watched')
})

test('without bpffs the gap is told, and the kernel log read back for the kills in it', { skip }, async (t) => {
  const dataDir = temporaryFolder()
  const first = new Harness(t, { dataDir, pinning: null })
  await sleep(1_200)
  await first.collector.stop()
  const container = new TestContainer(t)
  container.cgroup.limit(64 * MIB)
  const from = now()
  await ended(container.cgroup.spawn('exec tail /dev/zero'))
  const second = new Harness(t, { dataDir, pinning: null })
  const kill = await second.event('oom-kill', container.id)
  assert.ok(kill.at <= now() && kill.at + kill.uncertainty >= from)
  assert.equal(kill.fields.firstProcessKilled, undefined)
  assert.equal(kill.fields.limitBytes, 64 * MIB)
  assert.equal(kill.fields.limitOf, 'container')
  assert.deepEqual(kill.fields.victimCommands, ['tail'])
  assert.equal(kill.fields.triggerCommand, 'tail')
  const [gap] = second.emitted.filter(({ type }) => type === 'gap')
  assert.ok(
    gap?.type === 'gap' && gap.from <= from && gap.to >= from && /its programs were not all at work/.test(gap.reason),
  )
  assert.equal(second.events('oom-kill', ({ object }) => object.key === container.id).length, 1)
})

test('an agent that ends before it came to read the log leaves that to the next', { skip }, async (t) => {
  const dataDir = temporaryFolder()
  const pinDir = pinDirFor(t)
  const unpinned = new Harness(t, { dataDir, pinning: null })
  await sleep(1_200)
  await unpinned.collector.stop()
  const container = new TestContainer(t)
  container.cgroup.limit(64 * MIB)
  await ended(container.cgroup.spawn('exec tail /dev/zero'))
  const brief = new Harness(t, { dataDir, pinning: { pinDir } })
  assert.ok(brief.emitted.some(({ type }) => type === 'gap'))
  await brief.collector.stop()
  assert.deepEqual(
    brief.events('oom-kill', ({ object }) => object.key === container.id),
    [],
  )
  const next = new Harness(t, { dataDir, pinning: { pinDir } })
  await next.event('oom-kill', container.id)
  assert.ok(!next.emitted.some(({ type }) => type === 'gap'), 'its programs were at work')
})

test('programs that a start left at work before anybody read them are no word of the time before', {
  skip,
}, async (t) => {
  const dataDir = temporaryFolder()
  const pinDir = pinDirFor(t)
  const first = new Harness(t, { dataDir, pinning: { pinDir } })
  await sleep(1_200)
  await first.collector.stop()
  unpin(pinDir)
  preparePinDir(pinDir)
  const container = new TestContainer(t)
  container.cgroup.limit(64 * MIB)
  const killedAt = now()
  await ended(container.cgroup.spawn('exec tail /dev/zero'))
  // killed when it had loaded them: nothing is noted
  new Kernel({ objects: builtObjects(), pinDir }).close()
  const next = new Harness(t, { dataDir, pinning: { pinDir } })
  const [gap] = next.emitted.filter(({ type }) => type === 'gap')
  assert.ok(gap?.type === 'gap' && gap.from <= killedAt && gap.to >= killedAt)
  assert.ok(next.collector.progress!()[0]!.since > killedAt, 'the time of the kill is claimed as watched')
  await next.event('oom-kill', container.id)
})

test('a kill that was told right before the agent died is not told again from the log', { skip }, async (t) => {
  const [dataDir, asLeft] = [temporaryFolder(), temporaryFolder()]
  const first = new Harness(t, { dataDir, pinning: null })
  await sleep(1_200)
  const container = new TestContainer(t)
  container.cgroup.limit(64 * MIB)
  await ended(container.cgroup.spawn('exec tail /dev/zero'))
  await first.event('oom-kill', container.id)
  await sleep(20)
  cpSync(dataDir, asLeft, { recursive: true })
  const second = new Harness(t, { dataDir: asLeft, pinning: null })
  await sleep(3_000)
  assert.ok(second.emitted.some(({ type }) => type === 'gap'))
  assert.deepEqual(
    second.events('oom-kill', ({ object }) => object.key === container.id),
    [],
  )
})

test('observations that cannot be made safe are tried again, and the batch waits', { skip }, async (t) => {
  let failures = 2
  const emit = async () => {
    if (failures-- > 0) throw new Error('disk full')
  }
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null, emit })
  const container = new TestContainer(t)
  await ended(container.cgroup.spawn('exit 4', { unshare: true }))
  await harness.event('process-exit', container.id)
  for (let tries = 0; harness.collector.progress!()[0]!.counters!['emit.retried']! < 2 && tries < 500; tries++)
    await sleep(10)
  assert.equal(harness.collector.progress!()[0]!.counters!['emit.retried'], 2)
  const told = harness.warnings.find((line) => /could not be made safe/.test(line))
  assert.match(told!, /disk full/, 'and why')
})

test('records that found no room while nothing could be made safe are told as a loss, with their program', {
  skip,
}, async (t) => {
  let full = true
  const emit = async () => {
    while (full) await sleep(20)
  }
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: null, ringBytes: 65_536, emit })
  const unsafe = new TestContainer(t)
  await ended(unsafe.cgroup.spawn('exit 1', { unshare: true }))
  await harness.event('process-exit', unsafe.id)
  for (let made = 0; made < 150; made++) await new Cgroup(t).remove()
  await ended(new TestContainer(t).cgroup.spawn('exit 1', { unshare: true }))
  const losses = () =>
    harness.emitted.flatMap((told) => (told.type === 'loss' && told.what === 'process_exit' ? told : []))
  for (let tries = 0; losses().length === 0 && tries < 300; tries++) await sleep(10)
  full = false
  const [loss] = losses()
  assert.ok(loss && loss.count > 0 && loss.from < loss.to)
  assert.deepEqual(loss.kinds, ['process-exit'])
  // Asked first: it looks for losses itself, and tells them.
  const told = harness.collector.progress!()[0]!.counters!['ring.process_exit']
  const counted = losses().reduce((sum, { count }) => sum + count, 0)
  assert.equal(told, counted)
})

test('unpinning leaves what a running agent reads', { skip }, async (t) => {
  const pinDir = pinDirFor(t)
  const pins = dirname(pinDir)
  const other = join(pins, 'ended')
  mkdirSync(other)
  const harness = new Harness(t, { dataDir: temporaryFolder(), pinning: { pinDir } })
  assert.deepEqual(unpinAll(null, pins), [other, `${pinDir}: left as it is, a running agent reads it`])
  assert.ok(!existsSync(other) && existsSync(pinDir))
  await harness.collector.stop()
  assert.deepEqual(unpinAll(null, pins), [pinDir])
  assert.deepEqual(readdirSync(pins), [])
})

test('unpinning takes what the data folder that is named left, and nothing of others', { skip }, async (t) => {
  const unused = pinDirFor(t)
  rmdirSync(unused)
  const pins = dirname(unused)
  const dataDir = temporaryFolder()
  const place = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 8)
  const [mine, other] = [`prod-${place}`, 'prod-00000000']
  for (const name of [mine, other]) mkdirSync(join(pins, name))
  assert.deepEqual(
    pinned(dataDir, pins).sort((a, b) => Number(b.own) - Number(a.own)),
    [
      { name: mine, own: true, inUse: false },
      { name: other, own: false, inUse: false },
    ],
  )
  assert.deepEqual(unpinAll(join(dataDir, 'never-there'), pins), [])
  assert.deepEqual(unpinAll(dataDir, pins), [join(pins, mine)])
  assert.deepEqual(unpinAll(null, pins), [join(pins, other)])
})

test('doctor names each program, bpffs and the log', { skip }, async () => {
  assert.equal(await ebpf.available({}), null)
  const lines = await ebpf.doctor!({}, null)
  assert.deepEqual(
    lines.filter(({ state }) => state === 'missing'),
    [],
  )
  assert.ok(
    ['tp_btf/mark_victim', 'bpffs', "kernel's log"].every((subject) => lines.some((line) => line.subject === subject)),
  )
})

test('doctor says what a program that is refused costs, and what it costs where none loads', { skip }, () => {
  const missing = (objects: readonly string[]) =>
    doctor(objects, '/sys/fs/bpf', () => []).filter(({ state }) => state === 'missing')
  const refused = missing([...builtObjects(), built('refused.bpf.o')])
  assert.deepEqual(
    refused.map(({ subject }) => subject),
    ['tp_btf/no_such_hook', 'tp_btf/sched_process_exec'],
  )
  assert.match(refused[0]!.detail, /^ESRCH .*: no no_such_hook$/s)
  assert.match(refused[1]!.detail, /^EACCES .*: no process-exec events; no no_such_access$/s)
  const [line, ...others] = missing([])
  assert.deepEqual([line?.subject, others], ['kernel programs', []])
  assert.match(line!.detail, /^objects is empty.*; no kernel events at all$/)
  assert.match(line!.remedy!, /run as root/)
})
