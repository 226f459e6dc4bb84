import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { NodePods } from '../../attribution/pods.ts'
import { Api } from './testing/api.ts'
import { at, node, oomKilled, plain, pod, running } from './testing/manifests.ts'

const secret = 'hunter2'
const harmless = 'last words'

suite('secrets in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  /** A pod with the secret wherever people put one, whose container ended with `message`. */
  const plant = async (name: string, terminationMessagePolicy: string, message: string): Promise<string> => {
    const base = pod(name, { nodeName: 'n' })
    const [container] = base.spec.containers
    const env = [{ name: 'PASSWORD', value: secret }]
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': `{"env":"${secret}"}`, password: secret }
    const args = ['--password', secret]
    const { metadata } = await api.create({
      ...base,
      metadata: { ...base.metadata, annotations: { ...annotations, 'team.example/owner': 'shop' } },
      spec: { ...base.spec, containers: [{ ...container, env, args, terminationMessagePolicy }] },
    })
    const { terminated } = oomKilled(`${name}-1`, at(1), at(2))
    const lastState = { terminated: { ...terminated, message } }
    await api.setStatus('pod', name, { phase: 'Running', ...running(`${name}-2`, at(3), 1, lastState) })
    return metadata.uid
  }

  test('annotations, environment, arguments and logs stay in the cluster; what was left as last words does not', async (t) => {
    await api.create(node('n'))
    const talkative = await plant('talkative', 'FallbackToLogsOnError', `password is ${secret}`)
    await plant('plain', 'File', harmless)
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(api.server.kubeconfig)
    const attribution = (annotationPrefixes?: string[]): NodePods => {
      const log = { warn: (message: string) => t.diagnostic(message) }
      const options = { kubeConfig, bootId: 'b', nodeName: 'n', log }
      const pods = new NodePods({ ...options, ...(annotationPrefixes && { annotationPrefixes }) })
      t.after(() => pods.stop())
      pods.start()
      return pods
    }
    const [usual, told] = [attribution(), attribution(['team.example/'])]
    const harness = await api.watch(t)
    await harness.event('container-terminated', 'talkative')
    const { fields } = await harness.event('container-terminated', 'plain')
    assert.equal(fields.message, harmless)
    await harness.until('contexts', () => [usual, told].every((pods) => pods.find(talkative, 'talkative-2')))
    const contexts = [usual, told].map((pods) => pods.find(talkative, 'talkative-2')!.context)
    assert.deepEqual(
      contexts.map(({ containerName, annotations }) => [containerName, annotations]),
      [
        ['app', {}],
        ['app', { 'team.example/owner': 'shop' }],
      ],
    )
    assert.ok(JSON.stringify(harness.emitted).includes('talkative'))
    assert.ok(!JSON.stringify([harness.emitted, contexts, harness.logged]).includes(secret))
  })

  test('what a Secret holds stays there, also where its digests are told; only its keys leave', async (t) => {
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const planted = ['from-string-data', 'from-data', 'once-changed'].map((text) => `${text}-${randomUUID()}`)
    const [first, second, third] = planted as [string, string, string]
    // kubectl's `apply` keeps all of it in an annotation.
    await api.create(plain('Secret', 'written', { stringData: { user: first } }))
    const { metadata } = await api.create(plain('Secret', 'encoded', { data: { password: base64(second) } }))
    assert.ok(JSON.stringify(metadata).includes(`\\"${base64(second)}`), 'it is in the annotation')
    const harnesses = [await api.watch(t), await api.watch(t, undefined, { secretDigestKey: randomBytes(32) })]
    for (const harness of harnesses) await harness.state('encoded')
    await api.kubectl('patch', 'secret', 'written', '-p', JSON.stringify({ stringData: { user: third } }))
    for (const harness of harnesses) {
      assert.deepEqual((await harness.state('written')).body.keys, ['user'])
      await harness.event('config-changed', 'written')
      const known = readFileSync(join(harness.dataDir, 'known.ndjson'), 'utf8')
      assert.ok(known.includes('written'))
      const told = JSON.stringify([harness.emitted, harness.logged, harness.watcher.progress()]) + known
      for (const text of planted.flatMap((each) => [each, base64(each), base64(each).replace(/=+$/, '')]))
        assert.ok(!told.includes(text), text)
    }
  })
})
