/**
 * What objects of a real API server declare, in the graph that `./aitia agent` and `./aitia worker` make: now, and as of
 * before they changed or went. And what Secrets hold, which is nowhere: in no store, spool, log or recording.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { now } from '../../graph/model/time.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../cluster/control-plane.ts'
import { lacksCollectors } from '../support/collectors.ts'
import { eventually, type Stack, startStack } from './stack.ts'

const skip = lacksCollectors('kubernetes') || ((await controlPlaneUnavailable()) ?? false)

/** Relations of the namespace at a time, as known now, but for those of addresses. */
const HELD = `CYPHER 5
MATCH (from:Object {cluster: $cluster})-[r WHERE r.from <= $at < r.to AND r.recordedFrom <= $known < r.recordedTo]->(to:Object)
WHERE from.namespace = 'shop' AND NOT to:Address
RETURN from.name AS from, type(r) AS kind, to.name AS to, coalesce(to.missing, false) AS missing,
  coalesce(r.volume, r.containerName, r.host, r.role, '') AS where, coalesce(r.keys, []) AS keys`

const PROPERTIES = `CYPHER 5 MATCH (n) RETURN properties(n) AS properties
UNION ALL MATCH ()-[r]->() RETURN properties(r) AS properties`

interface Row {
  from: string
  kind: string
  to: string
  missing: boolean
  where: string
  keys: string[]
}

const say = ({ from, kind, to, missing, where, keys }: Row): string =>
  [
    from,
    kind,
    ...(missing ? ['missing'] : []),
    to,
    ...(where ? [where] : []),
    ...(keys.length ? [`(${keys})`] : []),
  ].join(' ')

const secret = `correct-horse-${randomBytes(9).toString('hex')}`
const encoded = Buffer.from(secret).toString('base64')

const object = (kind: string, name: string, members: object, apiVersion = 'v1') => ({
  ...{ apiVersion, kind, metadata: { name, namespace: 'shop' } },
  ...members,
})

const http = (path: string, name: string) => ({
  ...{ path, pathType: 'Prefix' },
  backend: { service: { name, port: { number: 80 } } },
})

const manifests = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  object('ServiceAccount', 'robot', {}),
  object('ConfigMap', 'settings', { data: { level: 'info', colour: 'blue' } }),
  // kubectl keeps what is applied in an annotation: the secret is there once more.
  object('Secret', 'db', { stringData: { password: secret } }),
  object('Secret', 'raw', { data: { token: encoded } }),
  object('PersistentVolumeClaim', 'data', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }),
  object('Service', 'web', { spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }),
  object(
    'Ingress',
    'front',
    {
      spec: {
        tls: [{ secretName: 'raw' }],
        rules: [{ host: 'shop.example', http: { paths: [http('/', 'web'), http('/old', 'gone')] } }],
      },
    },
    'networking.k8s.io/v1',
  ),
  object(
    'NetworkPolicy',
    'wall',
    { spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] } },
    'networking.k8s.io/v1',
  ),
  object(
    'Deployment',
    'web',
    {
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'i' }] } },
      },
    },
    'apps/v1',
  ),
  object(
    'HorizontalPodAutoscaler',
    'web',
    { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } },
    'autoscaling/v2',
  ),
  object('Pod', 'web-1', {
    metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } },
    spec: {
      serviceAccountName: 'robot',
      imagePullSecrets: [{ name: 'registry' }],
      volumes: [
        { name: 'one', configMap: { name: 'settings' } },
        { name: 'two', configMap: { name: 'settings', items: [{ key: 'level', path: 'level' }] } },
        { name: 'raw', secret: { secretName: 'raw' } },
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
      ],
      containers: [
        {
          ...{ name: 'app', image: 'i', envFrom: [{ configMapRef: { name: 'later' } }] },
          env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }],
        },
      ],
    },
  }),
]

const declared = [
  'front ROUTES_TO missing gone shop.example',
  'front ROUTES_TO web shop.example',
  'front USES raw tls',
  'wall APPLIES_TO web-1',
  'web SCALES web',
  'web-1 MOUNTS data data',
  'web-1 MOUNTS raw raw',
  'web-1 MOUNTS settings one',
  'web-1 MOUNTS settings two (level)',
  'web-1 READS_ENV_FROM db app (password)',
  'web-1 READS_ENV_FROM missing later app',
  'web-1 USES missing registry image-pull',
  'web-1 USES robot',
]

