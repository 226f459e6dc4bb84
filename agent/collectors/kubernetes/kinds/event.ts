import type { ObjectKind } from '../../../../graph/model/define.ts'
import { EVENTS, OBJECTS } from '../../../../graph/model/generated/registry.ts'
import type { ObjectName } from '../../../../graph/model/generated/types.ts'
import type { ObjectRef } from '../../../../graph/model/observation.ts'
import { SECOND } from '../../../../graph/model/time.ts'
import { defineKind, given, type NameRef, type Raw, type Resolve, type Trimmed, timeOf, trimAny } from '../kind.ts'

/** An Event tells again what states tell: that a pod was scheduled, its image pulled, its container started. */
const routine = new Set([
  ...['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'SuccessfulCreate', 'SuccessfulDelete', 'Completed'],
  ...['SawCompletedJob', 'LeaderElection', 'NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID'],
  ...['RegisteredNode', 'NodeAllocatableEnforced', 'Starting', 'ScalingReplicaSet'],
])

const messageLimit = 1024
const workloadKinds: readonly string[] = OBJECTS.Workload.alsoLabelled ?? []
const objects: readonly string[] = EVENTS['kubernetes-event'].about

interface KubernetesEvent extends Trimmed {
  readonly about: { kind: string; name: string; namespace: string; uid: string | undefined; containerName?: string }
  readonly firstAt: number
  readonly lastAt: number
  readonly count: number
  /** Absent of what is routine: most Events are, and nothing more is told of them. */
  readonly words?: {
    readonly eventType: string
    readonly reason: string
    readonly message: string
    readonly component: string
  }
}

/** core/v1 Event; events.k8s.io/v1 shows the same objects. */
export default defineKind<KubernetesEvent>({
  path: '/api/v1/events',
  tells: ['kubernetes-event'],
  trim: (raw) => {
    const event = raw as Raw
    const meta = trimAny(raw)
    const { kind, name, namespace, uid, fieldPath } = event.involvedObject ?? {}
    const lastAt = timeOf(event.series?.lastObservedTime) ?? timeOf(event.lastTimestamp) ?? timeOf(event.eventTime)
    const firstAt = timeOf(event.firstTimestamp) ?? timeOf(event.eventTime) ?? meta.createdAt
    return {
      ...meta,
      about: {
        ...{ kind, name, namespace: namespace ?? '', uid: uid || undefined },
        ...given({ containerName: /^spec\.\w*[cC]ontainers\{(.+)\}$/.exec(fieldPath ?? '')?.[1] }),
      },
      firstAt,
      lastAt: Math.max(firstAt, lastAt ?? meta.createdAt),
      count: event.series?.count ?? event.count ?? 1,
      ...given({ words: isRoutine(event) ? undefined : wordsOf(event) }),
    }
  },
  omits: (event) => {
    const { kind, namespace, name } = event.about
    const isOfModel = kind === 'Node' || referenceOf(kind, namespace, name) !== undefined
    const id = String(event.count)
    if (!isOfModel) return [{ what: 'events.of-other-kinds', id }]
    return event.words ? [] : [{ what: 'events.routine', id }]
  },
  facts: (event, { resolve }) => {
    const { uid, firstAt, lastAt, count, about, words } = event
    const object = words && objectOf(about, resolve)
    if (!object) return []
    const { reason, eventType, message, component } = words
    return [
      {
        kind: 'kubernetes-event',
        id: `kubernetes-event/${uid}/${count}`,
        at: firstAt,
        uncertainty: lastAt - firstAt + SECOND,
        object,
        ...(object.kind === 'Pod' && { pod: object }),
        ...given({ containerName: about.containerName }),
        fields: { reason, eventType, message, count, lastAt, component },
      },
    ]
  },
})

function referenceOf(kind: string, namespace: string, name: string): NameRef | undefined {
  if (workloadKinds.includes(kind)) return { kind: 'Workload', workloadKind: kind, namespace, name }
  if (!objects.includes(kind)) return undefined
  const { namespaced }: ObjectKind = OBJECTS[kind as ObjectName]
  // An Event about what has no namespace is in one all the same.
  return { kind: kind as ObjectName, namespace: namespaced ? namespace : '', name }
}

const wordsOf = (event: Raw) => ({
  eventType: event.type ?? 'Normal',
  reason: event.reason ?? '',
  message: String(event.message ?? '').slice(0, messageLimit),
  component: event.source?.component || event.reportingComponent || '',
})

/** A container is also killed for its probes, which nothing else tells; that its pod was deleted the pod tells. */
const isStopped = ({ reason, message }: Raw): boolean =>
  reason === 'Killing' && String(message).startsWith('Stopping container')

const isRoutine = (event: Raw): boolean =>
  (event.type ?? 'Normal') === 'Normal' && (routine.has(event.reason) || isStopped(event))

/** Undefined for kinds that the model does not have. */
function objectOf({ kind, name, namespace, uid }: KubernetesEvent['about'], resolve: Resolve): ObjectRef | undefined {
  // The kubelet writes the node's name where its UID belongs.
  if (kind === 'Node') return resolve({ kind, namespace: '', name, lasting: true })
  const reference = referenceOf(kind, namespace, name)
  return reference && resolve({ ...reference, ...given({ uid }) })
}
