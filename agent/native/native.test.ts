/** The addon: loading, reading, loss, restart, misuse; on the real kernel. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RECORDS } from '../../graph/model/generated/wire.ts'
import { Kernel, sampleClock, unpin } from './native.ts'
import { Cgroup, ended } from './testing/cgroup.ts'
import { built, OBJECTS, pinDirFor, Recorder, type SeenRecord, skip } from './testing/recorder.ts'

const id = ({ cpu, sequence }: SeenRecord) => `${cpu}/${sequence}`

/** A container whose first process ends with this status. @returns its cgroup's id */
const fail = async (t: TestContext, status: number) => {
  const container = new Cgroup(t)
  const { id } = container
  await ended(container.spawn(`exit ${status}`, { unshare: true }))
  return id
}

const startReader = async (t: TestContext, pinDir: string, acknowledgements: number) => {
  const script = join(import.meta.dirname, 'testing/reading-agent.ts')
  const child = spawn(process.execPath, [script, pinDir, `${acknowledgements}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const batches: { acknowledged: boolean; records: string[] }[] = []
  const lines = createInterface(child.stdout)
  await once(lines, 'line')
  lines.on('line', (line) => batches.push(JSON.parse(line)))
  return { child, batches, read: () => batches.flatMap(({ records }) => records) }
}

const kill = async (child: ChildProcess) => {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('exec and exit are told of the first process, other exits where a signal ended them; the rest is counted', {
  skip,
}, async (t) => {
  const cgroup = new Cgroup(t)
  const recorder = new Recorder(t)
  const container = new Cgroup(t)
  await ended(container.spawn('exec sh -c "true; /bin/true; exit 7"', { unshare: true }))
  await ended(cgroup.spawn('/bin/true; /bin/true; /bin/false; kill -15 $$'))
  await recorder.complete()
  const of = (name: string, place: Cgroup) => recorder.records.filter((r) => r.name === name && r.cgroupId === place.id)
  const first = of('processExec', container)
  assert.deepEqual(
    first.map(({ command, nsPid }) => [command, nsPid]),
    [
      ['sh', 1],
      ['sh', 1],
    ],
  )
  const end = of('processExit', container).find(({ nsPid }) => nsPid === 1)
  assert.equal(end?.exitCode, 7 << 8)
  assert.equal(end?.startNs, first[0]?.startNs)
  // made before we watched: none of its processes is known as the first
  assert.deepEqual(of('processExec', cgroup), [])
  assert.deepEqual(
    of('processExit', cgroup).map(({ exitCode }) => exitCode),
    [15],
  )
  const { count, keys, values, valueSize } = recorder.kernel.read('process_counts')
  const row = [...new BigUint64Array(keys)].indexOf(BigInt(cgroup.id))
  assert.ok(row >= 0 && row < count)
  const counts = [...new BigUint64Array(values, row * valueSize, valueSize / 8)]
  assert.deepEqual(counts, [4n, 4n, 2n, 0n], 'execs, exits, failures, damped')
})

test('in a cgroup made while we watch, the first to run a program is its first process, whatever its pid', {
  skip,
}, async (t) => {
  const recorder = new Recorder(t)
  const container = new Cgroup(t)
  await ended(container.spawn('sleep 0.05; exit 0'))
  const created = await recorder.find('cgroupCreated', ({ cgroupId }) => cgroupId === container.id)
  assert.equal(created.path, `/${container.name}`)
  // the shell joined without running a program, then ran sleep as a child
  const exec = await recorder.find('processExec', ({ cgroupId }) => cgroupId === container.id)
  assert.equal(exec.command, 'sh')
  const exit = await recorder.find('processExit', ({ cgroupId }) => cgroupId === container.id)
  assert.deepEqual([exit.pid, exit.first], [exec.pid, 1])
  const { id } = container
  await container.remove()
  await recorder.find('cgroupRemoved', ({ cgroupId }) => cgroupId === id)
})

test('what a runtime runs in a new cgroup before the container, its hooks and a copy of itself, is not the first process', {
  skip,
}, async (t) => {
  const recorder = new Recorder(t)
  const container = new Cgroup(t)
  const hook = '/bin/true'
  const program = 'exec unshare --mount sh -c "sleep 0.05; exit 3"'
  // as runc does, which runs a copy of itself before it makes the container's namespaces
  const copy = `exec sh -c '${hook}; ${program}'`
  const init = spawn('sh', ['-c', `echo 0 > ${container.folder}/cgroup.procs; ${copy}`])
  await ended(init)
  await recorder.complete()
  const of = (name: string) => recorder.records.filter((r) => r.name === name && r.cgroupId === container.id)
  assert.deepEqual(
    of('processExec').map(({ command, pid }) => [command, pid]),
    [['sh', init.pid]],
  )
  assert.deepEqual(
    of('processExit').map(({ pid, first, exitCode }) => [pid, first, exitCode]),
    [[init.pid, 1, 3 << 8]],
  )
})

test("a loop of crashes is told 8 times a minute for each command, and its container's end in any case", {
  skip,
}, async (t) => {
  const recorder = new Recorder(t)
  const container = new Cgroup(t)
  const crashes = 'i=0; while [ $i -lt 20 ]; do sh -c "kill -6 \\$\\$"; i=$((i+1)); done'
  await ended(container.spawn(`${crashes}; sleep 60 & sleep 0.2; kill -6 $!; wait; exit 1`, { unshare: true }))
  await recorder.complete()
  const exits = recorder.records.filter(({ name, cgroupId }) => name === 'processExit' && cgroupId === container.id)
  const told = (name: string) => exits.filter(({ command, exitCode }) => command === name && exitCode === 6).length
  assert.deepEqual([told('sh'), told('sleep')], [8, 1])
  assert.deepEqual(
    exits.filter(({ first }) => first === 1).map(({ exitCode }) => exitCode),
    [1 << 8],
  )
  const { keys, values, valueSize } = recorder.kernel.read('process_counts')
  const row = [...new BigUint64Array(keys)].indexOf(BigInt(container.id))
  const [, , , damped] = new BigUint64Array(values, row * valueSize, valueSize / 8)
  assert.equal(damped, 12n)
})

test('number 1 of a namespace that a container made for itself is not its first process', { skip }, async (t) => {
  const before = new Cgroup(t)
  const recorder = new Recorder(t)
  for (const container of [before, new Cgroup(t)]) {
    const inner = 'unshare --pid --fork --kill-child sleep 60 & sleep 1; kill -9 $!; wait'
    await ended(container.spawn(`${inner}; exit 3`, { unshare: true }))
    await recorder.complete()
    const exits = recorder.records.filter(({ name, cgroupId }) => name === 'processExit' && cgroupId === container.id)
    const numberOne = exits.filter(({ nsPid }) => nsPid === 1)
    assert.deepEqual(
      new Set(numberOne.map(({ exitCode, first }) => `${exitCode} ${first}`)),
      new Set(['9 0', `${3 << 8} 1`]),
    )
  }
})

test('what finds no room is counted by program and leaves a hole in the numbers', { skip }, async (t) => {
  const recorder = new Recorder(t, { ringBytes: 65_536, acknowledge: false })
  const seen = () => new Set(recorder.records.map(({ cpu }) => cpu)).size
  while (seen() < availableParallelism()) await fail(t, 1)
  for (let made = 0; made < 150; made++) await new Cgroup(t).remove()
  await recorder.complete()
  // acknowledged: there is room again, and the next record's number tells how many are missing
  recorder.kernel.acknowledge(recorder.batches.at(-1)!)
  const lost = recorder.kernel.lost()
  assert.ok(lost.cgroup_created! > 0, JSON.stringify(lost))
  const all = Object.values(lost).reduce((sum, count) => sum + count, 0)
  const before = recorder.records.length
  while (new Set(recorder.records.slice(before).map(({ cpu }) => cpu)).size < availableParallelism()) await fail(t, 1)
  const last = new Map<number, number>()
  let missing = 0
  for (const { cpu, sequence } of recorder.records) {
    missing += sequence - (last.get(cpu) ?? sequence - 1) - 1
    last.set(cpu, sequence)
  }
  assert.equal(missing, all)
})

test('killed and started again, a reader with pins misses nothing and repeats only what was not acknowledged', {
  skip,
}, async (t) => {
  const pinDir = pinDirFor(t)
  const first = await startReader(t, pinDir, 2)
  for (let status = 1; status <= 6; status++) {
    await fail(t, status)
    await sleep(40)
  }
  while (first.batches.length < 4) await sleep(10)
  await kill(first.child)
  const failed: number[] = []
  for (let status = 7; status <= 12; status++) failed.push(await fail(t, status))

  const second = new Recorder(t, { pinDir })
  assert.ok(!second.kernel.replaced)
  assert.deepEqual(new Set(second.kernel.programs.map(({ state }) => state)), new Set(['continued', 'callable']))
  failed.push(await fail(t, 13))
  await second.find('processExit', ({ cgroupId }) => cgroupId === failed.at(-1))
  const acknowledged = new Set(first.batches.filter((batch) => batch.acknowledged).flatMap(({ records }) => records))
  const repeated = first.read().filter((record) => !acknowledged.has(record))
  const again = second.records.map(id)
  assert.ok(
    again.every((record) => !acknowledged.has(record)),
    'nothing acknowledged comes again',
  )
  assert.deepEqual(again.slice(0, repeated.length), repeated, 'what was not acknowledged comes again, first')
  const numbers = new Map<number, number[]>()
  for (const record of [...acknowledged, ...again]) {
    const [cpu, sequence] = record.split('/').map(Number) as [number, number]
    numbers.set(cpu, [...(numbers.get(cpu) ?? []), sequence])
  }
  for (const [cpu, sequences] of numbers)
    assert.deepEqual(
      sequences,
      sequences.map((_, index) => sequences[0]! + index),
      `no hole on CPU ${cpu}`,
    )
  const exits = second.records.filter(({ name, cgroupId }) => name === 'processExit' && failed.includes(cgroupId))
  assert.deepEqual(
    exits.map(({ exitCode }) => exitCode! >> 8),
    [7, 8, 9, 10, 11, 12, 13],
  )
})

test('two agents cannot read one ring; another ring size replaces what was pinned, with its numbers going on', {
  skip,
}, async (t) => {
  const pinDir = pinDirFor(t)
  const one = new Recorder(t, { pinDir })
  assert.throws(() => new Kernel({ objects: OBJECTS, pinDir }), /another agent reads the ring/)
  await fail(t, 1)
  await one.complete()
  const { ringId } = one.kernel
  one.kernel.close()
  const same = new Kernel({ objects: OBJECTS, pinDir })
  assert.equal(same.ringId, ringId)
  same.close()
  const other = new Recorder(t, { pinDir, ringBytes: 131_072 })
  assert.ok(other.kernel.replaced && other.kernel.ringId !== ringId)
  assert.deepEqual(new Set(other.kernel.programs.map(({ state }) => state)), new Set(['attached', 'callable']))
  assert.equal(readdirSync(pinDir).filter((name) => name !== 'sequence').length, 1)
  const failed = await fail(t, 2)
  await other.find('processExit', ({ cgroupId }) => cgroupId === failed)
  const highest = new Map(one.records.map(({ cpu, sequence }) => [cpu, sequence]))
  for (const { cpu, sequence } of other.records) assert.ok(sequence > (highest.get(cpu) ?? 0))
})

test('unpin detaches and leaves nothing in bpffs', { skip }, async (t) => {
  const pinDir = pinDirFor(t)
  const recorder = new Recorder(t, { pinDir })
  assert.throws(() => unpin(pinDir), /a running agent reads/)
  const { ringId } = recorder.kernel
  recorder.kernel.close()
  assert.ok(unpin(pinDir))
  assert.ok(!unpin(pinDir))
  assert.deepEqual(readdirSync(dirname(pinDir)), [])
  const again = new Recorder(t, { pinDir: pinDirFor(t) })
  assert.notEqual(again.kernel.ringId, ringId)
})

test('a number that was given is not given again when the maps are made anew', { skip }, async (t) => {
  const first = new Recorder(t)
  const firstFailed = await fail(t, 1)
  await first.find('processExit', ({ cgroupId }) => cgroupId === firstFailed)
  first.kernel.close()
  const second = new Recorder(t)
  const secondFailed = await fail(t, 1)
  await second.find('processExit', ({ cgroupId }) => cgroupId === secondFailed)
  const given = new Set(first.records.map(id))
  assert.ok(second.records.every((record) => !given.has(id(record))))
})

test('a program that this kernel refuses leaves the others running and says why', { skip }, async (t) => {
  const kernel = new Kernel({ objects: [built('refused.bpf.o'), ...OBJECTS] })
  t.after(() => kernel.close())
  const states = Object.fromEntries(kernel.programs.map(({ name, state, reason }) => [name, `${state} ${reason}`]))
  assert.match(states.no_such_hook!, /^refused ESRCH .*no_such_hook/)
  assert.match(states.no_such_access!, /^refused EACCES .*verifier: /)
  assert.match(states.mark_victim!, /^attached/)
})

test('a process that is sent signals all the time, as by a profiler, loads every program', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const native = JSON.stringify(join(import.meta.dirname, 'native.ts'))
  const script = `import { Kernel } from ${native}
const { programs } = new Kernel({ objects: ${JSON.stringify(OBJECTS)} })
console.log(JSON.stringify(programs.flatMap(({ state, name, reason }) => (state === 'refused' ? [name + reason] : []))))`
  const profiled = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200']
  const run = spawnSync(process.execPath, [...profiled, '--input-type=module-typescript', '-e', script], {
    encoding: 'utf8',
  })
  assert.equal(run.stdout, '[]\n', run.stderr)
})

test('misuse throws and never crashes', { skip }, async (t) => {
  assert.throws(() => new Kernel({ objects: [] }), /objects is empty/)
  assert.throws(() => new Kernel({ objects: ['/nowhere.bpf.o'] }), /is missing/)
  assert.throws(() => new Kernel({ objects: [import.meta.filename] }), /cannot open the BPF object/)
  assert.throws(() => new Kernel({ objects: OBJECTS, ringBytes: 100_000 }), /power of two/)
  assert.throws(() => new Kernel({ objects: OBJECTS, pinDir: '/tmp' }), /bpffs/)
  const kernel = new Kernel({ objects: OBJECTS })
  t.after(() => kernel.close())
  assert.throws(() => kernel.start('no function' as never), /expected a function/)
  kernel.start(() => {})
  assert.throws(() => kernel.start(() => {}), /started already/)
  assert.throws(() => kernel.acknowledge({ end: -1 } as never), /must be a whole number/)
  assert.throws(() => kernel.acknowledge({ end: 8 } as never), /no delivered batch/)
  assert.throws(() => kernel.acknowledge({ end: '8' } as never), /must be a whole number/)
  assert.throws(() => kernel.read('nothing'), /no map/)
  assert.throws(() => kernel.read(1 as never), /must be a string/)
  assert.throws(() => kernel.call('mark_victim'), /no program to be called/)
  kernel.close()
  kernel.close()
  assert.throws(() => kernel.read('lost'), /closed/)
  assert.throws(() => kernel.start(() => {}), /closed/)
  assert.ok(kernel.completeNs >= 0)
  const { error } = sampleClock()
  assert.ok(error >= 1 && error < 10_000)
})

test('a process may end, collect or throw with a session open', { skip }, () => {
  const native = JSON.stringify(join(import.meta.dirname, 'native.ts'))
  const run = (body: string) => {
    const script = `import { Kernel } from ${native}\nimport { spawnSync } from 'node:child_process'\nconst objects = ${JSON.stringify(OBJECTS)}\n${body}`
    return spawnSync(process.execPath, ['--expose-gc', '--input-type=module-typescript', '-e', script], {
      encoding: 'utf8',
    })
  }
  const exit = run('new Kernel({ objects }).start(() => process.exit(5)); spawnSync("sh", ["-c", "kill -9 $$"])')
  assert.equal(exit.status, 5, exit.stderr)
  const collected = run(
    `for (let i = 0; i < 3; i++) new Kernel({ objects }); gc(); setTimeout(() => { gc(); console.log('alive') }, 50)`,
  )
  assert.equal(`${collected.status} ${collected.stdout}`, '0 alive\n', collected.stderr)
  const thrown = run(
    `new Kernel({ objects }).start(() => { throw new Error('of the callback') }); spawnSync('sh', ['-c', 'kill -9 $$'])`,
  )
  assert.equal(thrown.status, 1)
  assert.match(thrown.stderr, /of the callback/)
})

test('where no thread can be started it says so, and reads once it can', { skip }, () => {
  const native = JSON.stringify(join(import.meta.dirname, 'native.ts'))
  // the room for a thread's stack is what is missing: of processes, root may have any number
  const script = `import { Kernel } from ${native}
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
const kernel = new Kernel({ objects: ${JSON.stringify(OBJECTS)} })
const used = Number(/^VmSize:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1_024
const limit = (bytes) => spawnSync('prlimit', ['--pid', String(process.pid), '--as=' + bytes + ':'])
limit(used + 32 * 2 ** 20)
try {
  kernel.start(() => {})
} catch (error) {
  console.log(error.message)
}
limit('unlimited')
kernel.start(() => {
  console.log('reads')
  kernel.close()
})
spawnSync('sh', ['-c', 'kill -9 $$'])`
  const words = [
    '-c',
    'ulimit -S -s 65536; exec "$@"',
    'sh',
    process.execPath,
    '--input-type=module-typescript',
    '-e',
    script,
  ]
  const run = spawnSync('sh', words, { encoding: 'utf8' })
  assert.equal(
    run.stdout,
    'cannot start the thread that waits for the ring: Resource temporarily unavailable\nreads\n',
    run.stderr,
  )
})

test('what is left out of a cgroup is counted and freed in the ring, and heard again when it is heeded', {
  skip,
}, async (t) => {
  const recorder = new Recorder(t)
  const [noisy, other] = [new Cgroup(t), new Cgroup(t)]
  const killed = async (cgroup: Cgroup) => ended(cgroup.spawn('kill -9 $$'))
  const told = ({ id }: Cgroup) => recorder.records.filter((r) => r.name === 'processExit' && r.cgroupId === id).length
  await killed(noisy)
  await recorder.complete()
  assert.equal(told(noisy), 1)
  recorder.kernel.leaveOut(RECORDS['process-exit'].kind, noisy.id)
  const before = recorder.kernel.leftOut
  await killed(noisy)
  await killed(other)
  await killed(noisy)
  await recorder.complete()
  assert.deepEqual([told(noisy), told(other), recorder.kernel.leftOut - before], [1, 1, 2])
  recorder.kernel.heed(noisy.id)
  await killed(noisy)
  await recorder.complete()
  assert.equal(told(noisy), 2)
})

test('records that are left out do not free what stands before them and is not acknowledged', {
  skip,
}, async (t) => {
  const pinDir = pinDirFor(t)
  const noisy = new Cgroup(t)
  const first = new Recorder(t, { pinDir, acknowledge: false })
  const container = await fail(t, 7)
  await first.complete()
  const unsafe = first.records.filter(({ cgroupId }) => cgroupId === container).map(id)
  assert.ok(unsafe.length > 0)
  first.kernel.leaveOut(RECORDS['process-exit'].kind, noisy.id)
  await ended(noisy.spawn('kill -9 $$'))
  await first.complete()
  assert.equal(first.kernel.leftOut, 1)
  first.kernel.close()
  const second = new Recorder(t, { pinDir })
  await second.complete()
  assert.deepEqual(second.records.filter(({ cgroupId }) => cgroupId === container).map(id), unsafe)
})
