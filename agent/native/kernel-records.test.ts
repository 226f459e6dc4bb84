/** What the BPF programs tell, on the real kernel. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kernel } from './native.ts'
import { Cgroup, ended } from './testing/cgroup.ts'
import { built, OBJECTS, Recorder, skip } from './testing/recorder.ts'

const MIB = 1024 * 1024

/** What the kernel counted of a cgroup's processes. */
const countsOf = (kernel: Kernel, cgroupId: number) => {
  const { keys, values, valueSize } = kernel.read('process_counts')
  const row = [...new BigUint64Array(keys)].indexOf(BigInt(cgroupId))
  const [, exits, failures, damped] = [...new BigUint64Array(values, row * valueSize, valueSize / 8)].map(Number)
  return { exits, failures, damped }
}

test('this kernel takes all programs', { skip }, (t) => {
  const { kernel } = new Recorder(t)
  assert.deepEqual(
    kernel.programs.filter(({ state }) => state === 'refused'),
    [],
  )
  assert.equal(kernel.programs.length, 10)
})

// on this kernel, and as on one that does not tell which thread is the last (before 6.16)
const untold = () => OBJECTS.map((path) => (/process\.bpf\.o$/.test(path) ? built('last_thread_untold.bpf.o') : path))
for (const [kernel, objects] of [
  ['this kernel', () => OBJECTS],
  ['a kernel that does not tell the last thread', untold],
] as const)
  test(`${kernel}: a process whose threads all end at once ends once`, { skip }, async (t) => {
    const rounds = 1_000
    const cgroup = new Cgroup(t)
    const program = built('end-together')
    const recorder = new Recorder(t, { objects: objects() })
    assert.deepEqual(await ended(cgroup.spawn(`exec ${program} ${rounds}`)), { code: 0, signal: null })
    await recorder.complete()
    const exits = recorder.records.filter(({ name, cgroupId }) => name === 'processExit' && cgroupId === cgroup.id)
    assert.deepEqual([exits.length, new Set(exits.map(({ pid }) => pid)).size], [rounds, rounds])
    assert.deepEqual(new Set(exits.map(({ exitCode }) => exitCode)), new Set([9]))
    assert.deepEqual(countsOf(recorder.kernel, cgroup.id), { exits: rounds + 1, failures: rounds, damped: 0 })
  })

test('pressure that is summed up while it is flushed has a begin and an end', { skip }, async (t) => {
  const cgroup = new Cgroup(t)
  const { id } = cgroup
  const objects = OBJECTS.map((path) => (/pressure\.bpf\.o$/.test(path) ? built('slow_sum.bpf.o') : path))
  const recorder = new Recorder(t, { objects })
  // not in the folder for temporary files, which may be memory: of that nothing can be reclaimed without swap
  const folder = mkdtempSync('/var/tmp/aitia-test-')
  t.after(async () => {
    await cgroup.remove()
    rmSync(folder, { recursive: true })
  })
  // Written before there is a limit: where a disk is slow, what it has not taken yet can't make room, and somebody is killed.
  const writing = `dd if=/dev/zero of=${folder}/$i bs=1M count=24 conv=fsync`
  assert.deepEqual(await ended(cgroup.spawn(`for i in 1 2 3 4; do ${writing} || exit; done`)), {
    code: 0,
    signal: null,
  })
  cgroup.limit(16 * MIB)
  // file caches at the limit, on several CPUs: what is read makes room for itself
  const child = cgroup.spawn(`for i in 1 2 3 4; do (while :; do cat ${folder}/$i > /dev/null; done) & done; wait`)
  const told = () => recorder.records.filter(({ name, cgroupId }) => name === 'memoryPressure' && cgroupId === id)
  while (told().length < 500) {
    const reads = child.exitCode === null && child.signalCode === null
    assert.ok(reads, `nothing reads in ${folder} any more, ${cgroup.oomKills} OOM kills`)
    for (let flushes = 0; flushes < 50; flushes++) recorder.kernel.call('flush_memory_pressure')
    await sleep(1)
  }
  for (const { reclaims, firstNs, lastNs, bootNs } of told())
    assert.ok(reclaims! > 0 && firstNs! > bootNs - 60e9 && firstNs! <= lastNs!, `${reclaims} ${firstNs} ${lastNs}`)
})

test('pressure that finds no room waits for the next flush and is no loss, also where a kill would have told it', {
  skip,
}, async (t) => {
  const oomKills = () => Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1])
  const before = oomKills()
  const recorder = new Recorder(t, { ringBytes: 65_536, acknowledge: false })
  const { kernel } = recorder
  const container = new Cgroup(t).limit(64 * MIB)
  for (let made = 0; made < 150; made++) await new Cgroup(t).remove()
  await ended(container.spawn('exec tail /dev/zero'))
  kernel.call('flush_memory_pressure')
  const { mark_victim: kills = 0, flush_memory_pressure: flushes } = kernel.lost()
  assert.equal(flushes, undefined)
  assert.ok(kills > 0 && kills <= oomKills() - before, `${kills} lost`)
  // Handed over by another thread.
  while (recorder.batches.length === 0) await sleep(10)
  kernel.acknowledge(recorder.batches.at(-1)!)
  kernel.call('flush_memory_pressure')
  const pressure = await recorder.find('memoryPressure', ({ cgroupId }) => cgroupId === container.id)
  assert.ok(pressure.reclaims! > 0 && pressure.firstNs! < pressure.lastNs!)
})

