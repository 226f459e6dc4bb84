/** Whose memory was full when the OOM killer came, on the real kernel. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cgroup, ended } from './testing/cgroup.ts'
import { built, OBJECTS, Recorder, type SeenRecord, skip } from './testing/recorder.ts'

const MIB = 1024 * 1024
const PAGE = 4096

const skipWithout = (path: string, why: string) => skip || (!existsSync(path) && `needs ${path}: ${why}`)

const MEMSW = '/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'
const SYSRQ = '/proc/sysrq-trigger'
/** What test/vm gives to its machine alone. */
const THROW_AWAY = '/run/aitia-vm'

/** A folder on a disk: what is in memory can't be dropped from the cache. */
const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync('/var/tmp/aitia-test-')
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Runs a process named tail with so much memory of its own. @returns its pid once it has it, and what was run before is done */
const hold = async (t: TestContext, cgroup: Cgroup, bytes: number, before = 'true'): Promise<number> => {
  const held = join(folderFor(t), 'held')
  const reader = `(head -c 1 > /dev/null; : > ${held}; exec sleep 1000000)`
  const child = cgroup.spawn(`${before} && head -c ${bytes} /dev/zero | tail -c ${bytes} | ${reader}`)
  while (!existsSync(held)) {
    assert.equal(child.exitCode ?? child.signalCode, null, 'what holds memory has ended')
    await sleep(10)
  }
  const pids = readFileSync(join(cgroup.folder, 'cgroup.procs'), 'utf8').trim().split('\n')
  return Number(pids.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'tail\n'))
}

/** Takes more than a machine has left, at once: tail would take minutes for gigabytes where processors are emulated. */
const takeAll = `exec dd if=/dev/zero of=/dev/null iflag=fullblock bs=${totalmem() - 16 * MIB}`

const scopeOf = ({ global, limitCgroupId, limitBytes }: SeenRecord) => ({ global, limitCgroupId, limitBytes })
const GLOBAL = { global: 1, limitCgroupId: 0, limitBytes: 0 }

/** What is told of a process that outgrows a limit. */
const outgrow = async (t: TestContext, cgroup: Cgroup, objects = OBJECTS) => {
  const recorder = new Recorder(t, { objects })
  await ended(cgroup.spawn('exec tail /dev/zero'))
  return recorder.find('oomKill', ({ cgroupId }) => cgroupId === cgroup.id)
}

test('a limit of memory and swap together is named as one of memory, where it is that of a parent too', {
  skip: skipWithout(MEMSW, 'a limit of both, of cgroup v1'),
}, async (t) => {
  const pod = new Cgroup(t).limit(64 * MIB)
  writeFileSync(join(pod.folder, 'memory.memsw.limit_in_bytes'), `${64 * MIB}`)
  const container = new Cgroup(t, { parent: pod }).limit(96 * MIB)
  const kill = await outgrow(t, container)
  assert.deepEqual(scopeOf(kill), { global: 0, limitCgroupId: pod.id, limitBytes: 64 * MIB })
})

test('of two full cgroups the one is named that victim and trigger share', { skip }, async (t) => {
  const pod = new Cgroup(t).limit(96 * MIB)
  const full = new Cgroup(t, { parent: pod }).limit(96 * MIB)
  const growing = new Cgroup(t, { parent: pod })
  const victim = await hold(t, full, 60 * MIB)
  const recorder = new Recorder(t)
  const child = growing.spawn('exec tail /dev/zero')
  // It can do without a few pages, which are reclaimed meanwhile: full it is only with a limit that goes down with it.
  for (; existsSync(`/proc/${victim}/fd/0`) && child.exitCode === null && child.signalCode === null; await sleep(1))
    full.limit(full.usage)
  const kill = await recorder.find('oomKill', ({ victimPid }) => victimPid === victim)
  child.kill('SIGKILL')
  assert.equal(kill.cgroupId, full.id)
  assert.notEqual(kill.triggerPid, victim)
  assert.deepEqual(scopeOf(kill), { global: 0, limitCgroupId: pod.id, limitBytes: 96 * MIB })
})

test('a limit that is set below what is in use is the one that was hit, though who sets it is no member', {
  skip: skipWithout('/sys/fs/cgroup/cgroup.controllers', 'cgroup v2, which kills for a limit that is set'),
}, async (t) => {
  const container = new Cgroup(t)
  const victim = await hold(t, container, 60 * MIB)
  const recorder = new Recorder(t)
  container.limit(32 * MIB)
  const kill = await recorder.find('oomKill', ({ victimPid }) => victimPid === victim)
  assert.equal(kill.triggerPid, process.pid)
  assert.deepEqual(scopeOf(kill), { global: 0, limitCgroupId: container.id, limitBytes: 32 * MIB })
})

