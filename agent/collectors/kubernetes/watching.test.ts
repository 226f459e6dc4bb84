import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { now } from '../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { Harness } from './testing/harness.ts'

suite('watching a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('the watermark: nothing before the first lists, then it goes on, also in silence', async (t) => {
    const harness = await api.watch(t)
    assert.deepEqual(harness.watcher.progress(), [])
    await harness.until('progress', () => harness.watcher.progress().length === 1)
    const [first] = harness.watcher.progress()
    assert.ok(first!.since <= now() && first!.source === 'kubernetes@cluster')
    await harness.until('a watermark', () => harness.watcher.progress()[0]!.watermark !== null)
    const mark = harness.watcher.progress()[0]!.watermark!
    await harness.until('it to move', () => harness.watcher.progress()[0]!.watermark! > mark)
    assert.equal(harness.watcher.progress()[0]!.since, first!.since)
  })

  test('who may read nothing claims nothing, and says so', async (t) => {
    const harness = await api.watch(t, 'nobody')
    await harness.until('the refusals', () => harness.logged.filter((text) => text.includes('403')).length >= 12)
    assert.deepEqual([harness.watcher.progress(), harness.emitted], [[], []])
  })

  test('an API that is away at the start is waited for', async (t) => {
    const harness = new Harness(api.server)
    t.after(() => harness.end())
    harness.pointTo('https://127.0.0.1:1')
    await harness.start()
    assert.match(harness.logged.join(), /ECONNREFUSED/)
    harness.pointTo(api.server.url)
    await harness.state('kube-system')
  })
})
