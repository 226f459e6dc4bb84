/** A small cluster in observations: Deployment shop/checkout with three pods behind a Service on one node, watched by two sources. */
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import type {
  EventObservation,
  HeartbeatObservation,
  ObjectRef,
  Observation,
  StateObservation,
} from '../../graph/model/observation.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import { RECORDING_VERSION, type Recording } from '../../graph/model/recording.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'

export const KUBERNETES = sourceOf('kubernetes')
export const EBPF = sourceOf('ebpf', 'host-1')

const deployment: ObjectRef = {
  kind: 'Workload',
  workloadKind: 'Deployment',
  key: 'd1',
  name: 'checkout',
  namespace: 'shop',
}
const replicaSet: ObjectRef = {
  kind: 'Workload',
  workloadKind: 'ReplicaSet',
  key: 'r1',
  name: 'checkout-7d9',
  namespace: 'shop',
}
const node: ObjectRef = { kind: 'Node', key: 'n1', name: 'node-1' }
const host: ObjectRef = { kind: 'Host', key: 'host-1', name: 'node-1' }
const service: ObjectRef = { kind: 'Service', key: 's1', name: 'checkout', namespace: 'shop' }
const slice: ObjectRef = { kind: 'EndpointSlice', key: 'e1', name: 'checkout-x', namespace: 'shop' }
const pod = (number: number): ObjectRef => ({
  kind: 'Pod',
  key: `p${number}`,
  name: `checkout-7d9-${number}`,
  namespace: 'shop',
})
const container = (id: string): ObjectRef => ({ kind: 'Container', key: id })

const state = (
  object: ObjectRef,
  at: number,
  body: StateObservation['body'],
  relations: StateObservation['relations'] = [],
): StateObservation => ({
  type: 'state',
  object,
  at,
  version: at,
  uncertainty: 0,
  source: KUBERNETES,
  body: { ...('labels' in OBJECTS[object.kind].body ? { labels: [] } : {}), ...body },
  relations,
  ...(object.kind === 'Pod' ? { pod: object } : {}),
})

const event = <K extends EventName>(
  kind: K,
  id: string,
  at: number,
  source: string,
  more: Omit<EventObservation<K>, 'type' | 'kind' | 'id' | 'at' | 'uncertainty' | 'observedAt' | 'source'> & {
    uncertainty?: number
  },
): EventObservation<K> => ({ type: 'event', kind, id, at, uncertainty: 0, observedAt: at, source, ...more })

export const heartbeat = (source: string, since: number, watermark: number, ended?: true): HeartbeatObservation => ({
  type: 'heartbeat',
  source,
  session: `${source}-1`,
  since,
  watermark,
  at: watermark,
  ...(ended ? { ended } : {}),
})

const podState = (number: number, at: number, ready: boolean): StateObservation =>
  state(pod(number), at, { phase: 'Running', ready, nodeName: 'node-1', containers: [`app=main:268435456:0`] }, [
    { kind: 'OWNS', from: replicaSet },
    { kind: 'RUNS_ON', to: node },
    { kind: 'RUNS', to: container(`c${number}`), properties: { containerName: 'app', role: 'main' } },
  ])

const sliceState = (at: number, ready: readonly boolean[]): StateObservation =>
  state(
    slice,
    at,
    { serviceName: 'checkout', endpoints: ready.length, readyEndpoints: ready.filter(Boolean).length },
    ready.map((isReady, index) => ({
      kind: 'SELECTS',
      from: service,
      to: pod(index + 1),
      properties: { ready: isReady },
    })),
  )

const deploymentState = (at: number, ready: number): StateObservation =>
  state(deployment, at, { workloadKind: 'Deployment', replicas: 3, readyReplicas: ready })

/** What was there before anything happened: all three pods ready since `at`. */
export const healthy = (at: number): Observation[] => [
  state(host, at, { hostname: 'node-1' }),
  state(node, at, { machineId: 'host-1' }, [{ kind: 'ON', to: host }]),
  deploymentState(at, 3),
  state(replicaSet, at, { workloadKind: 'ReplicaSet', replicas: 3, readyReplicas: 3 }, [
    { kind: 'OWNS', from: deployment },
  ]),
  ...[1, 2, 3].map((number) => podState(number, at, true)),
  state(service, at, { serviceType: 'ClusterIP' }),
  sliceState(at, [true, true, true]),
]

/** Pod 1's container is OOM-killed at `at` and is back 30 s later. */
export const outOfMemory = (at: number): Observation[] => [
  event('memory-pressure', `pressure-${at}`, at - 12 * SECOND, EBPF, {
    host: 'host-1',
    object: container('c1'),
    pod: pod(1),
    containerName: 'app',
    workloadName: 'checkout',
    fields: { reclaims: 214, stalled: 3 * SECOND, lastAt: at - 10_000 },
  }),
  event('oom-kill', `oom-${at}`, at, EBPF, {
    host: 'host-1',
    object: container('c1'),
    pod: pod(1),
    containerName: 'app',
    workloadName: 'checkout',
    fields: {
      global: false,
      limitBytes: 268435456,
      usageBytes: 268435456,
      oomGroup: false,
      firstProcessKilled: true,
      triggerPid: 41172,
      triggerCommand: 'node',
      victimPids: [41172],
      victimNsPids: [1],
      victimCommands: ['node'],
      victimBytes: [263192576],
      victimStartBootClocks: [1],
    },
  }),
  event('container-terminated', `end-${at}`, Math.floor(at / SECOND) * SECOND, KUBERNETES, {
    uncertainty: SECOND,
    object: container('c1'),
    pod: pod(1),
    containerName: 'app',
    fields: {
      reason: 'OOMKilled',
      exitCode: 137,
      startedAt: at - MINUTE,
      finishedAt: Math.floor(at / SECOND) * SECOND,
      restartCount: 3,
      role: 'main',
    },
  }),
  podState(1, at + SECOND, false),
  sliceState(at + SECOND, [false, true, true]),
  deploymentState(at + SECOND, 2),
  podState(1, at + 30 * SECOND, true),
  sliceState(at + 30 * SECOND, [true, true, true]),
  deploymentState(at + 30 * SECOND, 3),
]

/** Observations as a document, so that `loadRecording` takes them. */
export const recordingOf = (observations: readonly Observation[]): Recording => ({
  format: 'aitia-recording',
  version: RECORDING_VERSION,
  title: 'shop',
  observations,
})
