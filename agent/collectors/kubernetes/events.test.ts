import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { SECOND } from '../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { at, event, node, oomKilled, pod, ready, replicated, running, µs } from './testing/manifests.ts'

suite('events from a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test("a container's life, live: each fact once, whether it is seen in state or in lastState", async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('life'))
    await api.setStatus('pod', 'life', { phase: 'Pending', ...ready('False', at(1)) })
    await api.setStatus('pod', 'life', { phase: 'Running', ...ready('False', at(1)), ...running('l1', at(2), 0) })
    await api.setStatus('pod', 'life', { ...ready('True', at(3)) })
    const status = running('l1', at(2), 0).containerStatuses[0]
    await api.setStatus('pod', 'life', {
      ...ready('False', at(5)),
      containerStatuses: [{ ...status, ready: false, state: oomKilled('l1', at(2), at(5)) }],
    })
    const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } }
    await api.setStatus('pod', 'life', {
      containerStatuses: [
        { ...status, ready: false, restartCount: 1, state: waiting, lastState: oomKilled('l1', at(2), at(5)) },
      ],
    })
    await api.setStatus('pod', 'life', {
      ...ready('True', at(7)),
      ...running('l2', at(6), 1, oomKilled('l1', at(2), at(5))),
    })
    await harness.event('container-started', 'life', ({ object }) => object.key === 'l2')
    await harness.event('pod-ready-changed', 'life', ({ at: time }) => time === µs(at(7)))
    assert.deepEqual(
      harness.emitted.flatMap((o) =>
        o.type === 'event' && o.pod?.name === 'life' ? [`${o.kind} ${o.object.key.slice(0, 2)}`] : [],
      ),
      [
        ...['pod-created', 'pod-scheduled'].map(
          (kind) => `${kind} ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        ),
        'container-started l1',
        ...['pod-ready-changed', 'pod-ready-changed'].map(
          (kind) => `${kind} ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        ),
        'container-terminated l1',
        `container-waiting ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        `pod-ready-changed ${harness.states('life')[0]?.object.key.slice(0, 2)}`,
        'container-started l2',
      ],
    )
    const [terminated] = harness.events('container-terminated', 'life')
    assert.equal(terminated?.fields.restartCount, 0)
    const [back] = harness.events('container-waiting', 'life')
    assert.deepEqual([back?.object.kind, back?.containerName], ['Pod', 'app'])
    assert.deepEqual([back?.fields.previous, back?.fields.reason], ['OOMKilled', 'CrashLoopBackOff'])
    assert.ok(back!.at >= µs(at(5)) && back!.at + back!.uncertainty <= back!.observedAt)
    const live = harness.states('life').slice(1)
    assert.ok(live.every(({ uncertainty }) => uncertainty === 0))
  })

  test('the number of a run that ended is the same, first seen while the next one waits or once that runs', async (t) => {
    const lastState = oomKilled('b3', at(5), at(6))
    const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } }
    await api.create(pod('backoff'))
    const [status] = running('b3', at(5), 3).containerStatuses
    await api.setStatus('pod', 'backoff', {
      containerStatuses: [{ ...status, ready: false, state: waiting, lastState }],
    })
    const early = await api.watch(t)
    assert.equal((await early.event('container-terminated', 'backoff')).fields.restartCount, 3)
    await api.setStatus('pod', 'backoff', running('b4', at(46), 4, lastState))
    const late = await api.watch(t)
    assert.equal((await late.event('container-terminated', 'backoff')).fields.restartCount, 3)
  })

  test('what a container was before it waits; a pod that never was ready became not ready by nothing', async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('never'))
    const waitingFor = (reason: string, restartCount = 0, lastState = {}) => ({
      ...{ phase: 'Pending', startTime: at(1), ...ready('False', at(1)) },
      containerStatuses: [
        {
          ...running('n0', at(1), restartCount).containerStatuses[0],
          ...{ containerID: '', ready: false, state: { waiting: { reason } }, lastState },
        },
      ],
    })
    for (const reason of ['ErrImagePull', 'ImagePullBackOff']) await api.setStatus('pod', 'never', waitingFor(reason))
    await api.setStatus('pod', 'never', waitingFor('CrashLoopBackOff', 3, oomKilled('n2', at(5), at(6))))
    await harness.event('container-waiting', 'never', ({ fields }) => fields.restartCount === 3)
    assert.deepEqual(
      harness.events('container-waiting', 'never').map(({ fields }) => [fields.previous, fields.reason]),
      [
        [undefined, 'ErrImagePull'],
        [undefined, 'ImagePullBackOff'],
        ['OOMKilled', 'CrashLoopBackOff'],
      ],
    )
    assert.deepEqual(harness.events('pod-ready-changed', 'never'), [])
  })

  test('conditions of a node, and its Events, which name it by its name', async (t) => {
    const { metadata } = await api.create(node('sick'))
    const condition = (status: string, lastTransitionTime: string) => ({
      conditions: [{ type: 'Ready', status, lastTransitionTime, reason: 'KubeletNotReady', message: 'PLEG' }],
    })
    await api.setStatus('node', 'sick', condition('True', at(1)))
    const harness = await api.watch(t)
    await harness.event('node-condition-changed', 'sick')
    await api.setStatus('node', 'sick', condition('False', at(9)))
    const {
      at: time,
      object,
      fields,
    } = await harness.event('node-condition-changed', 'sick', ({ fields }) => fields.status === 'False')
    assert.deepEqual([time, object.key], [µs(at(9)), metadata.uid])
    assert.deepEqual(fields, {
      ...{ condition: 'Ready', status: 'False', previous: 'True' },
      ...{ reason: 'KubeletNotReady', message: 'PLEG' },
    })
    await api.create(event('sick.1', { kind: 'Node', name: 'sick', uid: 'sick' }, 'NodeNotReady', 1))
    assert.equal((await harness.event('kubernetes-event', 'sick')).object.key, metadata.uid)
  })

  test('Events of the API: each count once, as an interval, without what states tell', async (t) => {
    const { metadata } = await api.create(pod('eventful'))
    const about = { kind: 'Pod', name: 'eventful', namespace: 'default', uid: metadata.uid }
    const inApp = { ...about, fieldPath: 'spec.containers{app}' }
    const harness = await api.watch(t)
    await api.create(event('eventful.1', about, 'Scheduled', 1))
    await api.create(event('eventful.2', { kind: 'Role', name: 'x', namespace: 'default', uid: 'u' }, 'Odd', 1))
    await api.create(event('eventful.3', inApp, 'BackOff', 1, { type: 'Warning' }))
    const first = await harness.event('kubernetes-event', 'eventful')
    await api.create(event('eventful.3', inApp, 'BackOff', 5, { type: 'Warning' }))
    const fifth = await harness.event('kubernetes-event', 'eventful', ({ fields }) => fields.count === 5)
    assert.deepEqual([first.at, first.uncertainty], [µs(at(1)), SECOND])
    assert.deepEqual([fifth.at, fifth.uncertainty, fifth.containerName], [µs(at(1)), 5 * SECOND, 'app'])
    assert.deepEqual(fifth.fields, {
      ...{ reason: 'BackOff', eventType: 'Warning', message: 'words', count: 5 },
      ...{ lastAt: µs(at(5)), component: 'kubelet' },
    })
    assert.equal(harness.events('kubernetes-event', 'eventful').length, 2)
  })
  test('an Event without UID is about the object of that kind and name', async (t) => {
    for (const kind of ['StatefulSet', 'Deployment']) await api.create(replicated(kind, 'twin'))
    const harness = await api.watch(t)
    await api.create(event('twin.1', { kind: 'Deployment', name: 'twin', namespace: 'default' }, 'Odd', 1))
    const { object } = await harness.event('kubernetes-event', 'twin')
    const deployment = harness.states('twin').find(({ object }) => object.workloadKind === 'Deployment')
    assert.deepEqual(object, deployment!.object)
  })
  test('a series of the newer form is an interval with its count as well', async (t) => {
    const { metadata } = await api.create(pod('serial'))
    const about = { kind: 'Pod', name: 'serial', namespace: 'default', uid: metadata.uid }
    const harness = await api.watch(t)
    await api.create(
      event('serial.1', about, 'FailedScheduling', 0, {
        ...{ type: 'Warning', eventTime: '2025-11-20T10:00:01.000000Z', firstTimestamp: null, lastTimestamp: null },
        ...{ action: 'Scheduling', reportingComponent: 'default-scheduler', reportingInstance: 's-1' },
        series: { count: 7, lastObservedTime: '2025-11-20T10:00:31.500000Z' },
      }),
    )
    const { at: time, uncertainty, fields } = await harness.event('kubernetes-event', 'serial')
    assert.deepEqual([time, uncertainty], [µs(at(1)), 31.5 * SECOND])
    assert.deepEqual([fields.count, fields.lastAt], [7, µs(at(31)) + SECOND / 2])
  })
  test('runs of which the status forgot the end are counted: of several between two sights it keeps the last', async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('fast'))
    const progress = () => harness.watcher.progress()[0]
    await harness.until('the claim', () => progress() !== undefined)
    await api.setStatus('pod', 'fast', { phase: 'Running', ...running('f0', at(1), 0) })
    await harness.event('container-started', 'fast')
    await api.setStatus('pod', 'fast', running('f3', at(9), 3, oomKilled('f2', at(7), at(8))))
    await harness.event('container-started', 'fast', ({ fields }) => fields.restartCount === 3)
    assert.equal(progress()!.counters!['omitted.runs.overwritten'], 2)
    const counts = harness.events('container-terminated', 'fast').map(({ fields }) => fields.restartCount)
    assert.deepEqual(counts, [2], 'the jump from 0 to 2 says the same in the graph')
    await api.setStatus('pod', 'fast', running('f4', at(11), 4, oomKilled('f3', at(9), at(10))))
    await harness.event('container-started', 'fast', ({ fields }) => fields.restartCount === 4)
    assert.equal(progress()!.counters!['omitted.runs.overwritten'], 2)
  })
  test('what is left out is counted, each once', async (t) => {
    const { metadata } = await api.create(pod('lossy'))
    const lost = { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'gone', startedAt: null, finishedAt: null }
    const status = (restartCount: number) =>
      api.setStatus('pod', 'lossy', running('r', at(3), restartCount, { terminated: lost }))
    const about = { kind: 'Pod', name: 'lossy', namespace: 'default', uid: metadata.uid }
    const role = { kind: 'Role', name: 'x', namespace: 'default', uid: 'u' }
    const harness = await api.watch(t)
    const progress = () => harness.watcher.progress()[0]
    await harness.until('Events to be seen', () => progress()?.blind?.length === 0)
    const counted = (name: string) => progress()!.counters![`omitted.${name}`] ?? 0
    const names = ['runs.unknown', 'events.of-other-kinds', 'events.routine']
    const before = names.map(counted)
    const added = () => names.map((name, index) => counted(name) - before[index]!)
    await status(1)
    await api.create(event('lossy.1', about, 'Scheduled', 1))
    await api.create(event('lossy.2', role, 'Odd', 1))
    await status(2)
    await api.kubectl('label', 'pod', 'lossy', 'marked=yes')
    await api.create(event('lossy.2', role, 'Odd', 4))
    await harness.state('lossy', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    await harness.until('all Events', () => added().at(1) === 2 && added().at(2) === 1)
    assert.deepEqual(added(), [2, 2, 1])
  })
})
