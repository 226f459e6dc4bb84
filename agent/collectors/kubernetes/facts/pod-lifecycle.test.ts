import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { now, SECOND } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import { at, pod, ready, running, µs } from '../testing/manifests.ts'
import { lifecycleOf } from './pod-lifecycle.ts'

const condition = (type: string, status: string, seconds: number, more: object = {}) => ({
  conditions: [{ type, status, lastTransitionTime: at(seconds), ...more }],
})
const metadata = { uid: 'u', name: 'p', resourceVersion: '1' }

test('who wants a pod gone: DisruptionTarget before the phase; one that is over counts no more', () => {
  const evicted = { reason: 'Evicted', message: 'The node was low on resource: memory.' }
  const target = (status: string) => condition('DisruptionTarget', status, 4, { reason: 'TerminationByKubelet' })
  const of = (status: object) => lifecycleOf({ metadata, status }).eviction
  assert.deepEqual(of(evicted), evicted)
  assert.deepEqual(of({ ...evicted, ...target('True') }), { reason: 'TerminationByKubelet', at: µs(at(4)) })
  assert.equal(of(target('False')), undefined)
})

test('deletion is asked for when its deadline less the grace says', () => {
  const deletion = (more: object) => lifecycleOf({ metadata: { ...metadata, ...more } }).deletion
  const asked = { deletionTimestamp: at(40), deletionGracePeriodSeconds: 30 }
  assert.deepEqual(deletion(asked), { at: µs(at(10)), deadline: µs(at(40)), graceSeconds: 30 })
  assert.equal(deletion({}), undefined)
})

suite("a pod's way with a real kube-apiserver", { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('no node fits: once, with the first words, until one does', async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('big'))
    const unschedulable = (count: number) =>
      condition('PodScheduled', 'False', 1, {
        ...{ reason: 'Unschedulable', message: `0/${count} nodes are available: ${count} Insufficient memory.` },
      })
    await api.setStatus('pod', 'big', unschedulable(3))
    await api.setStatus('pod', 'big', unschedulable(4))
    await api.kubectl('label', 'pod', 'big', 'tried=yes')
    await harness.state('big', ({ body }) => (body.labels as string[]).includes('tried=yes'))
    await api.setStatus('pod', 'big', condition('PodScheduled', 'True', 9))
    await harness.event('pod-scheduled', 'big', ({ fields }) => fields.scheduled)
    assert.deepEqual(
      harness.events('pod-scheduled', 'big').map(({ at: time, fields }) => [time, fields]),
      [
        [
          µs(at(1)),
          {
            ...{ scheduled: false, reason: 'Unschedulable' },
            message: '0/3 nodes are available: 3 Insufficient memory.',
          },
        ],
        [µs(at(9)), { scheduled: true }],
      ],
    )
  })

  test('scheduled to a node; evicted by a taint; deleted when it was asked for, and once', async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('leaving', { nodeName: 'n1' }))
    await api.setStatus('pod', 'leaving', { phase: 'Running', ...ready('True', at(2)), ...running('v1', at(2), 0) })
    assert.equal((await harness.event('pod-scheduled', 'leaving')).fields.nodeName, 'n1')
    const reason = { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }
    await api.setStatus('pod', 'leaving', condition('DisruptionTarget', 'True', 5, reason))
    const evicted = await harness.event('pod-evicted', 'leaving')
    assert.deepEqual([evicted.at, evicted.uncertainty, evicted.fields], [µs(at(5)), SECOND, reason])
    const before = now()
    await api.kubectl('delete', 'pod', 'leaving', '--wait=false')
    const deleted = await harness.event('pod-deleted', 'leaving')
    assert.equal(deleted.fields.graceSeconds, 30)
    assert.equal(deleted.fields.deadline, deleted.at + 30 * SECOND)
    assert.ok(deleted.at >= before - SECOND && deleted.at <= deleted.observedAt)
    await api.remove('pod', 'leaving')
    await harness.state('leaving', ({ deleted }) => deleted === true)
    assert.equal(harness.events('pod-deleted', 'leaving').length, 1)
  })

  test('what is removed at once is told when it is gone', async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('forced'))
    await harness.state('forced')
    const before = now()
    await api.remove('pod', 'forced')
    const { at: time, observedAt, uncertainty } = await harness.event('pod-deleted', 'forced')
    assert.ok(time + uncertainty >= before && time <= observedAt)
    assert.equal(harness.events('pod-deleted', 'forced').length, 1)
  })
})
