import type { Declaration } from '../../../../graph/model/observation.ts'
import {
  type ContainerRole,
  containerIdOf,
  containersOf,
  type PodContainer,
} from '../../../attribution/pod-containers.ts'
import { podKeyOf } from '../../../attribution/pod-key.ts'
import { controllerOf } from '../../../reflector/owner.ts'
import { conditionsOf, cut } from '../facts/conditions.ts'
import { overwrittenRuns, podFacts } from '../facts/pod-facts.ts'
import { type Lifecycle, lifecycleOf, unseenEnd } from '../facts/pod-lifecycle.ts'
import { declarationsOf, nameRefsOf, type PodReference, podReferencesOf } from '../facts/pod-references.ts'
import { type Specified, specifiedOf } from '../facts/spec-change.ts'
import { statusWrittenAt, type Written } from '../facts/stamps.ts'
import {
  canonicalAddress,
  defineKind,
  given,
  holds,
  labelsOf,
  type NameRef,
  owns,
  type Raw,
  type Thing,
  timeOf,
  trimMeta,
} from '../kind.ts'
import { policiesOf, policiesOn } from './network-policy.ts'

/** One run of a container, seen in `state` or `lastState`. */
export interface Run {
  readonly id: string
  readonly name: string
  readonly role: ContainerRole
  readonly image: string
  readonly restartCount: number
  /** µs; absent where it never started. */
  readonly startedAt?: number
  readonly terminated?: {
    readonly finishedAt: number
    readonly reason: string
    readonly exitCode: number
    readonly signal?: number
    readonly message?: string
  }
}

export interface Waiting {
  readonly name: string
  readonly reason: string
  readonly message?: string
  readonly restartCount: number
  /** When its last run ended, µs, and how. */
  readonly lastFinishedAt?: number
  readonly lastReason?: string
}

export interface Pod extends Thing, Written, Lifecycle, Specified {
  readonly phase: string
  readonly nodeName: string | undefined
  /** Those that it holds: none on the host's network, none once it is terminal. */
  readonly addresses: readonly string[]
  readonly references: readonly PodReference[]
  /** Whether policies can hold for it: not on the host's network. */
  readonly hasPolicies: boolean
  readonly runs: readonly Run[]
  readonly waiting: readonly Waiting[]
  /** Runs of which the kubelet does not know what they were: `container/restarts`. */
  readonly unknownRuns: readonly string[]
  readonly ready?: { readonly ready: boolean; readonly at: number; readonly reason?: string; readonly message?: string }
  /** When the kubelet took it on, µs. */
  readonly startedAt?: number
  readonly failed?: { readonly reason: string; readonly message?: string }
}

/** A container waits for these on its way to its start; they explain nothing. */
const onTheWay = new Set(['ContainerCreating', 'PodInitializing'])

const nodeOf = (nodeName: string): NameRef => ({ kind: 'Node', namespace: '', name: nodeName, lasting: true })

export default defineKind<Pod>({
  path: '/api/v1/pods',
  object: 'Pod',
  tells: [
    ...(['pod-created', 'pod-scheduled', 'pod-ready-changed', 'pod-failed', 'pod-evicted', 'pod-deleted'] as const),
    ...(['container-started', 'container-terminated', 'container-waiting', 'spec-changed'] as const),
  ],
  trim: (raw) => {
    const { spec = {}, status = {} } = raw as Raw
    const containers = containersOf(raw)
    const phase: string = status.phase ?? 'Pending'
    const isTerminal = phase === 'Succeeded' || phase === 'Failed'
    const ips: string[] = (status.podIPs ?? []).map(({ ip }: Raw) => canonicalAddress(ip))
    const ready = conditionsOf(status).find(({ type }) => type === 'Ready')
    const meta = trimMeta(raw, 'Pod')
    return {
      ...meta,
      ref: { ...meta.ref, key: podKeyOf(raw) },
      owner: controllerOf(raw),
      phase,
      nodeName: spec.nodeName || undefined,
      ...lifecycleOf(raw),
      ...specifiedOf(raw, changeable(spec)),
      addresses: spec.hostNetwork === true || isTerminal ? [] : ips,
      references: podReferencesOf(raw),
      hasPolicies: spec.hostNetwork !== true,
      runs: containers.flatMap(runsOf),
      waiting: containers.flatMap(waitingOf),
      unknownRuns: containers.flatMap(unknownRunsOf),
      ...(ready?.at !== undefined && {
        ready: {
          ready: ready.status === 'True',
          at: ready.at,
          ...given({ reason: ready.reason || undefined, message: ready.message }),
        },
      }),
      ...given({ startedAt: timeOf(status.startTime) }),
      ...(phase === 'Failed' && {
        failed: { reason: status.reason ?? '', ...given({ message: cut(status.message) }) },
      }),
      statusAt: statusWrittenAt(raw),
      body: given({
        labels: labelsOf(raw),
        phase,
        ready: ready?.status === 'True',
        nodeName: spec.nodeName || undefined,
        podIps: ips.length ? ips : undefined,
        hostNetwork: spec.hostNetwork,
        qosClass: status.qosClass,
        restartPolicy: spec.restartPolicy,
        containers: containers.map(
          ({ name, role, memoryLimit, restartCount }) => `${name}=${role}:${memoryLimit ?? '-'}:${restartCount}`,
        ),
      }),
    }
  },
  references: ({ nodeName, references, hasPolicies, ref: { namespace = '' } }) => [
    ...(nodeName === undefined ? [] : [nodeOf(nodeName)]),
    ...nameRefsOf(references, namespace),
    ...(hasPolicies ? [policiesOf(namespace)] : []),
  ],
  // (owner)-[:OWNS]->(Pod)-[:RUNS_ON]->(Node), (Pod)-[:RUNS]->(Container), (Pod)-[:HOLDS]->(Address),
  // (Pod)-[:MOUNTS|READS_ENV_FROM]->(ConfigMap|Secret|PersistentVolumeClaim), (Pod)-[:USES]->(ServiceAccount|Secret), (NetworkPolicy)-[:APPLIES_TO]->(Pod)
  relations: (pod, resolve, among) => {
    const { nodeName, scheduling, runs, addresses, references, hasPolicies, body, ref } = pod
    const namespace = ref.namespace ?? ''
    const scheduledAt = scheduling?.status === 'True' ? scheduling.at : undefined
    const runsOn: Declaration[] =
      nodeName === undefined
        ? []
        : [{ kind: 'RUNS_ON', to: resolve(nodeOf(nodeName)), ...given({ since: scheduledAt }) }]
    const containers = runs.map(
      ({ id, name, role, startedAt }): Declaration => ({
        kind: 'RUNS',
        to: { kind: 'Container', key: id, name, ...given({ namespace: ref.namespace }) },
        ...given({ since: startedAt }),
        properties: { containerName: name, role },
      }),
    )
    return [
      ...[...owns(pod), ...runsOn, ...containers, ...holds(addresses)],
      ...declarationsOf(references, namespace, resolve),
      ...(hasPolicies ? policiesOn(body.labels as readonly string[], namespace, among) : []),
    ]
  },
  facts: podFacts,
  unseenEnd,
  omits: (pod, previous) => [
    ...pod.unknownRuns.map((id) => ({ what: 'runs.unknown', id })),
    ...overwrittenRuns(pod, previous).map((id) => ({ what: 'runs.overwritten', id })),
  ],
})

