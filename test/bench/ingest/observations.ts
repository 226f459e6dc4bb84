/** What the writer's benchmark writes: pods of one lane, and what happens to them. */
import {
  type EventObservation,
  laneOf,
  type ObjectRef,
  type StateObservation,
} from '../../../graph/model/observation.ts'

/** The one lane of all that is written. */
export const LANE = 3
export const NODES: ObjectRef[] = Array.from({ length: 20 }, (_, n) => ({
  kind: 'Node',
  key: `node${n}`,
  name: `node${n}`,
}))

/** Keys that fall into one lane, so that a batch is full. */
export const keysOf = (prefix: string, count: number): string[] => {
  const keys: string[] = []
  for (let n = 0; keys.length < count; n++) if (laneOf(`${prefix}${n}`, 8) === LANE) keys.push(`${prefix}${n}`)
  return keys
}

const podOf = (key: string): ObjectRef => ({ kind: 'Pod', key, name: key, namespace: 'shop' })
const containerOf = (pod: ObjectRef): ObjectRef => ({ kind: 'Container', key: `${pod.key}-c`, name: 'app' })

/** Five events of each pod, as one that runs out of memory has them. */
export const eventsOf = (round: number, pods: readonly string[]): EventObservation[] =>
  pods.flatMap((key, index) => {
    const at = 1_000_000_000 + round * 10_000_000 + index
    const pod = podOf(key)
    const seen = { type: 'event', uncertainty: 0, pod, workloadName: 'checkout', contextKey: 'digest' } as const
    const kernel = {
      ...seen,
      source: 'ebpf@h1',
      host: 'h1',
      bootId: 'b1',
      object: containerOf(pod),
      containerName: 'app',
    }
    const api = { ...seen, source: 'kubernetes@cluster' }
    const of = (nth: number) => ({
      id: `${round}/${index}/${nth}`,
      at: at + nth * 1_000_000,
      observedAt: at + nth * 1_000_000,
    })
    const process = { pid: index, nsPid: 1, startBootClock: at, command: 'app' }
    return [
      {
        ...kernel,
        ...of(0),
        kind: 'process-exec',
        bootClock: at,
        sequence: index,
        fields: { ...process, file: '/app' },
      },
      { ...kernel, ...of(1), kind: 'memory-pressure', fields: { reclaims: 20, stalled: 900, lastAt: at + 1_900_000 } },
      {
        ...kernel,
        ...of(2),
        kind: 'process-exit',
        bootClock: at,
        sequence: index,
        fields: { ...process, firstProcess: true, exitCode: 0, signal: 9 },
      },
      {
        ...{ ...api, ...of(3), kind: 'container-terminated', object: containerOf(pod), containerName: 'app' },
        fields: { reason: 'OOMKilled', exitCode: 137, startedAt: at, finishedAt: at, restartCount: 0, role: 'main' },
      },
      {
        ...api,
        ...of(4),
        kind: 'pod-ready-changed',
        object: pod,
        fields: { ready: false, reason: 'ContainersNotReady' },
      },
    ] as EventObservation[]
  })

export const stateOf = (key: string, at: number, node: number): StateObservation => ({
  ...{ type: 'state', object: podOf(key), at, version: at, uncertainty: 0, source: 'kubernetes@cluster' },
  body: {
    labels: ['app=checkout', 'tier=web'],
    phase: 'Running',
    ready: true,
    nodeName: `node${node}`,
    podIps: ['10.0.0.1'],
  },
  relations: [
    {
      kind: 'OWNS',
      from: { kind: 'Workload', key: 'rs1', name: 'rs1', namespace: 'shop', workloadKind: 'ReplicaSet' },
    },
    { kind: 'RUNS_ON', to: NODES[node] as ObjectRef },
    { kind: 'HOLDS', to: { kind: 'Address', key: `ip-${key}`, name: `ip-${key}` } },
    { kind: 'RUNS', to: containerOf(podOf(key)), since: at, properties: { containerName: 'app', role: 'main' } },
  ],
})
