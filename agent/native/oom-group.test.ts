/** memory.oom.group: a cgroup is killed as a whole. Of cgroup v2, where the kubelet sets it for each container. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cgroup, ended } from './testing/cgroup.ts'
import { Recorder, skip } from './testing/recorder.ts'

const MIB = 1024 * 1024
const CONTROLLERS = '/sys/fs/cgroup/cgroup.controllers'

const skipOnV1 =
  skip || (!existsSync(CONTROLLERS) && `needs ${CONTROLLERS}: cgroup v2, which kills a cgroup as a whole`)

const killAsWhole = (cgroup: Cgroup): void => writeFileSync(join(cgroup.folder, 'memory.oom.group'), '1')

/** A process that does nothing, once it does so. */
const idle = async (cgroup: Cgroup): Promise<ChildProcess> => {
  const child = cgroup.spawn('exec sleep 1000000')
  while (readFileSync(`/proc/${child.pid}/comm`, 'utf8') !== 'sleep\n') await sleep(10)
  return child
}

/** Grows until it is killed. @returns the records of the kill, of these cgroups, once all these processes have ended */
const outgrow = async (recorder: Recorder, growing: Cgroup, cgroups: Cgroup[], others: ChildProcess[]) => {
  const grown = growing.spawn('exec tail /dev/zero')
  for (const { signal } of await Promise.all([grown, ...others].map(ended))) assert.equal(signal, 'SIGKILL')
  await recorder.complete()
  const ids = cgroups.map(({ id }) => id)
  const kills = recorder.records.filter(({ name, cgroupId }) => name === 'oomKill' && ids.includes(cgroupId))
  const pids = [grown, ...others].map(({ pid }) => pid!)
  assert.deepEqual(kills.map(({ victimPid }) => victimPid!).sort(), pids.sort())
  for (const kill of kills) assert.equal(kill.triggerPid, grown.pid)
  return kills
}

const toldOnce = (kills: Awaited<ReturnType<typeof outgrow>>) =>
  new Set(
    kills.map(({ invocation, oomGroup, global, limitCgroupId, limitBytes }) =>
      JSON.stringify({ invocation, oomGroup, global, limitCgroupId, limitBytes }),
    ),
  )

test('all processes of a cgroup that is killed as a whole, and of those below it, are victims of one invocation', {
  skip: skipOnV1,
}, async (t) => {
  const pod = new Cgroup(t).limit(96 * MIB)
  const container = new Cgroup(t, { parent: pod }).limit(64 * MIB)
  killAsWhole(container)
  const [one, other] = [new Cgroup(t, { parent: container }), new Cgroup(t, { parent: container })]
  const bystander = await idle(new Cgroup(t, { parent: pod }))
  const child = await idle(one)
  const recorder = new Recorder(t)
  const kills = await outgrow(recorder, other, [one, other], [child])
  const [{ invocation }] = kills as [(typeof kills)[number]]
  const same = { invocation, oomGroup: 1, global: 0, limitCgroupId: container.id, limitBytes: 64 * MIB }
  assert.deepEqual([...toldOnce(kills)], [JSON.stringify(same)])
  assert.equal(bystander.signalCode, null)
})

test('of nested cgroups that are to be killed as a whole it is the outermost up to the limit', {
  skip: skipOnV1,
}, async (t) => {
  const pods = new Cgroup(t)
  const pod = new Cgroup(t, { parent: pods }).limit(64 * MIB)
  const containers = [new Cgroup(t, { parent: pod }), new Cgroup(t, { parent: pod })] as const
  for (const each of [pods, pod, containers[0].limit(96 * MIB)]) killAsWhole(each)
  const bystander = await idle(new Cgroup(t, { parent: pods }))
  const child = await idle(containers[1])
  const recorder = new Recorder(t)
  const kills = await outgrow(recorder, containers[0], [...containers], [child])
  const [{ invocation }] = kills as [(typeof kills)[number]]
  const same = { invocation, oomGroup: 1, global: 0, limitCgroupId: pod.id, limitBytes: 64 * MIB }
  assert.deepEqual([...toldOnce(kills)], [JSON.stringify(same)])
  assert.equal(bystander.signalCode, null)
})

test('a cgroup that is to be killed as a whole lives on where the limit below it is hit', {
  skip: skipOnV1,
}, async (t) => {
  const pod = new Cgroup(t).limit(96 * MIB)
  killAsWhole(pod)
  const container = new Cgroup(t, { parent: pod }).limit(64 * MIB)
  const bystander = await idle(new Cgroup(t, { parent: pod }))
  const recorder = new Recorder(t)
  const [kill, ...more] = await outgrow(recorder, container, [container], [])
  assert.deepEqual([kill!.oomGroup, kill!.limitCgroupId, more.length], [0, container.id, 0])
  assert.equal(bystander.signalCode, null)
})
