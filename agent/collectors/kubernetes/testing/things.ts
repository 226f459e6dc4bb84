/** For tests: what a small cluster may have. Its objects declare relations of all kinds that the API tells. */
import type { Manifest } from './api.ts'
import { claim, endpointSlice, node, plain, pod, replicated, service } from './manifests.ts'

/** Something beside pods. */
export interface Thing {
  /** What it may be. */
  readonly forms: readonly Manifest[]
  /** Another one than it is, it is another object of its name. */
  readonly isFixed?: true
  /** Words of what controls it, if that is there as it is made. */
  readonly owner?: string
  /** What a kubelet or controller writes of each form. */
  readonly statuses?: readonly object[]
}

export const PODS = ['Pod db-0', 'Pod db-1']
/** What a pod is controlled by, if that is there. */
export const OWNERS = ['StatefulSet db', 'Node n1']

const machine = (machineID: string, address: string) => ({
  nodeInfo: { machineID },
  addresses: [{ type: 'InternalIP', address }],
})

const endpoints = (serviceName: string, readyOne: string) =>
  endpointSlice(
    'db-x',
    serviceName,
    ['db-0', 'db-1'].map((name) => ({ name, ready: name === readyOne })),
  )

const policy = (podSelector: object, policyTypes: string[]) =>
  plain('NetworkPolicy', 'wall', { spec: { podSelector, policyTypes } }, 'networking.k8s.io/v1')

const scaler = (kind: string, name: string) =>
  plain(
    'HorizontalPodAutoscaler',
    'scaler',
    { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind, name } } },
    'autoscaling/v2',
  )

const ingress = (spec: object) => plain('Ingress', 'front', { spec }, 'networking.k8s.io/v1')
const backend = (name: string, port: object) => ({ service: { name, port } })
const rule = (path: string, service: object) => ({ path, pathType: 'Prefix', backend: service })

const volume = (name: string): Manifest => ({
  ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name } },
  spec: {
    ...{ accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' }, storageClassName: 'fast' },
    csi: { driver: 'csi.example', volumeHandle: name },
  },
})

/** By the words that delete it; an owner comes before what it owns. */
export const THINGS: Readonly<Record<string, Thing>> = {
  'Node n1': {
    forms: [node('n1'), node('n1')],
    statuses: [machine('machine-1', '10.0.0.1'), machine('machine-2', '10.0.0.2')],
  },
  'ConfigMap settings': {
    forms: ['info', 'debug'].map((level) => plain('ConfigMap', 'settings', { data: { level } })),
  },
  'Secret keys': { forms: [{ a: 'eA==' }, { a: 'eA==', b: 'eQ==' }].map((data) => plain('Secret', 'keys', { data })) },
  'ServiceAccount shop': { forms: [plain('ServiceAccount', 'shop')] },
  'StorageClass fast': {
    forms: [
      {
        ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast' } },
        provisioner: 'csi.example',
      },
    ],
  },
  'PersistentVolume pv-1': { forms: [volume('pv-1')] },
  'PersistentVolume pv-2': { forms: [volume('pv-2')] },
  'PersistentVolumeClaim data': {
    forms: ['pv-1', 'pv-2'].map((volumeName) => claim('data', { volumeName })),
    isFixed: true,
    statuses: [{ phase: 'Bound' }, { phase: 'Bound' }],
  },
  'Service db': {
    forms: [{}, { externalIPs: ['192.0.2.1'] }].map((more) => {
      const { spec, ...others } = service('db')
      return { ...others, spec: { ...spec, ...more } }
    }),
  },
  'Service web': { forms: [service('web')] },
  'EndpointSlice db-x': { forms: [endpoints('db', 'db-0'), endpoints('web', 'db-1')] },
  'Ingress front': {
    forms: [
      ingress({ defaultBackend: backend('db', { number: 80 }), tls: [{ secretName: 'keys' }] }),
      ingress({
        rules: [
          {
            host: 'shop.example',
            http: { paths: [rule('/', backend('web', { number: 80 })), rule('/db', backend('db', { name: 'http' }))] },
          },
        ],
      }),
    ],
  },
  'NetworkPolicy wall': {
    forms: [policy({ matchLabels: { app: 'x' } }, ['Ingress']), policy({}, ['Ingress', 'Egress'])],
  },
  'StatefulSet db': { forms: [replicated('StatefulSet', 'db')] },
  'Deployment web': { forms: [replicated('Deployment', 'web')] },
  'ReplicaSet web-1': { forms: [replicated('ReplicaSet', 'web-1')], owner: 'Deployment web' },
  'HorizontalPodAutoscaler scaler': { forms: [scaler('StatefulSet', 'db'), scaler('Deployment', 'web')] },
}

/** Those that refer to others by name; and an owner of what is owned. */
export const REFERRERS = [
  ...['PersistentVolumeClaim data', 'EndpointSlice db-x', 'Ingress front', 'HorizontalPodAutoscaler scaler'],
  ...['Deployment web', 'ReplicaSet web-1'],
]

/** What a pod is: two that refer to the same objects in other ways. */
const POD_FORMS = [
  {
    serviceAccountName: 'shop',
    imagePullSecrets: [{ name: 'keys' }],
    volumes: [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'keys', secret: { secretName: 'keys', items: [{ key: 'a', path: 'a' }] } },
      { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
    ],
    container: {
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
      envFrom: [{ configMapRef: { name: 'settings' } }],
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'a' } } }],
    },
  },
  {
    volumes: [{ name: 'settings', configMap: { name: 'settings', optional: true } }],
    container: {
      envFrom: [{ secretRef: { name: 'keys', optional: true } }],
      env: [{ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level', optional: true } } }],
    },
  },
]

export const podOf = (name: string, form: number) => {
  const { container, ...members } = POD_FORMS[form]!
  const { spec, ...others } = pod(name, { nodeName: 'n1' })
  return { ...others, spec: { ...spec, ...members, containers: [{ ...spec.containers[0], ...container }] } }
}