/** All of a pod's spec that may differ while it lives, but for the node that it is bound to. */
function changeable({ initContainers, containers, ephemeralContainers, activeDeadlineSeconds, schedulingGates }: Raw) {
  const [inits, mains, ephemerals] = [initContainers, containers, ephemeralContainers].map((all: Raw[] | undefined) =>
    all?.map(({ name, image, resources }) => ({ name, image, resources })),
  )
  return {
    ...{ initContainers: inits, containers: mains, ephemeralContainers: ephemerals },
    ...{ activeDeadlineSeconds, schedulingGates },
  }
}

/** The run before and the present one, or its end: the status tells no more of a container. */
function runsOf({ name, role, image, restartCount, id, state, lastState }: PodContainer): Run[] {
  const runs: Run[] = []
  const container = { name, role, image }
  const ended = (terminated: NonNullable<typeof state.terminated>, count: number) => {
    const { exitCode, reason, signal, message } = terminated
    const finishedAt = timeOf(terminated.finishedAt)
    const runId = containerIdOf(terminated.containerID)
    if (runId === undefined || finishedAt === undefined) return
    runs.push({
      ...{ id: runId, ...container, restartCount: count },
      ...given({ startedAt: timeOf(terminated.startedAt) }),
      terminated: { finishedAt, reason: reason ?? '', exitCode, ...given({ signal, message: cut(message) }) },
    })
  }
  if (lastState.terminated) {
    // While it waits to be started again, what ended last is still the one that counts.
    const isCounted = containerIdOf(lastState.terminated.containerID) === id
    ended(lastState.terminated, isCounted ? restartCount : Math.max(0, restartCount - 1))
  }
  if (state.terminated) ended(state.terminated, restartCount)
  const startedAt = timeOf(state.running?.startedAt)
  if (id !== undefined && startedAt !== undefined) runs.push({ id, ...container, restartCount, startedAt })
  return runs
}

/** ContainerStatusUnknown: the kubelet lost the container, and knows neither its id nor its end. */
function unknownRunsOf({ name, restartCount, state, lastState }: PodContainer): string[] {
  const isUnknown = ({ terminated }: typeof state) =>
    terminated && (containerIdOf(terminated.containerID) === undefined || timeOf(terminated.finishedAt) === undefined)
  return [
    ...(isUnknown(lastState) ? [`${name}/${restartCount - 1}`] : []),
    ...(isUnknown(state) ? [`${name}/${restartCount}`] : []),
  ]
}

function waitingOf({ name, restartCount, state, lastState }: PodContainer): Waiting[] {
  const { reason, message } = state.waiting ?? {}
  if (!reason || onTheWay.has(reason)) return []
  const { finishedAt, reason: lastReason } = lastState.terminated ?? {}
  const last = { lastFinishedAt: timeOf(finishedAt), lastReason: lastReason || undefined }
  return [{ name, reason, restartCount, ...given({ message: cut(message), ...last }) }]
}