/** What was packed in a file, too: jobs are zstd, on disk as it is and in Redis in base64 (graph/queue/job.ts). */
function* textsIn(bytes: Buffer): Iterable<Buffer> {
  yield bytes
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
  const packed: Buffer[] = []
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) packed.push(bytes.subarray(at))
  for (const [text] of bytes.toString('latin1').matchAll(/KLUv[A-Za-z0-9+/=]+/g))
    packed.push(Buffer.from(text, 'base64'))
  for (const each of packed) {
    try {
      yield zstdDecompressSync(each)
    } catch {
      // Four bytes that are no frame.
    }
  }
}

/** All files of a folder that hold one of the texts. */
function filesWith(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = join(folder, name)
    if (!statSync(file).isFile()) return false
    for (const bytes of textsIn(readFileSync(file))) if (texts.some((text) => bytes.includes(text))) return true
    return false
  })
}

describe('what a real API server declares, in the graph', { skip }, () => {
  let server: ApiServerOnly
  let stack: Stack

  before(async () => {
    server = await startControlPlane()
    stack = await startStack({ cluster: 'declared', kubeconfig: server.kubeconfig, collectors: 'kubernetes' })
    stack.roles.agent.start()
    stack.roles.worker.start()
  })
  after(async () => {
    await stack?.stop()
    await server?.stop()
  })

  const held = async (at: number): Promise<string[]> => {
    const rows = await stack.store.read<Row>(HELD, { cluster: 'declared', at, known: now() })
    return rows.map(say).sort()
  }
  const becomes = (expected: readonly string[]) =>
    eventually('the relations', 180, async () => {
      assert.deepEqual(await held(now()), [...expected].sort())
      return now()
    })
  const patch = (kind: string, name: string, change: object) =>
    server.kubectl('patch', '-n', 'shop', kind, name, '--type=merge', '-p', JSON.stringify(change))

  test('all relations, as they change and when all is gone, and as of each time before', async () => {
    await server.apply(manifests)
    const atFirst = await becomes(declared)
    await server.apply(object('ConfigMap', 'later', { data: {} }))
    await patch('networkpolicy', 'wall', { spec: { podSelector: { matchLabels: { app: 'other' } } } })
    await patch('hpa', 'web', { spec: { scaleTargetRef: { kind: 'StatefulSet', name: 'web' } } })
    await patch('ingress', 'front', {
      spec: { rules: [{ host: 'cart.example', http: { paths: [http('/', 'web')] } }] },
    })
    await patch('configmap', 'settings', { data: { level: 'debug' } })
    await patch('secret', 'db', { stringData: { password: `${secret}!` } })
    const changed = [
      'front ROUTES_TO web cart.example',
      'front USES raw tls',
      'web SCALES missing web',
      ...declared.slice(5).map((text) => text.replace('missing later', 'later')),
    ]
    const afterChange = await becomes(changed)
    const kinds = ['pod', 'ingress', 'networkpolicy', 'hpa', 'deployment', 'service', 'configmap', 'secret', 'sa']
    for (const kind of kinds) await server.kubectl('delete', kind, '--all', '-n', 'shop', '--force', '--grace-period=0')
    await becomes([])
    assert.deepEqual(await held(atFirst), [...declared].sort())
    // A placeholder that was resolved since is what it was: missing.
    assert.deepEqual(await held(afterChange), changed.sort())
    const events = await stack.store.read<{ about: string; changed: string[] }>(
      `CYPHER 5 MATCH (e:ConfigChanged {cluster: $cluster})-[:ABOUT]->(o:Object) WHERE o.namespace = 'shop'
       RETURN o.name AS about, e.changed AS changed ORDER BY about`,
      { cluster: 'declared' },
    )
    assert.deepEqual(events, [
      { about: 'db', changed: ['password'] },
      { about: 'settings', changed: ['level'] },
    ])
  })

  test('what Secrets hold is nowhere', async () => {
    // Nothing is answered of a cluster whose source has not reported yet.
    const recording = await eventually('a recording', 60, () =>
      stack.run('record', '--cluster', 'declared', '--from=-1h'),
    )
    assert.ok(recording.includes('"password"'), 'names of keys are there')
    const graph = JSON.stringify(await stack.store.read(PROPERTIES))
    assert.ok(graph.includes('web-1'))
    const texts = [secret, encoded]
    for (const text of texts) {
      assert.ok(!recording.includes(text), 'recording')
      assert.ok(!graph.includes(text), 'graph')
    }
    await stack.roles.agent.stop()
    await stack.roles.worker.stop()
    const searched = new Set(filesWith(stack.folder, ['web-1']).map((name) => name.split('/')[0]))
    for (const store of ['redis', 'data']) assert.ok(searched.has(store), `${store} is searched`)
    assert.deepEqual(filesWith(stack.folder, texts), [])
  })
})
