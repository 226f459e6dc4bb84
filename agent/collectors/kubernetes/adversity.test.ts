/** What the machine of the collector does to it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { now, SECOND } from '../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { Harness } from './testing/harness.ts'
import { node, pod } from './testing/manifests.ts'

const hour = 3_600 * SECOND
const isRoot = process.getuid?.() === 0

suite('a bad machine, with a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  const { now: wall } = Date
  const setBack = (t: TestContext, hours: number) => t.mock.method(Date, 'now', () => wall() - hours * 3_600_000)

  test('a clock that is set back loses nothing: what is sent later of one version is later, also over a restart', async (t) => {
    const harness = new Harness(api.server)
    t.after(() => harness.end())
    const timings = { tick: 50, aliveBound: 200 }
    await harness.start('test', timings)
    const { metadata } = await api.create(pod('early', { nodeName: 'late' }))
    await api.create(pod('changing'))
    await api.create(pod('going'))
    const first = await harness.state('early')
    await harness.state('going')
    await harness.until('a claim', () => Number(harness.watcher.progress()[0]?.watermark) > first.at)

    setBack(t, 1)
    await sleep(200)
    await api.kubectl('label', 'pod', 'changing', 'marked=yes')
    const { at, uncertainty } = await harness.state('changing', ({ body }) =>
      String(body.labels).includes('marked=yes'),
    )
    assert.ok(at < first.at && uncertainty >= 0)
    const resolved = (uid: string) => harness.state('early', ({ relations }) => relations[0]?.to?.key === uid)
    const { metadata: late } = await api.create(node('late'))
    const second = await resolved(late.uid)
    assert.deepEqual([second.version, second.at > first.at], [first.version, true])
    assert.ok(second.at - second.uncertainty < now(), 'it is as uncertain as the clock')
    await harness.stop()

    setBack(t, 2)
    await api.remove('node', 'late')
    const { metadata: again } = await api.create(node('late'))
    await api.remove('pod', 'going')
    await harness.start('test', timings)
    const third = await resolved(again.uid)
    assert.deepEqual([third.version, third.at > second.at], [first.version, true])
    const { at: deletedAt, observedAt } = await harness.event('pod-deleted', 'going')
    assert.ok(deletedAt <= observedAt && observedAt < first.at - hour)
    assert.equal(harness.states(metadata.uid).length, 3)
  })

  test('a full disk holds everything back, and nothing is lost once there is room', {
    skip: isRoot ? false : 'needs root: mounts a small disk',
  }, async (t) => {
    const harness = new Harness(api.server)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', harness.dataDir])
    t.after(async () => {
      await harness.stop()
      execFileSync('umount', [harness.dataDir])
      await harness.end()
    })
    await harness.start()
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    const filler = join(harness.dataDir, 'filler')
    assert.throws(() => writeFileSync(filler, Buffer.alloc(1 << 20)), /ENOSPC/)
    const names = Array.from({ length: 40 }, (_, index) => `held-${index}`)
    await api.apply(names.map((name) => pod(name)))
    await harness.until('it to be told', () => harness.logged.some((text) => text.includes('ENOSPC')))
    const noted = names.filter((name) => harness.states(name).length > 0)
    assert.ok(noted.length < names.length, 'the disk was full')
    await api.kubectl('label', 'pod', names.at(-1)!, 'marked=yes')
    rmSync(filler)
    for (const name of names) await harness.state(name)
    await harness.state(names.at(-1)!, ({ body }) => String(body.labels).includes('marked=yes'))
    for (const name of names) assert.equal(harness.events('pod-created', name).length, 1, name)
    await harness.stop()
    const before = harness.emitted.length
    await harness.start()
    await harness.until('the claim', () => harness.watcher.progress().length === 1)
    const again = harness.emitted
      .slice(before)
      .filter((each) => each.type !== 'state' || each.object.kind !== 'Cluster')
    assert.deepEqual(
      again.filter(({ type }) => type !== 'event'),
      [],
      'what was noted is not sent again',
    )
  })
})