test('an OOM kill names victim, trigger and the limit that was hit; its pressure comes before, its exit after', {
  skip,
}, async (t) => {
  const pod = new Cgroup(t).limit(64 * MIB)
  const container = new Cgroup(t, { parent: pod })
  const recorder = new Recorder(t)
  const child = container.spawn('tail /dev/zero')
  const exit = await ended(child)
  assert.ok(exit.signal === 'SIGKILL' || exit.code === 137)
  const kill = await recorder.find('oomKill', (record) => record.cgroupId === container.id)
  assert.equal(kill.victimCommand, 'tail')
  assert.equal(kill.triggerCommand, 'tail')
  assert.equal(kill.triggerPid, kill.victimPid)
  assert.equal(kill.limitCgroupId, pod.id)
  assert.equal(kill.limitBytes, 64 * MIB)
  assert.ok(kill.usageBytes! > 63 * MIB && kill.usageBytes! <= 64 * MIB, `usage ${kill.usageBytes}`)
  assert.ok(kill.victimBytes! > 55 * MIB && kill.victimBytes! < 70 * MIB, `resident ${kill.victimBytes}`)
  assert.equal(kill.oomGroup, 0)
  assert.equal(kill.global, 0)
  assert.equal(kill.victimNsPid, kill.victimPid)
  const exited = await recorder.find('processExit', (record) => record.pid === kill.victimPid)
  assert.equal(exited.exitCode, 9)
  assert.equal(exited.startNs, kill.victimStartNs)
  const pressure = await recorder.find('memoryPressure', (record) => record.cgroupId === container.id)
  assert.ok(recorder.records.indexOf(pressure) < recorder.records.indexOf(kill))
  assert.ok(pressure.reclaims! >= 1 && pressure.stalledNs! > 0)
  assert.ok(pressure.firstNs! < pressure.lastNs! && pressure.lastNs! <= kill.bootNs)
})

test('the first process of a pid namespace is victim number 1 in it', { skip }, async (t) => {
  const container = new Cgroup(t).limit(64 * MIB)
  const recorder = new Recorder(t)
  await ended(container.spawn('exec tail /dev/zero', { unshare: true }))
  const kill = await recorder.find('oomKill', (record) => record.cgroupId === container.id)
  assert.equal(kill.victimNsPid, 1)
  assert.notEqual(kill.victimPid, 1)
  const exec = await recorder.find(
    'processExec',
    (record) => record.pid === kill.victimPid && record.command === 'tail',
  )
  assert.equal(exec.nsPid, 1)
  assert.match(exec.file!, /\/tail$/)
})

test('the OOM killer of one task may kill another: victim and trigger differ', { skip }, async (t) => {
  const container = new Cgroup(t).limit(96 * MIB)
  const recorder = new Recorder(t)
  // the big one waits, the small one asks for the last pages
  const big = container.spawn('head -c 60m /dev/zero | tail -c 60m | (sleep 1000; cat)')
  while (container.usage < 60 * MIB) await sleep(10)
  const small = container.spawn('head -c 45m /dev/zero | tail -c 45m | (sleep 1000; cat)')
  const kill = await recorder.find('oomKill', (record) => record.cgroupId === container.id)
  assert.equal(kill.victimCommand, 'tail')
  assert.ok(kill.victimBytes! > 50 * MIB, `resident ${kill.victimBytes}`)
  assert.notEqual(kill.triggerPid, kill.victimPid)
  for (const child of [big, small]) child.kill()
})

test('kill -9 at the limit is no OOM: in a storm of both, the records are as many as the kernel counts kills', {
  skip,
}, async (t) => {
  const container = new Cgroup(t).limit(100 * MIB)
  const recorder = new Recorder(t)
  const begin = performance.now()
  // until there was one of each, on a machine that is busy too
  const going = () => performance.now() < begin + (container.oomKills < 3 ? 30_000 : 5_000)
  const hogs = new Set<ChildProcess>()
  let killed = 0
  const hog = async () => {
    while (going()) {
      const child = container.spawn('exec tail /dev/zero')
      hogs.add(child)
      const { signal } = await ended(child)
      if (signal === 'SIGKILL') killed++
      hogs.delete(child)
    }
  }
  // a person who kills one of them in the moment in which the memory is nearly full, most times
  const person = async () => {
    for (; going(); await sleep(1))
      if (container.usage > 94 * MIB && Math.random() < 0.7)
        [...hogs][Math.floor(Math.random() * hogs.size)]?.kill('SIGKILL')
  }
  await Promise.all([hog(), hog(), hog(), person()])
  await recorder.complete()
  const kills = recorder.records.filter((record) => record.name === 'oomKill' && record.cgroupId === container.id)
  t.diagnostic(`${killed} killed, ${kills.length} of them by the OOM killer`)
  assert.ok(container.oomKills > 0 && killed > container.oomKills, 'the storm had both')
  assert.equal(kills.length, container.oomKills)
  assert.equal(new Set(kills.map((kill) => kill.invocation)).size, kills.length, 'each is an invocation of its own')
})
