import assert from 'node:assert/strict'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { k8sContext } from '../../graph/model/context.ts'
import { problemsOfContext } from '../../graph/model/validate.ts'
import { type ApiServerOnly, controlPlaneUnavailable, startControlPlane } from '../../test/cluster/control-plane.ts'
import { type Attributed, NodePods } from './pods.ts'

const planted = 'planted-secret-value'
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'own',
    labels: {
      'topology.kubernetes.io/zone': 'zone-a',
      'topology.kubernetes.io/region': 'region-1',
      'node.kubernetes.io/instance-type': 'large',
    },
  },
  spec: { unschedulable: true },
}
const nodeStatus = (heartbeat: string) => ({
  allocatable: { memory: '4Gi', cpu: '1500m' },
  conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: heartbeat, reason: 'KubeletReady' }],
  nodeInfo: {
    ...{ machineID: '0123', bootID: 'boot-1', architecture: 'amd64', operatingSystem: 'linux', osImage: 'Debian 13' },
    ...{ kernelVersion: '6.12.1', kubeletVersion: 'v1.34.0', containerRuntimeVersion: 'containerd://2.1.4' },
  },
})

/** Of all that a context tells, something. Nothing that it must not tell is missing either. */
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'whole',
    namespace: 'default',
    labels: { app: 'whole' },
    annotations: { 'team.example/owner': 'shop', [lastApplied]: planted, other: planted },
    // Deleted, it stays for the test.
    finalizers: ['aitia.test/keep'],
  },
  spec: {
    ...{ nodeName: 'own', hostNetwork: true, hostPID: true, hostIPC: true, shareProcessNamespace: false },
    ...{ priorityClassName: 'system-node-critical', runtimeClassName: 'plain', terminationGracePeriodSeconds: 7 },
    serviceAccountName: 'shop',
    initContainers: [{ name: 'setup', image: 'setup:1' }],
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    tolerations: [{ operator: 'Exists' }],
    volumes: [
      { name: 'settings', configMap: { name: 'shop-settings' } },
      { name: 'scratch', emptyDir: {} },
      { name: 'logs', hostPath: { path: '/var/log' } },
      { name: 'data', persistentVolumeClaim: { claimName: 'shop-data' } },
      { name: 'keys', secret: { secretName: 'shop-keys' } },
    ],
    containers: [
      {
        ...{ name: 'app', image: 'app:1', command: [planted], args: [planted] },
        ports: [{ name: 'http', containerPort: 8080 }],
        envFrom: [{ configMapRef: { name: 'shop-env' } }, { secretRef: { name: 'shop-password' } }],
        env: [
          { name: 'PLAIN', value: planted },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'shop-password', key: planted } } },
          { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'shop-mode', key: 'mode' } } },
        ],
        resources: {
          limits: { memory: '64Mi', cpu: '250m', 'ephemeral-storage': '1Gi' },
          requests: { memory: '32Mi', cpu: '100m', 'ephemeral-storage': '512Mi' },
        },
        livenessProbe: { exec: { command: [planted] } },
        readinessProbe: { httpGet: { port: 8080, httpHeaders: [{ name: 'Authorization', value: planted }] } },
        startupProbe: { tcpSocket: { port: 8080 } },
        securityContext: {
          ...{ privileged: false, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 1000 },
          capabilities: { add: ['NET_ADMIN'] },
        },
      },
    ],
  },
}
const podStatus = (probedAt: string) => ({
  ...{ phase: 'Running', reason: 'Evicted', message: planted, startTime: '2026-01-01T10:00:00Z' },
  ...{ podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }, { ip: 'fd00::9' }], hostIP: '10.0.0.1' },
  conditions: [
    { type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: planted, lastProbeTime: probedAt },
    { type: 'PodScheduled', status: 'True' },
  ],
  initContainerStatuses: [
    {
      ...{ name: 'setup', image: 'setup:1', imageID: '', ready: false, restartCount: 0 },
      state: { waiting: { reason: 'ImagePullBackOff', message: planted } },
    },
  ],
  containerStatuses: [
    {
      ...{ name: 'app', image: 'app:1', imageID: 'sha256:1', containerID: 'containerd://c1' },
      ...{ ready: false, started: true, restartCount: 3 },
      state: { running: { startedAt: '2026-01-01T10:02:00Z' } },
      lastState: {
        terminated: {
          ...{ reason: 'OOMKilled', exitCode: 137, signal: 9, finishedAt: '2026-01-01T10:01:59Z' },
          ...{ startedAt: '2026-01-01T10:01:00Z', message: planted, containerID: 'containerd://c0' },
        },
      },
    },
  ],
})

