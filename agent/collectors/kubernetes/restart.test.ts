import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { now, SECOND } from '../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { choiceOf, takesAll } from './filter.ts'
import { Api } from './testing/api.ts'
import { Harness } from './testing/harness.ts'
import { endpointSlice, type Meta, ownerOf, pod, replicated, service, µs } from './testing/manifests.ts'

suite('what vanishes from a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('deletion is a tombstone; the same name again is another object', async (t) => {
    const harness = await api.watch(t)
    const { metadata: one } = await api.create(pod('phoenix'))
    await harness.state(one.uid)
    await api.remove('pod', 'phoenix')
    const { metadata: two } = await api.create(pod('phoenix'))
    await harness.state(two.uid)
    const tombstone = await harness.state(one.uid, ({ deleted }) => deleted === true)
    assert.deepEqual([tombstone.inferred, tombstone.relations, tombstone.body], [undefined, [], {}])
    assert.ok(tombstone.version > harness.states(one.uid)[0]!.version)
  })

  test('what vanished while the collector was away is deleted by inference', async (t) => {
    const harness = await api.watch(t)
    const { metadata } = await api.create(pod('vanishing'))
    await harness.state('vanishing')
    await harness.stop()
    await api.remove('pod', 'vanishing')
    await harness.start()
    const tombstone = await harness.state(metadata.uid, ({ deleted }) => deleted === true)
    assert.equal(tombstone.inferred, true)
    assert.ok(tombstone.uncertainty > 0 && tombstone.uncertainty < 60 * SECOND)
    await harness.stop()
    await harness.start()
    await harness.state('kube-system')
    const tombstones = harness.states(metadata.uid).filter(({ deleted }) => deleted)
    assert.equal(tombstones.length, 1)
  })

  test('a pod that vanished while the collector was away was deleted then: told once, whatever restarts come in between', async (t) => {
    const harness = await api.watch(t)
    const made = await Promise.all(['unwatched-a', 'unwatched-b'].map((name) => api.create(pod(name))))
    for (const { metadata } of made) await harness.state(metadata.uid)
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    const there = now()
    await harness.stop()
    await sleep(100)
    await api.remove('pod', 'unwatched-a')
    const gone = now()
    // What this run finds gets nowhere, as where it dies before it has passed it on.
    harness.hasRoom = false
    await harness.start()
    await harness.until('the end to be dropped', () => harness.dropped > 0 && harness.watcher.progress().length === 1)
    await harness.stop()
    harness.hasRoom = true
    await harness.start()
    const { at, uncertainty, observedAt, fields, id } = await harness.event('pod-deleted', 'unwatched-a')
    assert.deepEqual([id, fields], [`pod-deleted/${made[0]!.metadata.uid}`, { inferred: true }])
    assert.ok(at > there - 20 * SECOND && at < gone, 'it was there when it was last seen')
    assert.ok(at + uncertainty === observedAt && observedAt > gone)
    await harness.state(made[0]!.metadata.uid, ({ deleted }) => deleted === true)
    await harness.stop()
    await harness.start()
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    assert.equal(harness.events('pod-deleted', 'unwatched-a').length, 1)
    assert.deepEqual(harness.events('pod-deleted', 'unwatched-b'), [])
  })

  test('what vanished while its kind was not looked at was there when it was last seen, not when all else was', async (t) => {
    const timings = { aliveBound: 300, tick: 50, steady: 200 }
    const harness = new Harness(api.server)
    t.after(() => harness.end())
    await api.create(pod('unlooked'))
    const hasCome = () => Number(harness.watcher.progress()[0]?.watermark ?? 0) > 0
    await harness.start('test', timings)
    const { object } = await harness.state('unlooked')
    await harness.until('a watermark', hasCome)
    await harness.stop()
    await harness.start('test', timings, { filter: { ...takesAll, kinds: choiceOf('!pods') } })
    await harness.until('a watermark', hasCome)
    await api.remove('pod', 'unlooked')
    const gone = now()
    await harness.until('all else to be seen later', () => harness.watcher.progress()[0]!.watermark! > gone)
    await harness.stop()
    await harness.start('test', timings)
    const { at, uncertainty } = await harness.event('pod-deleted', 'unlooked')
    assert.ok(at < gone && at + uncertainty > gone)
    const tombstone = await harness.state(object.key, ({ deleted }) => deleted === true)
    assert.ok(tombstone.at - tombstone.uncertainty < gone)
  })

  test('a pod that was asked to go before keeps its event: the one of its end has the same id', async (t) => {
    const harness = await api.watch(t)
    await api.create(pod('leaving', { nodeName: 'n1' }))
    await harness.state('leaving')
    await api.kubectl('delete', 'pod', 'leaving', '--wait=false')
    const asked = await harness.event('pod-deleted', 'leaving')
    await harness.stop()
    await api.remove('pod', 'leaving')
    await harness.start()
    await harness.state(asked.object.key, ({ deleted }) => deleted === true)
    assert.deepEqual([...new Set(harness.events('pod-deleted', 'leaving').map(({ id }) => id))], [asked.id])
  })

  test('what found no room on the way is told once there is, with what was deleted, under a new session', async (t) => {
    for (const name of ['stays', 'goes']) await api.create(pod(name))
    const harness = await api.watch(t)
    await harness.state('stays')
    const { object: gone } = await harness.state('goes')
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    const { session } = harness.watcher.progress()[0]!
    harness.hasRoom = false
    await api.kubectl('label', 'pod', 'stays', 'moved=yes')
    await api.remove('pod', 'goes')
    await harness.until('the change and the deletion to be dropped', () => harness.dropped >= 2)
    assert.equal(harness.states(gone.key).length, 1)
    harness.hasRoom = true
    await harness.state('stays', ({ body }) => (body.labels as string[]).includes('moved=yes'))
    await harness.state(gone.key, ({ deleted }) => deleted === true)
    await harness.until('a new session', () => harness.watcher.progress()[0]!.session !== session)
    const sent = harness.emitted.length
    await sleep(2_500)
    const again = harness.emitted.slice(sent).filter(({ type }) => type === 'state')
    assert.deepEqual(again, [], 'once is enough')
  })

  test('a restart sends what changed meanwhile, and nothing else again', async (t) => {
    for (const name of ['same', 'other']) await api.create(pod(name))
    const harness = await api.watch(t)
    await harness.state('other')
    await harness.state('kube-system')
    await harness.stop()
    const before = harness.emitted.filter(({ type }) => type === 'state').length
    await api.kubectl('label', 'pod', 'other', 'marked=yes')
    await harness.start()
    await harness.state('other', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    const all = () => harness.watcher.progress()[0]?.counters?.['states.unchanged'] ?? 0
    await harness.until('the rest', () => all() >= before - 2)
    const states = harness.emitted.filter(({ type }) => type === 'state').slice(before)
    // Of the cluster itself one is made at each start.
    assert.deepEqual(states.map((each) => each.type === 'state' && each.object.name).sort(), ['other', 'test'])
  })

  test('what is first seen may have been so since its creation, or since all was last known', async (t) => {
    const deployment = await api.create(replicated('Deployment', 'old'))
    const replicaSet = await api.create(
      replicated('ReplicaSet', 'old-1', ownerOf('apps/v1', 'Deployment', 'old', deployment)),
    )
    const owner = ownerOf('apps/v1', 'ReplicaSet', 'old-1', replicaSet)
    const running = await api.create(pod('old-1-a', { owner }))
    const slice = await api.create(endpointSlice('old-x', 'old', []))
    // What happened within the second of its creation is no later than what is asserted of it.
    await sleep(1_100)
    const harness = await api.watch(t)
    const first = async ({ metadata }: Meta) => {
      const { at, uncertainty } = await harness.state(metadata.uid)
      return at - uncertainty === µs(metadata.creationTimestamp)
    }
    for (const made of [deployment, replicaSet, running, slice]) assert.ok(await first(made), JSON.stringify(made))
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    const stopped = now()
    await harness.stop()
    await sleep(1_100)
    const young = await api.create(pod('old-1-b', { owner }))
    await api.kubectl('label', 'pod', 'old-1-a', 'marked=yes')
    await harness.start()
    const changed = await harness.state('old-1-a', ({ body }) => (body.labels as string[]).includes('marked=yes'))
    const since = changed.at - changed.uncertainty
    assert.ok(since > µs(running.metadata.creationTimestamp) && since <= stopped)
    assert.ok(await first(young))
    assert.equal((await harness.state('old-1-b')).relations[0]?.from?.key, replicaSet.metadata.uid)
  })

  test('a name that is resolved late may have been so since the object that has it', async (t) => {
    const slice = await api.create(endpointSlice('late-x', 'late', [{ name: 'late-a' }]))
    await sleep(1_100)
    const late = await api.create(pod('late-a'))
    const harness = await api.watch(t)
    const state = await harness.state('late-x', ({ relations }) => relations[0]?.to?.key === late.metadata.uid)
    assert.equal(state.at - state.uncertainty, µs(slice.metadata.creationTimestamp))
    const made = await api.create(service('late'))
    const resolved = await harness.state('late-x', ({ relations }) => relations[0]?.from?.key === made.metadata.uid)
    assert.equal(resolved.at - resolved.uncertainty, µs(made.metadata.creationTimestamp))
  })

  test('kinds with the same plural are kept apart; owners of a custom kind that are all gone are deleted by inference', async (t) => {
    await api.create(service('plain'))
    const { resource, owner, uid } = await api.createCustom('serving.aitia.example', 'Service', 'served')
    await api.create(pod('served-a', { owner }))
    const harness = await api.watch(t)
    await harness.state('plain')
    await harness.state(uid)
    const away = async (work: () => Promise<unknown>) => {
      await harness.stop()
      await work()
      await harness.start()
    }
    // Met again by its pod: its first list holds no Service of the core.
    await away(() => api.remove(resource, 'served'))
    assert.equal((await harness.state(uid, ({ deleted }) => deleted === true)).inferred, true)
    await api.apply({
      ...{ apiVersion: owner.apiVersion, kind: 'Service', metadata: { name: 'lonely', namespace: 'default' } },
    })
    const lonely = (await harness.state('lonely')).object.key
    // Owns nothing: known from the run before alone.
    await away(async () => {
      await api.remove('pod', 'served-a')
      await api.remove(resource, 'lonely')
    })
    assert.equal((await harness.state(lonely, ({ deleted }) => deleted === true)).inferred, true)
    assert.deepEqual(
      harness.emitted.filter((each) => each.type === 'state' && each.deleted && each.object.kind === 'Service'),
      [],
    )
  })

  test('of the cluster that a name stands for a file that is empty or broken says nothing, and is written anew', async (t) => {
    const harness = await api.watch(t)
    await harness.stop()
    const file = join(harness.dataDir, 'clusters.json')
    const before = readFileSync(file, 'utf8')
    for (const left of ['', before.slice(0, -5), '7']) {
      writeFileSync(file, left)
      harness.logged.length = 0
      await harness.start()
      await harness.until('the claim', () => harness.watcher.progress().length === 1)
      await harness.stop()
      assert.deepEqual(
        [readFileSync(file, 'utf8'), harness.logged.filter((text) => text.includes(file)).length],
        [before, 1],
      )
    }
  })

  test('a name that stands for another cluster is refused', async (t) => {
    const harness = await api.watch(t)
    await harness.stop()
    writeFileSync(join(harness.dataDir, 'clusters.json'), JSON.stringify({ test: 'another', other: 'x' }))
    await assert.rejects(harness.start(), /test stands for the cluster whose kube-system has UID another/)
    await harness.stop()
    await harness.start('third')
    await harness.state('third')
  })
})
