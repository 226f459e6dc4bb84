/** Objects of a node that is as full as a kubelet allows, of the size that they have in clusters at work. */

const started = '2025-11-20T10:00:00Z'
const digest = (index: number) => `sha256:${index.toString(16).padStart(64, '0')}`

/** A node that is this machine. */
export const nodeOf = (name: string, bootId: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: {
      'kubernetes.io/hostname': name,
      'topology.kubernetes.io/zone': 'region-1a',
      'topology.kubernetes.io/region': 'region-1',
      'node.kubernetes.io/instance-type': 'large-4',
    },
  },
  status: {
    capacity: { cpu: '16', memory: '64Gi', pods: '110' },
    allocatable: { cpu: '15500m', memory: '60Gi', pods: '110' },
    nodeInfo: {
      ...{ bootID: bootId, machineID: 'bench', systemUUID: 'bench', architecture: 'amd64', operatingSystem: 'linux' },
      ...{ osImage: 'Debian GNU/Linux 12', kernelVersion: '6.1.0', kubeletVersion: 'v1.34.2', kubeProxyVersion: '' },
      containerRuntimeVersion: 'containerd://2.1.0',
    },
  },
})

/** Who a pod or workload is made by. */
export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

const owned = (owner: Owner | undefined) => owner && { ownerReferences: [{ ...owner, controller: true }] }

const probe = (path: string) => ({ httpGet: { path, port: 8080 }, periodSeconds: 10 })

const container = (app: string, name: string, settings: number) => ({
  name,
  image: `registry.example/team/${app}-${name}:1.2.3`,
  ports: [{ name: 'http', containerPort: 8080 }],
  resources: {
    limits: { memory: '256Mi', cpu: '500m', 'ephemeral-storage': '1Gi' },
    requests: { memory: '64Mi', cpu: '100m', 'ephemeral-storage': '100Mi' },
  },
  livenessProbe: { exec: { command: ['/bin/true'] }, periodSeconds: 10 },
  readinessProbe: probe('/ready'),
  startupProbe: probe('/started'),
  securityContext: {
    ...{ privileged: false, runAsNonRoot: true, runAsUser: 1000, readOnlyRootFilesystem: true },
    ...{ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  env: [
    ...Array.from({ length: settings }, (_, n) => ({ name: `SETTING_${n}`, value: 'v'.repeat(40) })),
    { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: `${app}-database`, key: 'password' } } },
  ],
  envFrom: [{ configMapRef: { name: `${app}-flags` } }],
  volumeMounts: [
    { name: 'settings', mountPath: '/etc/app' },
    { name: 'certificates', mountPath: '/etc/tls', readOnly: true },
    { name: 'scratch', mountPath: '/tmp' },
    { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
  ],
})

const podTemplate = (app: string, labels: Record<string, string>) => ({
  metadata: { labels, annotations: { 'example.com/config': 'x'.repeat(500) } },
  spec: {
    ...{ serviceAccountName: app, schedulerName: 'default-scheduler', dnsPolicy: 'ClusterFirst' },
    ...{ terminationGracePeriodSeconds: 30, hostNetwork: false, shareProcessNamespace: false },
    tolerations: [{ key: 'team', operator: 'Equal', value: 'shop', effect: 'NoSchedule' }],
    volumes: [
      { name: 'settings', configMap: { name: `${app}-settings` } },
      { name: 'certificates', secret: { secretName: `${app}-tls` } },
      { name: 'scratch', emptyDir: {} },
      { name: 'kube-api-access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    ],
    containers: [container(app, 'app', 30), container(app, 'proxy', 15)],
  },
})

/** A Deployment, a ReplicaSet of it, or a Job: what pods of an app are made from. */
export const workloadOf = (kind: 'Deployment' | 'ReplicaSet' | 'Job', app: string, owner?: Owner) => {
  const labels = { app, tier: 'web', team: 'shop', 'app.kubernetes.io/part-of': 'shop' }
  const template = podTemplate(app, labels)
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: app, ...owned(owner) },
    spec:
      kind === 'Job'
        ? { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }
        : { selector: { matchLabels: { app } }, template },
  }
}

/** A pod of such a workload. */
export const podOf = (nodeName: string, app: string, name: string, owner: Owner) => {
  const labels = {
    ...{ app, tier: 'web', team: 'shop', 'app.kubernetes.io/part-of': 'shop' },
    ...{ 'app.kubernetes.io/name': app, 'app.kubernetes.io/version': '1.2.3', 'pod-template-hash': '5c9b6d7cfd' },
  }
  const { metadata, spec } = podTemplate(app, labels)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, ...owned(owner) },
    spec: { ...spec, nodeName },
  }
}

/** A container's present run and the one before it, as a kubelet tells them. */
export interface Run {
  readonly name: string
  readonly id: string
  readonly previous: string
  readonly restarts: number
}

/** The status of a pod that runs. */
export const runningOf = (index: number, runs: readonly Run[]) => ({
  status: {
    phase: 'Running',
    qosClass: 'Burstable',
    startTime: started,
    hostIP: '192.0.2.1',
    ...{ podIP: `10.1.0.${index % 250}`, podIPs: [{ ip: `10.1.0.${index % 250}` }] },
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
      (type) => ({ type, status: 'True', lastTransitionTime: started }),
    ),
    containerStatuses: runs.map(({ name, id, previous, restarts }) => ({
      ...{ name, image: `registry.example/team/${name}:1.2.3`, imageID: digest(7), ready: true, started: true },
      ...{ restartCount: restarts, containerID: `containerd://${id}`, state: { running: { startedAt: started } } },
      lastState: {
        terminated: {
          ...{ containerID: `containerd://${previous}`, reason: 'OOMKilled', exitCode: 137 },
          ...{ startedAt: started, finishedAt: started },
        },
      },
    })),
  },
})
