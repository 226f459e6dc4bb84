import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { now } from '../../../graph/model/time.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { Api } from './testing/api.ts'
import { Harness } from './testing/harness.ts'
import { pod } from './testing/manifests.ts'

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

  test('a custom kind whose server fails as its first owner is met is watched once it answers', async (t) => {
    const { owner, uid } = await api.createCustom('failing.aitia.example', 'Rollout', 'late')
    await api.create(pod('late-a', { owner }))
    /** As the API of an operator whose server is away. */
    const serveBy = (service: object | null) =>
      api.kubectl(
        ...['patch', 'apiservice', 'v1.failing.aitia.example', '--type=merge', '-p'],
        JSON.stringify({
          metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': null } },
          spec: { service, insecureSkipTLSVerify: service !== null },
        }),
      )
    await serveBy({ name: 'nobody', namespace: 'default' })
    const harness = new Harness(api.server)
    t.after(() => harness.end())
    await harness.start('test', { backoff: [50, 200] })
    const unwatched = () => harness.watcher.progress()[0]?.counters?.['owners.unwatched']
    await harness.until('the failure to be told', () => unwatched() === 1)
    assert.match(
      harness.logged.join('\n'),
      /^workloads of kind .* Rollout stay placeholders: .* got 503 .* tried again$/ms,
    )
    await serveBy(null)
    await harness.state(uid)
    assert.equal(unwatched(), undefined)
  })
})
