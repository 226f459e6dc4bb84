import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences, keptBack, outlineOf } from './spec-outline.ts'

const container = (more: object) => ({
  template: { spec: { containers: [{ name: 'app', image: 'shop:1', ...more }] } },
})
const between = (before: object, after: object, isKnown?: boolean) =>
  differences(outlineOf(before, isKnown), outlineOf(after, isKnown)).map(({ path, before, after }) => [
    ...[path, before, after],
  ])

test('what differs, as paths through lists by the names of their items', () => {
  assert.deepEqual(between(container({ resources: { limits: { memory: '1Gi' } } }), container({ image: 'shop:2' })), [
    ['template.spec.containers[app].image', 'shop:1', 'shop:2'],
    ['template.spec.containers[app].resources.limits.memory', '1Gi', ''],
  ])
  const ports = (...all: object[]) => ({ ports: all, selector: { app: 'x' } })
  assert.deepEqual(
    between(
      ports({ name: 'web', port: 80, targetPort: 'http' }),
      ports({ name: 'api', port: 1 }, { name: 'web', port: 80, targetPort: 8080 }),
    ),
    [
      ['ports[api].port', '', '1'],
      ['ports[web].targetPort', 'http', '8080'],
    ],
  )
  assert.deepEqual(between({ taints: {} }, { taints: { 'dedicated:NoSchedule': '' } }), [
    ['taints[dedicated:NoSchedule]', '', '""'],
  ])
  assert.deepEqual(between(container({}), container({})), [])
})

test('what may hold a secret is said to differ, and no more', () => {
  const secrets = (value: string) =>
    container({
      env: [
        { name: 'PASSWORD', value },
        { name: 'SAME', value: 'same' },
      ],
      args: ['--password', value],
      command: ['sh', '-c', value],
      livenessProbe: {
        exec: { command: ['curl', value] },
        httpGet: { path: `/?token=${value}`, httpHeaders: [{ name: 'Authorization', value }] },
      },
      lifecycle: { preStop: { exec: { command: [value] } } },
    })
  const [before, after] = [outlineOf(secrets('hunter2')), outlineOf(secrets('hunter3'))]
  const all = differences(before, after)
  const at = 'template.spec.containers[app]'
  assert.deepEqual(
    all.map(({ path }) => path),
    [
      ...[`${at}.env[PASSWORD]`, `${at}.args`, `${at}.command`, `${at}.livenessProbe.exec.command`],
      ...[`${at}.livenessProbe.httpGet.path`, `${at}.livenessProbe.httpGet.httpHeaders[Authorization]`],
      `${at}.lifecycle.preStop.exec.command`,
    ],
  )
  assert.ok(all.every((each) => each.before === keptBack && each.after === keptBack))
  assert.ok(![before, after].some((outline) => outline.includes('hunter')))
  assert.deepEqual(between(container({}), container({ env: [{ name: 'NEW', value: 'x' }] })), [
    [`${at}.env[NEW]`, '', keptBack],
  ])
})

test('what volumes give to their drivers is kept back, whatever it is called', () => {
  const volume = (key: string) => ({
    template: {
      spec: {
        volumes: [
          { name: 'a', csi: { driver: 'd', volumeAttributes: { key, name: key, type: key, port: key } } },
          { name: 'b', flexVolume: { driver: 'd', options: { key } } },
        ],
      },
    },
    parameters: { key },
  })
  const [before, after] = [outlineOf(volume('hunter2')), outlineOf(volume('hunter3'))]
  const at = 'template.spec.volumes'
  assert.deepEqual(
    differences(before, after),
    [
      ...['key', 'name', 'type', 'port'].map((name) => `${at}[a].csi.volumeAttributes.${name}`),
      ...[`${at}[b].flexVolume.options.key`, 'parameters.key'],
    ].map((path) => ({ path, before: keptBack, after: keptBack })),
  )
  assert.ok(![before, after].some((outline) => outline.includes('hunter')))
})

test('a restart that was asked for is told, other annotations are not', () => {
  const annotated = (annotations: object) => ({ template: { metadata: { annotations } } })
  const restartedAt = 'kubectl.kubernetes.io/restartedAt'
  assert.deepEqual(between(annotated({ note: 'a' }), annotated({ note: 'b', [restartedAt]: '2025-11-20T10:00:00Z' })), [
    ['template.metadata.annotations.note', keptBack, keptBack],
    [`template.metadata.annotations[${restartedAt}]`, '', '2025-11-20T10:00:00Z'],
  ])
})

test('of a custom kind only replicas and the pod template are understood', () => {
  const spec = (version: number, pin: number) => ({
    ...container({ image: `shop:${version}` }),
    replicas: version,
    pin,
  })
  assert.deepEqual(between(spec(1, 1234), spec(2, 4321), false), [
    ['template.spec.containers[app].image', 'shop:1', 'shop:2'],
    ['replicas', '1', '2'],
    ['pin', keptBack, keptBack],
  ])
})

test('items of a custom kind are named by their name or place, never by what may be a secret', () => {
  const spec = (key: string, mountPath: string) => ({
    tokens: [{ key }, { key: 'b' }],
    users: [{ name: 'root', key }],
    doors: [{ mountPath }],
  })
  assert.deepEqual(
    between(spec('hunter2', '/x'), spec('hunter3', '/y'), false),
    ['tokens[0]', 'users[root]', 'doors[0]'].map((path) => [path, keptBack, keptBack]),
  )
})

test('of two long paths that begin alike each is compared', () => {
  const long = 'a'.repeat(300)
  const labels = (one: string, two: string) => ({ labels: { [`${long}1`]: one, [`${long}2`]: two } })
  const [first, second] = [labels('x', 'same'), labels('y', 'same')]
  const [one] = between(first, second)
  assert.deepEqual(one?.slice(1), ['x', 'y'])
  assert.match(one![0]!, /^labels\.a{193}\.\.\.[\w-]{8}$/)
  const both = between(first, labels('y', 'other'))
  assert.deepEqual([both.length, new Set(both.map(([path]) => path)).size], [2, 2])
})

test('specs of any size have bounds', () => {
  const many = (value: string) => ({ labels: Object.fromEntries([...Array(900).keys()].map((n) => [`l${n}`, value])) })
  const all = between(many('a'), many('b'))
  assert.deepEqual([all.length, all.at(-1)], [501, ['...', keptBack, keptBack]])
  const long = 'a'.repeat(9000)
  const cut = `${'a'.repeat(200)}...`
  assert.deepEqual(between({ labels: { x: long } }, { labels: { x: `${long}b` } }), [['labels.x', cut, cut]])
})
