import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { SECOND } from '../../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import { at, type Meta, ownerOf, pod, replicated, µs } from '../testing/manifests.ts'

const condition = (type: string, status: string, seconds: number, reason = 'Because') => ({
  ...{ type, status, reason, message: 'words' },
  ...{ lastTransitionTime: at(seconds), lastUpdateTime: at(seconds) },
})
const counts = (available: number, more: object = {}) => ({
  ...{ replicas: 2, updatedReplicas: 1, readyReplicas: available, availableReplicas: available, observedGeneration: 1 },
  ...more,
})

suite('workloads in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  const settled = async (harness: Awaited<ReturnType<Api['watch']>>, kind: string, name: string) => {
    await api.kubectl('label', kind, name, 'settled=yes')
    await harness.state(name, ({ body }) => (body.labels as string[]).includes('settled=yes'))
    return harness.events('workload-unavailable', name)
  }

  test('a Deployment: not the begin of its first rollout, but what follows, with the counts of both sights', async (t) => {
    const harness = await api.watch(t)
    await api.create(replicated('Deployment', 'shaky'))
    const set = (available: number, ...conditions: object[]) =>
      api.setStatus('deployment', 'shaky', counts(available, { conditions }))
    const [going, late] = [
      condition('Progressing', 'True', 1),
      condition('Progressing', 'False', 40, 'ProgressDeadlineExceeded'),
    ]
    await set(0, condition('Available', 'False', 1), going)
    await set(2, condition('Available', 'True', 5), going)
    await set(1, condition('Available', 'False', 30, 'MinimumReplicasUnavailable'), going)
    await set(
      1,
      condition('Available', 'False', 30, 'MinimumReplicasUnavailable'),
      late,
      condition('ReplicaFailure', 'True', 41),
    )
    await set(2, condition('Available', 'True', 50), condition('Progressing', 'True', 50))
    const told = await settled(harness, 'deployment', 'shaky')
    assert.deepEqual(
      told.map(({ at: time, fields: { condition, recovered } }) => [condition, recovered, time]),
      [
        ['Available', true, µs(at(5))],
        ['Available', false, µs(at(30))],
        ['Progressing', false, µs(at(40))],
        ['ReplicaFailure', false, µs(at(41))],
        ['Available', true, µs(at(50))],
        ['Progressing', true, µs(at(50))],
        ['ReplicaFailure', true, told.at(-1)!.at],
      ],
    )
    assert.deepEqual(told[1]!.fields, {
      ...{ condition: 'Available', recovered: false, reason: 'MinimumReplicasUnavailable', message: 'words' },
      ...{ generation: 1, observedGeneration: 1, replicas: 2, updatedReplicas: 1 },
      ...{ readyReplicas: 1, availableReplicas: 1, previousReplicas: 2, previousUpdatedReplicas: 1 },
      ...{ previousReadyReplicas: 2, previousAvailableReplicas: 2 },
    })
    assert.ok(Math.abs(told.at(-1)!.at - told.at(-1)!.observedAt) < 5 * SECOND)
    const later = await api.watch(t)
    await later.event('workload-unavailable', 'shaky')
    const ids = new Set(told.map(({ id }) => id))
    assert.ok(
      later.events('workload-unavailable', 'shaky').every(({ id }) => ids.has(id)),
      'a restart tells the same',
    )
  })

  test('a StatefulSet and a DaemonSet by counts: one that is replaced is no trouble, two are', async (t) => {
    const harness = await api.watch(t)
    const { spec, ...set } = replicated('StatefulSet', 'counted')
    await api.create({ ...set, spec: { ...spec, replicas: 3, serviceName: 'counted' } })
    for (const available of [0, 3, 2, 1, 2])
      await api.setStatus('statefulset', 'counted', counts(available, { replicas: 3 }))
    const told = await settled(harness, 'statefulset', 'counted')
    assert.deepEqual(
      told.map(({ fields: { recovered, previousAvailableReplicas, availableReplicas } }) => [
        ...[recovered, previousAvailableReplicas, availableReplicas],
      ]),
      [
        [true, 0, 3],
        [false, 2, 1],
        [true, 1, 2],
      ],
    )
    assert.ok(told.every(({ at: time, observedAt, uncertainty }) => time <= observedAt && uncertainty <= SECOND))

    const { replicas: _, ...daemon } = spec
    await api.create({ ...replicated('DaemonSet', 'daemon'), spec: daemon })
    const nodes = (desired: number, available: number) =>
      api.setStatus('daemonset', 'daemon', {
        ...{
          desiredNumberScheduled: desired,
          numberAvailable: available,
          numberReady: available,
          numberMisscheduled: 0,
        },
        ...{ currentNumberScheduled: desired, observedGeneration: 1 },
      })
    for (const [desired, available] of [
      [3, 3],
      [4, 3],
      [4, 4],
      [4, 0],
    ] as const)
      await nodes(desired, available)
    const daemons = await settled(harness, 'daemonset', 'daemon')
    assert.deepEqual(
      daemons.map(({ fields: { replicas, availableReplicas, recovered } }) => [replicas, availableReplicas, recovered]),
      [[4, 0, false]],
    )
  })

  test('a custom kind by the counts that it writes: where it has written none of them, none is taken for zero', async (t) => {
    const { resource, owner } = await api.createCustom('test.aitia.example', 'Rollout', 'canary')
    await api.create(pod('canary-a', { owner }))
    const harness = await api.watch(t)
    const set = (status: object) =>
      api.kubectl(
        ...['patch', resource, 'canary', '--type=merge', '-p'],
        JSON.stringify({ status: { observedGeneration: 1, ...status } }),
      )
    await harness.state('canary')
    // It has three ready, says nothing of those that are available, and is scaled up from none.
    await api.kubectl('patch', resource, 'canary', '--type=merge', '-p', '{"spec":{"replicas":0}}')
    await set({ replicas: 3, readyReplicas: 3 })
    await api.kubectl('patch', resource, 'canary', '--type=merge', '-p', '{"spec":{"replicas":3}}')
    // It leaves out what is none.
    for (const availableReplicas of [3, null, 1, 3]) await set({ readyReplicas: availableReplicas, availableReplicas })
    assert.deepEqual(
      (await settled(harness, resource, 'canary')).map(({ fields: { recovered, availableReplicas } }) => [
        ...[recovered, availableReplicas],
      ]),
      [
        [true, 3],
        [false, undefined],
        [true, 3],
      ],
    )
  })

  test('a Job that failed, also one of a CronJob; of the ReplicaSet of a Deployment the Deployment tells', async (t) => {
    const harness = await api.watch(t)
    const deployment = await api.create(replicated('Deployment', 'owner'))
    const owner = ownerOf('apps/v1', 'Deployment', 'owner', deployment)
    await api.create(replicated('ReplicaSet', 'owned', owner))
    await api.create(replicated('ReplicaSet', 'alone'))
    for (const name of ['owned', 'alone']) {
      await api.setStatus('replicaset', name, counts(2))
      await api.setStatus(
        'replicaset',
        name,
        counts(0, { conditions: [condition('ReplicaFailure', 'True', 9, 'FailedCreate')] }),
      )
    }
    assert.deepEqual(await settled(harness, 'replicaset', 'owned'), [])
    assert.deepEqual(
      (await settled(harness, 'replicaset', 'alone')).map(({ fields: { condition, reason } }) => [condition, reason]),
      [
        ['ReplicaFailure', 'FailedCreate'],
        ['Available', undefined],
      ],
    )
    const cron: Meta = { metadata: { uid: deployment.metadata.uid, creationTimestamp: '' } }
    const { selector: _, template } = replicated('Job', 'x').spec
    await api.create({
      ...{ apiVersion: 'batch/v1', kind: 'Job' },
      metadata: { name: 'backup-1', ownerReferences: [ownerOf('batch/v1', 'CronJob', 'backup', cron)] },
      spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
    })
    await api.setStatus('job', 'backup-1', {
      ...{ startTime: at(1), failed: 7 },
      conditions: [
        { ...condition('FailureTarget', 'True', 20, 'BackoffLimitExceeded'), lastUpdateTime: undefined },
        { ...condition('Failed', 'True', 20, 'BackoffLimitExceeded'), lastUpdateTime: undefined },
      ],
    })
    const failed = await harness.event('workload-unavailable', 'backup-1')
    assert.deepEqual([failed.fields.reason, failed.at, failed.fields.replicas], ['BackoffLimitExceeded', µs(at(20)), 1])
  })
})