const withPlayed = (others: RegExp) => [
  ...OBJECTS.filter((path) => others.test(path)),
  built('direct_reclaim.bpf.o'), // the last to hear of a reclaim
]

test("a thread whose last reclaim was a direct one ran out of the node's memory, whatever cgroup is full", {
  skip,
}, async (t) => {
  const container = new Cgroup(t).limit(64 * MIB)
  assert.deepEqual(scopeOf(await outgrow(t, container, withPlayed(/(pressure|process)\.bpf\.o$/))), GLOBAL)
})

test('where a program that tells of reclaims is not at work, how full the cgroups are decides', { skip }, async (t) => {
  const container = new Cgroup(t).limit(64 * MIB)
  assert.deepEqual(scopeOf(await outgrow(t, container, withPlayed(/process\.bpf\.o$/))), {
    global: 0,
    limitCgroupId: container.id,
    limitBytes: 64 * MIB,
  })
})

/** The kernel's scores of all processes, the next to be killed first. */
const scores = (): { pid: number; score: number }[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return { pid: Number(pid), score: Number(readFileSync(`/proc/${pid}/oom_score`, 'utf8')) }
      } catch {
        return { pid: Number(pid), score: 0 } // it has ended
      }
    })
    .sort((one, other) => other.score - one.score)

test('where the node is out of memory, a victim whose page cache keeps its cgroup full is told as a victim of that', {
  skip: skipWithout(SYSRQ, 'a kernel that runs the OOM killer when it is asked to (CONFIG_MAGIC_SYSRQ)'),
}, async (t) => {
  // Who has the highest score of the whole machine is killed: a process of this test, which must see all others to know.
  assert.equal(readlinkSync('/proc/self/ns/pid'), 'pid:[4026531836]', "this is the machine's first pid namespace")
  const container = new Cgroup(t)
  const cache = `head -c ${32 * MIB} /dev/zero > ${folderFor(t)}/cache`
  // With the highest oom_score_adj, and more memory than whatever else has that.
  const victim = await hold(
    t,
    container,
    Math.max(256 * MIB, Math.floor(totalmem() / 64)),
    `echo 1000 > /proc/self/oom_score_adj && ${cache}`,
  )
  container.limit(container.usage)
  const full = container.usage
  const recorder = new Recorder(t)
  for (;;) {
    assert.ok(existsSync(`/proc/${victim}`), 'the victim lives')
    const [first, second] = scores()
    if (first?.pid === victim && first.score >= second!.score + 4) break
    await sleep(50)
  }
  assert.ok(full - container.usage < 64 * PAGE, 'the cgroup is full')
  writeFileSync(SYSRQ, 'f')
  const kill = await recorder.find('oomKill', ({ victimPid }) => victimPid === victim)
  assert.match(kill.triggerCommand!, /^kworker/)
  assert.equal(kill.cgroupId, container.id)
  assert.deepEqual(scopeOf(kill), GLOBAL)
})

test('where a machine runs out of memory, all that is killed for it is told as a victim of that, whatever is full', {
  skip: skipWithout(THROW_AWAY, 'a machine that may run out of memory, which `npm run test:vm` has'),
}, async (t) => {
  const [container, growing] = [new Cgroup(t), new Cgroup(t)]
  const cache = `head -c ${32 * MIB} /dev/zero > ${folderFor(t)}/cache`
  const victim = await hold(t, container, 256 * MIB, `echo 1000 > /proc/self/oom_score_adj && ${cache}`)
  container.limit(container.usage)
  writeFileSync(join(container.folder, 'memory.oom.group'), '1')
  const members = readFileSync(join(container.folder, 'cgroup.procs'), 'utf8').trim().split('\n').map(Number)
  assert.ok(members.length > 1)
  const recorder = new Recorder(t)
  const grown = growing.spawn(takeAll)
  assert.equal((await ended(grown)).signal, 'SIGKILL')
  await recorder.complete()
  const kills = recorder.records.filter(({ name }) => name === 'oomKill')
  const of = (cgroup: Cgroup) => kills.filter(({ cgroupId }) => cgroupId === cgroup.id)
  assert.equal(of(container)[0]?.victimPid, victim)
  assert.deepEqual(
    of(container)
      .map(({ victimPid }) => victimPid!)
      .sort(),
    members.sort(),
  )
  assert.equal(new Set(of(container).map(({ invocation }) => invocation)).size, 1)
  assert.deepEqual(
    of(growing).map(({ victimPid }) => victimPid),
    [grown.pid],
  )
  for (const kill of kills) assert.deepEqual(scopeOf(kill), GLOBAL)
  assert.deepEqual(new Set(of(container).map(({ oomGroup }) => oomGroup)), new Set([1]))
})
