/** Objects as tests create them, and statuses as a kubelet would write them. */
import { fromRfc3339 } from '../../../../graph/model/time.ts'

export interface Meta {
  metadata: { uid: string; creationTimestamp: string }
}

export const at = (seconds: number): string => `2025-11-20T10:00:${String(seconds).padStart(2, '0')}Z`
export const µs = (stamp: string): number => fromRfc3339(stamp)!

export const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { zone: 'a' } } })

export const pod = (name: string, more: { owner?: object; nodeName?: string } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: 'x' }, ...(more.owner && { ownerReferences: [more.owner] }) },
  spec: {
    ...(more.nodeName && { nodeName: more.nodeName }),
    containers: [{ name: 'app', image: 'shop/app:1', resources: { limits: { memory: '64Mi' } } }],
  },
})

export const ownerOf = (apiVersion: string, kind: string, name: string, { metadata: { uid } }: Meta) => ({
  ...{ apiVersion, kind, name, uid },
  controller: true,
})

const template = { metadata: { labels: { app: 'x' } }, spec: pod('').spec }
export const replicated = (kind: string, name: string, owner?: object) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'default', ...(owner && { ownerReferences: [owner] }) },
  spec: { replicas: 2, selector: { matchLabels: { app: 'x' } }, template },
})

export const running = (id: string, startedAt: string, restartCount: number, lastState = {}) => ({
  containerStatuses: [
    {
      ...{ name: 'app', image: 'shop/app:1', imageID: 'sha256:1', ready: true, restartCount },
      containerID: `containerd://${id}`,
      state: { running: { startedAt } },
      lastState,
    },
  ],
})

export const oomKilled = (id: string, startedAt: string, finishedAt: string) => ({
  terminated: { containerID: `containerd://${id}`, exitCode: 137, reason: 'OOMKilled', startedAt, finishedAt },
})

export const ready = (status: 'True' | 'False', lastTransitionTime: string) => ({
  conditions: [
    { type: 'Ready', status, lastTransitionTime, ...(status === 'False' && { reason: 'ContainersNotReady' }) },
    { type: 'PodScheduled', status: 'True', lastTransitionTime: at(1) },
  ],
})

export const service = (name: string) => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } },
  spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
})

/** Endpoints of a Service; each is about a pod, by its name and, where it is given, its UID. */
export const endpointSlice = (
  name: string,
  serviceName: string,
  endpoints: readonly { name: string; uid?: string; ready?: boolean }[],
) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': serviceName } },
  addressType: 'IPv4',
  endpoints: endpoints.map(({ name, uid, ready }) => ({
    addresses: ['10.1.0.9'],
    conditions: ready === undefined ? {} : { ready },
    targetRef: { kind: 'Pod', name, namespace: 'default', ...(uid !== undefined && { uid }) },
  })),
})

/** An Event object. */
export const event = (name: string, involvedObject: object, reason: string, count: number, more: object = {}) => ({
  ...{ apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: 'default' }, involvedObject, reason, count },
  ...{ type: 'Normal', message: 'words', source: { component: 'kubelet' } },
  ...{ firstTimestamp: at(1), lastTimestamp: at(count) },
  ...more,
})

/** An object of any kind that has a namespace. */
export const plain = (kind: string, name: string, members: object = {}, apiVersion = 'v1') => ({
  ...{ apiVersion, kind, metadata: { name, namespace: 'default' } },
  ...members,
})

export const claimSpec = {
  ...{ accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
}
export const claim = (name: string, more: object = {}) =>
  plain('PersistentVolumeClaim', name, { spec: { ...claimSpec, ...more } })