suite('K8sContext of a pod in a real kube-apiserver', { skip: (await controlPlaneUnavailable()) ?? false }, () => {
  let server: ApiServerOnly
  let uid: string
  const setStatus = (kind: string, name: string, status: object) =>
    server.kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  before(async () => {
    server = await startControlPlane()
    await server.apply(node)
    await setStatus('node', 'own', nodeStatus('2026-01-01T10:00:00Z'))
    await server.apply({
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'plain' },
      handler: 'x',
    })
    await server.apply({
      ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'nightly', namespace: 'default' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }] } } },
    })
    const owner = await server.kubectl('get', 'job', 'nightly', '-o', 'jsonpath={.metadata.uid}')
    const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'nightly', uid: owner, controller: true }]
    await server.apply({ ...pod, metadata: { ...pod.metadata, ownerReferences } })
    await setStatus('pod', 'whole', podStatus('2026-01-01T10:00:00Z'))
    uid = await server.kubectl('get', 'pod', 'whole', '-o', 'jsonpath={.metadata.uid}')
    await server.kubectl('delete', 'pod', 'whole', '--wait=false')
  })
  after(() => server?.stop())

  const watch = (t: TestContext, nodeName?: string): NodePods => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(server.kubeconfig)
    const pods = new NodePods({
      ...{ kubeConfig, annotationPrefixes: ['team.example/', 'kubectl.kubernetes.io/'], bootId: 'boot-1' },
      log: { warn: (message: string) => t.diagnostic(message) },
      ...(nodeName !== undefined && { nodeName }),
    })
    t.after(() => pods.stop())
    pods.start()
    return pods
  }
  const until = async (find: () => Attributed | undefined | false): Promise<Attributed> => {
    for (const end = Date.now() + 30_000; ; await sleep(20)) {
      const found = find()
      if (found) return found
      if (Date.now() > end) throw new Error('not there in 30 s')
    }
  }
  const whole = (pods: NodePods) => () => {
    const found = pods.find(uid, 'c1')
    return found?.workloadName !== undefined && found.context.zone !== undefined && found
  }

  for (const nodeName of ['own', undefined])
    test(`tells each field that is documented, of a node that is ${nodeName ? 'named' : 'found by its boot'}`, async (t) => {
      const pods = watch(t, nodeName)
      const { context } = await until(whole(pods))
      const { context: waiting } = pods.find(uid, undefined, 'setup')!
      for (const each of [context, waiting]) {
        assert.deepEqual(problemsOfContext(each), [])
        assert.doesNotMatch(JSON.stringify(each), new RegExp(planted))
      }
      assert.deepEqual(Object.keys({ ...context, ...waiting }).sort(), Object.keys(k8sContext.fields).sort())
      assert.deepEqual([waiting.containerRole, waiting.containerStateReason], ['init', 'ImagePullBackOff'])
      assert.deepEqual(context.annotations, { 'team.example/owner': 'shop' })
      assert.deepEqual(context.envFrom, [
        { kind: 'ConfigMap', name: 'shop-env' },
        { kind: 'Secret', name: 'shop-password' },
        { kind: 'ConfigMap', name: 'shop-mode' },
      ])
      assert.deepEqual(
        context.volumes?.filter(({ name }) => !name.startsWith('kube-api-access')),
        [
          { name: 'settings', kind: 'configMap', source: 'shop-settings' },
          { name: 'scratch', kind: 'emptyDir' },
          { name: 'logs', kind: 'hostPath', source: '/var/log' },
          { name: 'data', kind: 'persistentVolumeClaim', source: 'shop-data' },
          { name: 'keys', kind: 'secret', source: 'shop-keys' },
        ],
      )
      const { workloadKind, podReady, lastExitCode, lastTerminationReason, containerState, livenessProbe } = context
      assert.deepEqual(
        { workloadKind, podReady, lastExitCode, lastTerminationReason, containerState, livenessProbe },
        {
          ...{ workloadKind: 'Job', podReady: false, lastExitCode: 137, lastTerminationReason: 'OOMKilled' },
          ...{ containerState: 'running', livenessProbe: 'exec' },
        },
      )
      const { nodeMemory, nodeCpu, storageLimit, terminationGrace, startedAt, runAsUser, runAsNonRoot } = context
      assert.deepEqual(
        [nodeMemory, nodeCpu, storageLimit, terminationGrace, startedAt, runAsUser, runAsNonRoot],
        [2 ** 32, 1500, 2 ** 30, 7, Date.UTC(2026, 0, 1, 10) * 1000, 1000, true],
      )
    })

  test('quantities that are no whole number, or larger than integers go, make a context all the same', async (t) => {
    const resources = { limits: { memory: '0.3Gi', cpu: '1.5', 'ephemeral-storage': '10Pi' } }
    await server.apply({ ...node, metadata: { name: 'odd' } })
    await server.apply({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'odd', namespace: 'default' } },
      spec: {
        ...{ nodeName: 'odd', terminationGracePeriodSeconds: 2 ** 60 },
        containers: [{ name: 'app', image: 'app:1', resources }],
      },
    })
    await setStatus('node', 'odd', { allocatable: { memory: '4095.3Mi', cpu: '1500100u' } })
    const odd = await server.kubectl('get', 'pod', 'odd', '-o', 'jsonpath={.metadata.uid}')
    const pods = watch(t, 'odd')
    const { context } = await until(() => {
      const found = pods.find(odd, undefined, 'app')
      return found?.context.nodeMemory !== undefined && found
    })
    assert.deepEqual(problemsOfContext(context), [])
    const { memoryLimit, cpuLimit, storageLimit, nodeMemory, nodeCpu, terminationGrace } = context
    assert.deepEqual(
      [memoryLimit, cpuLimit, storageLimit, nodeMemory, nodeCpu, terminationGrace],
      [322_122_548, 1500, Number.MAX_SAFE_INTEGER, 4_294_233_293, 1501, Number.MAX_SAFE_INTEGER],
    )
  })

  test('a heartbeat of the node or a probe of the pod makes no other context; a change of the node does', async (t) => {
    const pods = watch(t, 'own')
    const first = await until(whole(pods))
    await setStatus('node', 'own', nodeStatus('2026-01-01T10:05:00Z'))
    await setStatus('pod', 'whole', podStatus('2026-01-01T10:05:00Z'))
    await server.kubectl('label', 'pod', 'whole', 'seen=1')
    const second = await until(() => pods.find(uid, 'c1')?.context.labels.seen === '1' && pods.find(uid, 'c1'))
    const { seen: _, ...labels } = second.context.labels
    assert.deepEqual({ ...second.context, labels }, first.context)
    await server.kubectl('label', 'pod', 'whole', 'seen-')
    const third = await until(() => pods.find(uid, 'c1')?.context.labels.seen === undefined && pods.find(uid, 'c1'))
    assert.equal(third.contextKey, first.contextKey)
    await server.kubectl('uncordon', 'own')
    await until(() => pods.find(uid, 'c1')?.context.nodeUnschedulable === undefined && pods.find(uid, 'c1'))
  })
})
