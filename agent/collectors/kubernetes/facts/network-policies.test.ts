import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { controlPlaneUnavailable } from '../../../../test/cluster/control-plane.ts'
import { Api } from '../testing/api.ts'
import { declared } from '../testing/harness.ts'
import { plain, pod } from '../testing/manifests.ts'

suite('network policies of a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let api: Api
  before(async () => {
    api = await Api.start()
  })
  after(() => api?.stop())

  test('policies apply to the pods that kubectl selects, as policies, labels and pods change', async (t) => {
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'walled' } })
    const labels: Record<string, Record<string, string>> = {
      web: { app: 'web', tier: 'front' },
      api: { app: 'api', tier: 'back' },
      bare: {},
      odd: { app: '', 'team.example/owner': 'web' },
    }
    const make = (name: string, more: object = {}) => {
      const base = pod(name)
      return api.apply({
        ...base,
        metadata: { name, namespace: 'walled', labels: labels[name] },
        spec: { ...base.spec, ...more },
      })
    }
    for (const name of Object.keys(labels)) await make(name)
    const expression = (key: string, operator: string, ...values: string[]) => ({
      key,
      operator,
      ...(values.length && { values }),
    })
    const selectors: Record<string, object> = {
      all: {},
      'match-labels': { matchLabels: { app: 'web', tier: 'front' } },
      'in-values': { matchExpressions: [expression('app', 'In', 'web', 'api')] },
      'not-in': { matchExpressions: [expression('app', 'NotIn', 'web', 'db')] },
      exists: { matchExpressions: [expression('team.example/owner', 'Exists')] },
      'not-there': { matchExpressions: [expression('tier', 'DoesNotExist')] },
      'both-kinds': { matchLabels: { tier: 'back' }, matchExpressions: [expression('app', 'NotIn', 'web')] },
      'empty-value': { matchLabels: { app: '' } },
    }
    const policy = (name: string, podSelector: object, more: object = { policyTypes: ['Ingress'] }) => ({
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'walled' } },
      spec: { podSelector, ...more },
    })
    const harness = await api.watch(t)
    for (const [name, selector] of Object.entries(selectors)) await api.apply(policy(name, selector))

    /** The API server's own evaluation of the selector that the policy's state tells. */
    const selected = async (name: string): Promise<string[]> => {
      const { body } = await harness.state(name, ({ object }) => object.kind === 'NetworkPolicy')
      const names = await api.kubectl('get', 'pods', '-n', 'walled', '-l', String(body.podSelector), '-o', 'name')
      return names
        .split('\n')
        .filter(Boolean)
        .map((line) => line.slice('pod/'.length))
    }
    const applies = () => {
      const pods = new Map<string, string[]>()
      for (const name of [...Object.keys(labels), 'hosted']) {
        const last = harness.states(name).findLast(({ object }) => object.namespace === 'walled')
        if (last)
          pods.set(name, last.relations.flatMap(({ kind, from }) => (kind === 'APPLIES_TO' ? from!.name! : [])).sort())
      }
      return pods
    }
    const agree = async () => {
      const expected = new Map<string, string[]>()
      for (const name of Object.keys(selectors))
        for (const chosen of await selected(name)) expected.set(chosen, [...(expected.get(chosen) ?? []), name].sort())
      const text = (pods: Map<string, string[]>) =>
        JSON.stringify(Object.keys(labels).map((name) => [name, pods.get(name) ?? []]))
      await harness.until(`what kubectl selects: ${text(expected)}`, () => text(applies()) === text(expected))
    }
    await agree()
    await api.kubectl('label', 'pod', '-n', 'walled', 'bare', 'app=web', 'tier=front')
    await api.kubectl('label', 'pod', '-n', 'walled', 'web', 'app-')
    await harness.state('web', ({ body }) => !(body.labels as string[]).includes('app=web'))
    await agree()
    selectors['match-labels'] = { matchLabels: { tier: 'back' } }
    await api.apply(policy('match-labels', selectors['match-labels'], { policyTypes: ['Egress'], egress: [] }))
    await harness.state('match-labels', ({ body }) => body.podSelector === 'tier=back')
    await agree()
    assert.deepEqual(
      declared(await harness.state('api'), 'APPLIES_TO')[3],
      'match-labels {"ingress":false,"egress":true}',
    )
    await api.kubectl('delete', 'networkpolicy', '-n', 'walled', 'all', 'exists')
    for (const name of ['all', 'exists']) {
      await harness.state(name, ({ deleted }) => deleted === true)
      delete selectors[name]
    }
    await agree()
    await make('hosted', { hostNetwork: true })
    await harness.state('hosted')
    assert.deepEqual(applies().get('hosted'), [])
  })

  test('what a policy allows, in words', async (t) => {
    await api.create(
      plain(
        'NetworkPolicy',
        'worded',
        {
          spec: {
            podSelector: { matchLabels: { app: 'x' } },
            policyTypes: ['Ingress', 'Egress'],
            ingress: [
              {
                from: [
                  { podSelector: { matchLabels: { app: 'web' } } },
                  { namespaceSelector: { matchLabels: { team: 'shop' } }, podSelector: {} },
                  { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
                ],
                ports: [
                  { protocol: 'TCP', port: 80 },
                  { protocol: 'UDP', port: 1000, endPort: 2000 },
                ],
              },
              {},
            ],
          },
        },
        'networking.k8s.io/v1',
      ),
    )
    const harness = await api.watch(t)
    assert.deepEqual((await harness.state('worded')).body, {
      ...{ labels: [], podSelector: 'app=x', policyTypes: ['Ingress', 'Egress'], egressRules: [] },
      ingressRules: [
        'from pods app=web, all pods in namespaces team=shop, 10.0.0.0/8 except 10.1.0.0/16 on TCP/80, UDP/1000-2000',
        'from anywhere',
      ],
    })
  })
})
