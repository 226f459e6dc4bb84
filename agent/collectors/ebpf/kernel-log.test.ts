import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseKernelLog } from './kernel-log.ts'

/** Lines as /dev/kmsg gives them, the ones between left out. */
const log = (from: number, lines: string[]) =>
  lines.map((text, index) => `6,${from + index},${from * 1_000 + index},-;${text}`)

// 6.18
const inCgroup = log(100, [
  'tail invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0',
  'CPU: 1 UID: 0 PID: 3571 Comm: tail Not tainted 6.18.44 #1 PREEMPT(none)',
  'memory: usage 102400kB, limit 102400kB, failcnt 36',
  'swap: usage 0kB, limit 9007199254740988kB, failcnt 0',
  '[   3571]     0  3571    26222    25892    25504      388         0   245760        0             0 tail',
  'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/pod1,task_memcg=/pod1/c,task=tail,pid=3571,uid=0',
  'Memory cgroup out of memory: Killed process 3571 (tail) total-vm:104888kB, anon-rss:102016kB, file-rss:1552kB, shmem-rss:0kB, UID:0 pgtables:240kB oom_score_adj:0',
])

test('a kill in a cgroup', () => {
  assert.deepEqual(parseKernelLog(inCgroup), [
    {
      sequence: 106,
      at: 100_006,
      global: false,
      cgroup: '/pod1/c',
      limitCgroup: '/pod1',
      limitBytes: 102_400 * 1_024,
      usageBytes: 102_400 * 1_024,
      oomGroup: false,
      triggerPid: 3571,
      triggerCommand: 'tail',
      victims: [{ pid: 3571, command: 'tail', bytes: (102_016 + 1_552) * 1_024 }],
    },
  ])
})

test('a kill of the whole machine has no limit', () => {
  const [kill] = parseKernelLog(
    log(200, [
      'node (main) invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0',
      'CPU: 3 PID: 77 Comm: node (main) Not tainted 5.15.0',
      'oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/a b/c,task=java,pid=812,uid=0',
      'Out of memory: Killed process 812 (java) total-vm:10kB, anon-rss:8kB, file-rss:1kB, shmem-rss:1kB, UID:0 pgtables:2kB oom_score_adj:0',
    ]),
  )
  assert.equal(kill?.global, true)
  assert.deepEqual([kill.cgroup, kill.limitCgroup, kill.limitBytes], ['/a b/c', undefined, undefined])
  assert.deepEqual([kill.triggerCommand, kill.triggerPid], ['node (main)', 77])
})

test('memory.oom.group: one kill with all its victims, and the next one apart', () => {
  const killed = (pid: number) =>
    `Memory cgroup out of memory: Killed process ${pid} (sh) total-vm:4kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:2kB oom_score_adj:0`
  const kills = parseKernelLog([
    ...log(300, [
      ...inCgroup.slice(0, 6).map((line) => line.slice(line.indexOf(';') + 1)),
      killed(1),
      'Tasks in /pod1/c are going to be killed due to memory.oom.group set',
      killed(1),
      killed(2),
    ]),
    ...inCgroup,
  ])
  assert.deepEqual(
    kills.map(({ oomGroup, victims }) => [oomGroup, victims.map(({ pid }) => pid)]),
    [
      [true, [1, 2]],
      [false, [3571]],
    ],
  )
})

test('where the kernel kept its log short, the kill is still there, of an unknown cgroup', () => {
  const [kill] = parseKernelLog(inCgroup.slice(-1))
  assert.equal(kill?.cgroup, undefined)
  assert.equal(kill?.global, false)
  assert.equal(kill?.victims[0]?.pid, 3571)
})
