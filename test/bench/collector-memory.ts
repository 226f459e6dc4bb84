/**
 * Resident memory of the cluster-wide collector with 10,000 pods on a real API server: a process of its own, which does what an
 * agent does with it, but for the queue. The peak of the first list counts, since memory is not given back.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { controlPlaneUnavailable, startControlPlane } from '../cluster/control-plane.ts'
import { inParallel, openApi } from '../support/api-writer.ts'
import type { Row } from './row.ts'

const PODS = 10_000
/** Each with a ConfigMap, a Secret and a policy of its own. */
const APPS = 500

const stamp = '2025-11-20T10:00:00Z'
const id = (index: number) => index.toString(16).padStart(64, '0')

/** A pod of a usual size, about 4 KB as the API stores it. */
const podOf = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `app-${index % APPS}-5c9b6d7cfd-${index}`,
    labels: { app: `app-${index % APPS}`, 'pod-template-hash': '5c9b6d7cfd', tier: 'web', zone: 'a' },
    annotations: { 'example.com/config': 'x'.repeat(200) },
  },
  spec: {
    nodeName: `node-${index % 300}`,
    serviceAccountName: 'default',
    volumes: [
      { name: 'settings', configMap: { name: `app-${index % APPS}` } },
      {
        name: 'kube-api-access',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          ],
        },
      },
    ],
    containers: [
      {
        name: 'app',
        image: 'registry.example/team/app:1.2.3',
        resources: { limits: { memory: '64Mi', cpu: '250m' } },
        env: [
          ...Array.from({ length: 20 }, (_, n) => ({ name: `SETTING_${n}`, value: 'v'.repeat(30) })),
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: `app-${index % APPS}`, key: 'password' } } },
        ],
        volumeMounts: [
          { name: 'settings', mountPath: '/etc/app' },
          { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
        ],
      },
    ],
  },
})

const statusOf = (index: number) => ({
  status: {
    phase: 'Running',
    podIPs: [{ ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` }],
    podIP: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    conditions: ['Ready', 'PodScheduled'].map((type) => ({ type, status: 'True', lastTransitionTime: stamp })),
    containerStatuses: [
      {
        ...{ name: 'app', image: 'registry.example/team/app:1.2.3', imageID: `sha256:${id(7)}`, restartCount: 0 },
        ...{ ready: true, containerID: `containerd://${id(index)}`, state: { running: { startedAt: stamp } } },
      },
    ],
  },
})

/** What the pods of one app refer to, and what rules over them. */
const ofApp = (app: number): readonly (readonly [path: string, object: object])[] => {
  const metadata = { name: `app-${app}` }
  const podSelector = { matchLabels: { app: metadata.name } }
  return [
    ['/api/v1/namespaces/default/configmaps', { metadata, data: { 'app.yaml': 'x'.repeat(2_000) } }],
    ['/api/v1/namespaces/default/secrets', { metadata, stringData: { user: 'app', password: 'x'.repeat(20) } }],
    ['/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', { metadata, spec: { podSelector } }],
  ]
}

async function fill(kubeconfig: string): Promise<void> {
  const api = await openApi(kubeconfig)
  await inParallel(PODS, async (index) => {
    const pod = podOf(index)
    if (index < APPS) for (const [path, object] of ofApp(index)) await api.send('POST', path, object)
    await api.send('POST', '/api/v1/namespaces/default/pods', pod)
    await api.send('PATCH', `/api/v1/namespaces/default/pods/${pod.metadata.name}/status`, statusOf(index))
  })
  api.close()
}

export async function bench(): Promise<Row[]> {
  const reason = await controlPlaneUnavailable()
  if (reason) throw new Error(reason)
  const server = await startControlPlane({
    apiServerArgs: [
      '--max-requests-inflight=0',
      '--max-mutating-requests-inflight=0',
      '--enable-priority-and-fairness=false',
    ],
  })
  try {
    await fill(server.kubeconfig)
    const program = fileURLToPath(import.meta.resolve('./programs/collector-memory.ts'))
    const child = spawn(process.execPath, [program, String(PODS)], {
      env: { ...process.env, KUBECONFIG: server.kubeconfig },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let last = ''
    for await (const line of createInterface(child.stdout)) last = line
    const { before, peak, seconds } = JSON.parse(last) as { before: number; peak: number; seconds: number }
    const detail = `${PODS} pods, ${APPS} ConfigMaps, Secrets and policies each, on a real API server: ${before.toFixed(0)} MB before the first list, which took ${seconds.toFixed(1)} s; the peak counts`
    return [{ what: 'RSS of the cluster-wide collector', value: peak, unit: 'MB', budget: { atMost: 300 }, detail }]
  } finally {
    await server.stop()
  }
}
