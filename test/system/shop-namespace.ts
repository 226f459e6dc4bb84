/** A namespace with an object of each kind, as its users, controllers and a kubelet would write it; and its end. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from '../cluster/control-plane.ts'

/** What is in it, by the name of each. */
export const CONTENT = {
  ...{ Deployment: 'checkout', ReplicaSet: 'checkout-1', Pod: 'checkout-1-1', Service: 'checkout', Ingress: 'front' },
  ...{ EndpointSlice: 'checkout-x', ConfigMap: 'settings', Secret: 'login', PersistentVolumeClaim: 'data' },
  ...{ NetworkPolicy: 'wall', HorizontalPodAutoscaler: 'checkout' },
}

interface Made {
  metadata: { name: string; uid: string }
}

const labels = { app: 'checkout' }
const named = (name: string, more: object = {}) => ({ name, namespace: 'shop', ...more })
const owner = (kind: string, { metadata: { name, uid } }: Made) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }],
})
const image = 'shop/app:1'
const spec = {
  nodeName: 'node-1',
  volumes: [
    { name: 'settings', configMap: { name: 'settings' } },
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
  ],
  initContainers: [
    { name: 'set-up', image },
    { name: 'proxy', image, restartPolicy: 'Always' },
  ],
  containers: [
    {
      ...{ name: 'app', image, volumeMounts: [{ name: 'settings', mountPath: '/etc/shop' }] },
      env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }],
    },
  ],
}
const replicated = (kind: string, metadata: object) => ({
  ...{ apiVersion: 'apps/v1', kind, metadata },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
})
const stamp = (ago: number): string => `${new Date(Date.now() - ago * 1000).toISOString().slice(0, 19)}Z`
const containerStatus = (name: string, number: number, state: object) => ({
  ...{ name, image, imageID: 'sha256:1', ready: true, restartCount: 0, lastState: {}, state },
  containerID: `containerd://${name}-${number}`,
})
const podStatus = (number: number) => ({
  phase: 'Running',
  podIP: `10.244.1.${number}`,
  podIPs: [{ ip: `10.244.1.${number}` }],
  conditions: ['Ready', 'PodScheduled'].map((type) => ({ type, status: 'True', lastTransitionTime: stamp(5) })),
  initContainerStatuses: [
    containerStatus('set-up', number, {
      terminated: {
        ...{ exitCode: 0, reason: 'Completed', startedAt: stamp(8), finishedAt: stamp(7) },
        containerID: `containerd://set-up-${number}`,
      },
    }),
    containerStatus('proxy', number, { running: { startedAt: stamp(7) } }),
  ],
  containerStatuses: [containerStatus('app', number, { running: { startedAt: stamp(6) } })],
})

const writing = (server: ControlPlane) => {
  const kubectl = (...words: string[]): Promise<string> => server.kubectl('-n', 'shop', ...words)
  const create = async (manifest: { kind: string; metadata: { name?: string } }): Promise<Made> => {
    await server.apply(manifest)
    return JSON.parse(await kubectl('get', manifest.kind, manifest.metadata.name!, '-o', 'json')) as Made
  }
  const setStatus = (kind: string, name: string, status: object): Promise<string> =>
    kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  return { kubectl, create, setStatus }
}

/** Makes all of it; gives the pods. */
export const fill = async (server: ControlPlane): Promise<Made[]> => {
  const { create, setStatus } = writing(server)
  await server.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: named('settings'), data: { colour: 'blue' } },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: named('checkout') },
      spec: { selector: labels, ports: [{ port: 80 }] },
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: named('login'), stringData: { password: 'none' } },
    {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: named('data') },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: named('front') },
      spec: { defaultBackend: { service: { name: 'checkout', port: { number: 80 } } } },
    },
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: named('wall') },
      spec: { podSelector: { matchLabels: labels }, policyTypes: ['Ingress'] },
    },
    {
      ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: named('checkout') },
      spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' } },
    },
  ])
  await setStatus('node', 'node-1', { nodeInfo: { machineID: 'machine-1' } as object })
  const deployment = await create(replicated('Deployment', named('checkout')) as never)
  const replicaSet = await create(
    replicated('ReplicaSet', named('checkout-1', owner('Deployment', deployment))) as never,
  )
  const pods = await Promise.all(
    [1, 2].map(async (number) => {
      const metadata = named(`checkout-1-${number}`, { labels, ...owner('ReplicaSet', replicaSet) })
      const pod = await create({ ...{ apiVersion: 'v1', kind: 'Pod', metadata }, spec } as never)
      await setStatus('pod', pod.metadata.name, podStatus(number))
      return pod
    }),
  )
  await server.apply({
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: named('checkout-x', { labels: { 'kubernetes.io/service-name': 'checkout' } }),
    endpoints: pods.map(({ metadata: { name, uid } }, index) => ({
      addresses: [`10.244.1.${index + 1}`],
      conditions: { ready: index === 0 },
      targetRef: { kind: 'Pod', name, namespace: 'shop', uid },
    })),
  })
  return pods
}

/** What the namespace controller does, which does not run here: all that is in it, then the namespace. */
export const empty = async (server: ControlPlane, folder: string): Promise<void> => {
  const { kubectl } = writing(server)
  const kinds = Object.keys(CONTENT).filter((kind) => kind !== 'Pod')
  await kubectl('delete', kinds.join(',').toLowerCase(), '--all', '--wait=false')
  // The controller that would let go of it does not run here either.
  await kubectl('patch', 'pvc', 'data', '--type=merge', '-p', JSON.stringify({ metadata: { finalizers: null } }))
  await kubectl('delete', 'pod', '--all', '--force', '--grace-period=0')
  await kubectl('delete', 'namespace', 'shop', '--wait=false')
  const namespace = JSON.parse(await kubectl('get', 'namespace', 'shop', '-o', 'json')) as { spec: object }
  const file = join(folder, 'namespace.json')
  writeFileSync(file, JSON.stringify({ ...namespace, spec: { finalizers: [] } }))
  await kubectl('replace', '--raw', '/api/v1/namespaces/shop/finalize', '-f', file)
}
