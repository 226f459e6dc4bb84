import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from './stored.ts'
import { bytes, many, span } from './units.ts'
import { befellOf, summaryOf, titleOf } from './words.ts'

const event = (fields: object): StoredEvent => ({ id: 'x', at: 0, ...fields }) as unknown as StoredEvent

test('quantities have one unit and few digits', () => {
  assert.deepEqual([0, 812, 256 * 2 ** 20, 1.5 * 2 ** 30].map(bytes), ['0 B', '812 B', '256 MiB', '1.5 GiB'])
  assert.deepEqual([400, 9_000, 12_608_000, 240_000_000, 9_000_000_000, 518_400_000_000].map(span), [
    '400 µs',
    '9 ms',
    '12.6 s',
    '4 min',
    '2.5 h',
    '6 d',
  ])
  assert.deepEqual([many(1, 'replica'), many(2, 'replica')], ['1 replica', '2 replicas'])
})

test('an OOM kill tells victim and trigger', () => {
  const kill = {
    kind: 'oom-kill',
    victimPids: [41172],
    victimCommands: ['node'],
    victimBytes: [251 * 2 ** 20],
    triggerPid: 41172,
    triggerCommand: 'node',
  }
  assert.equal(titleOf('oom-kill'), 'OOM kill')
  assert.equal(summaryOf(event(kill)), 'node (pid 41172, 251 MiB), its own allocation')
  assert.equal(
    summaryOf(event({ ...kill, triggerPid: 7, triggerCommand: 'sh', oomGroup: true })),
    'node (pid 41172, 251 MiB), allocation of sh (pid 7), whole cgroup',
  )
})

test('an OOM kill says whose limit was hit, where that was told', () => {
  const kill = { kind: 'oom-kill', victimPids: [7], victimCommands: ['a'], victimBytes: [1], triggerPid: 7 }
  const befell = (fields: object) =>
    befellOf(event({ ...kill, containerName: 'app', global: false, limitBytes: 64 * 2 ** 20, ...fields }))
  const [first, child, logged] = [{ firstProcessKilled: true }, { firstProcessKilled: false }, {}]
  assert.deepEqual(
    [
      ...[{}, { limitOf: 'container' }].map((limit) => befell({ ...first, ...limit })),
      ...[first, child, logged].map((which) => befell({ ...which, limitOf: 'pod' })),
      ...[child, logged].map(befell),
      ...[first, child, logged].map((which) => befell({ ...which, limitOf: 'node', limitBytes: 62 * 2 ** 30 })),
      befell({ ...first, global: true, limitBytes: undefined }),
    ],
    [
      'its container "app" outgrew its memory limit (64 MiB) and was OOM-killed',
      'its container "app" outgrew its memory limit (64 MiB) and was OOM-killed',
      'its container "app" was OOM-killed at the pod\'s memory limit (64 MiB)',
      'a child process in its container "app" was OOM-killed at the pod\'s memory limit (64 MiB)',
      'a process in its container "app" was OOM-killed at the pod\'s memory limit (64 MiB)',
      'a child process in its container "app" was OOM-killed at the memory limit (64 MiB)',
      'a process in its container "app" was OOM-killed at the memory limit (64 MiB)',
      ...Array(3).fill('the node ran out of memory for pods (62 GiB) and the kernel killed in its container "app"'),
      'the node ran out of memory and the kernel killed in its container "app"',
    ],
  )
  assert.deepEqual(
    [{ limitOf: 'pod' }, { limitOf: 'node' }, { global: true }].map((fields) =>
      summaryOf(event({ ...kill, ...fields })),
    ),
    ['', ', node out of memory for pods', ', node out of memory'].map(
      (more) => `a (pid 7, 1 B), its own allocation${more}`,
    ),
  )
})

test('what the API tells, with old and new value where it has both', () => {
  const words = (kind: string, fields: object) => `${titleOf(kind)}: ${summaryOf(event({ kind, ...fields }))}`
  const change = {
    paths: ['replicas', 'env[A]', 'paused', 'x'],
    before: ['2', '', '', 'a'],
    after: ['5', 'kept back', 'true', ''],
  }
  const counts = { replicas: 3, availableReplicas: 1, previousAvailableReplicas: 3 }
  const stalled = { condition: 'Progressing', recovered: false, reason: 'ProgressDeadlineExceeded' }
  assert.deepEqual(
    [
      words('spec-changed', { ...change, morePaths: 2, manager: 'kubectl', subresource: 'scale' }),
      words('workload-unavailable', {
        condition: 'Available',
        recovered: false,
        reason: 'MinimumReplicasUnavailable',
        ...counts,
      }),
      words('workload-unavailable', stalled),
      words('workload-unavailable', { condition: 'Available', recovered: true, replicas: 3, availableReplicas: 3 }),
      words('endpoints-changed', { readyEndpoints: 0, endpoints: 3, previousReadyEndpoints: 3 }),
      words('node-condition-changed', {
        condition: 'Ready',
        previous: 'True',
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
      }),
      words('pod-scheduled', { scheduled: true, nodeName: 'node-1' }),
      words('pod-scheduled', { scheduled: false, reason: 'Unschedulable', message: '0/3 nodes are available' }),
      words('pod-evicted', { reason: 'DeletionByTaintManager', message: 'NoExecute taint' }),
      words('pod-deleted', { graceSeconds: 30 }),
      words('pod-deleted', {}),
      words('pod-deleted', { inferred: true }),
    ],
    [
      'spec changed: replicas 2 → 5, env[A] none → kept back, paused none → true, and 3 more paths (by kubectl, scale)',
      'workload: unavailable: MinimumReplicasUnavailable (1 of 3 available, before 3)',
      'workload: rollout stalls: ProgressDeadlineExceeded',
      'workload: available (3 of 3 available)',
      'endpoints: none of 3 ready, before 3',
      'node condition: Ready True → Unknown: NodeStatusUnknown',
      'pod scheduling: bound to node-1',
      'pod scheduling: Unschedulable: 0/3 nodes are available',
      'pod evicted: DeletionByTaintManager: NoExecute taint',
      'pod deleted: to stop within 30 s',
      'pod deleted: gone, with no time to stop that was seen',
      'pod deleted: gone while nobody watched',
    ],
  )
})

test('a kind without words of its own lists its fields', () => {
  assert.equal(titleOf('no-such-kind'), 'no such kind')
  assert.equal(summaryOf(event({ kind: 'no-such-kind' })), '')
})
