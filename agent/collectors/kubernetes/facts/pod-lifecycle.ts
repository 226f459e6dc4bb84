import type { EventFields } from '../../../../graph/model/generated/types.ts'
import type { ObjectRef } from '../../../../graph/model/observation.ts'
import { SECOND } from '../../../../graph/model/time.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { type Fact, given, type Raw, type Sighting, timeOf, type UnseenSpan, type WatchedKind } from '../kind.ts'
import type { Pod } from '../kinds/pod.ts'
import { type Condition, conditionsOf, cut } from './conditions.ts'
import { unstamped } from './stamps.ts'

/** How a pod came to its node, and why it has to go: nothing of it is about its containers. */
export interface Lifecycle {
  /** PodScheduled, whatever its status. */
  readonly scheduling?: Condition
  readonly deletion?: {
    /** When it was asked for, µs. */
    readonly at: number
    /** When what still runs is killed, µs. */
    readonly deadline: number
    readonly graceSeconds: number
  }
  readonly eviction?: Pick<Condition, 'reason' | 'message'> & {
    /** µs; absent where only the phase tells. */
    readonly at?: number
  }
}

/** Of a raw pod. */
export function lifecycleOf({ metadata, ...raw }: RawObject): Lifecycle {
  const { status } = raw as Raw
  const conditions = conditionsOf(status)
  const scheduling = conditions.find(({ type }) => type === 'PodScheduled')
  const deadline = timeOf(metadata.deletionTimestamp)
  const graceSeconds = Number(metadata.deletionGracePeriodSeconds ?? 0)
  return given({
    scheduling,
    deletion: deadline === undefined ? undefined : { at: deadline - graceSeconds * SECOND, deadline, graceSeconds },
    eviction: evictionOf(status, conditions),
  })
}

/** DisruptionTarget says who wants the pod gone; a kubelet that does not write it leaves the reason Evicted alone. */
function evictionOf(status: Raw, conditions: readonly Condition[]): Lifecycle['eviction'] {
  const target = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True')
  if (target) return { reason: target.reason, ...given({ at: target.at, message: target.message }) }
  return status?.reason === 'Evicted' ? { reason: 'Evicted', ...given({ message: cut(status.message) }) } : undefined
}

/** Scheduled or not, evicted, deleted: each is told once, with the first words that were given for it. */
export const lifecycleFacts = (pod: Pod, sighting: Sighting<Pod>): Fact[] => [
  ...scheduled(pod),
  ...evicted(pod, sighting),
  ...deleted(pod, sighting),
]

function scheduled({ ref, nodeName, scheduling }: Pod): Fact[] {
  if (scheduling?.at === undefined) return []
  const { at, reason, message } = scheduling
  const isScheduled = scheduling.status === 'True'
  return [
    {
      kind: 'pod-scheduled',
      // Each try of the scheduler words anew how many nodes fit; that it fails is one event until it succeeds.
      id: `pod-scheduled/${ref.key}/${isScheduled || `${reason}/${at}`}`,
      at,
      uncertainty: SECOND,
      object: ref,
      pod: ref,
      fields: {
        scheduled: isScheduled,
        ...given({ nodeName, reason: reason || undefined, message }),
      },
    },
  ]
}

function evicted(pod: Pod, sighting: Sighting<Pod>): Fact[] {
  if (!pod.eviction) return []
  const { at, ...fields } = pod.eviction
  return [
    {
      kind: 'pod-evicted',
      id: `pod-evicted/${pod.ref.key}/${fields.reason}`,
      ...(at === undefined ? unstamped(pod, sighting) : { at, uncertainty: SECOND }),
      object: pod.ref,
      pod: pod.ref,
      fields,
    },
  ]
}

/**
 * One that is removed at once is never seen to be asked for: then it is told when the pod is gone. Who deletes the mirror of a
 * static pod does not delete the pod.
 */
function deleted(pod: Pod, { gone, observedAt, uncertaintyFrom = 0 }: Sighting<Pod>): Fact[] {
  const { ref, deletion, createdAt } = pod
  if (isMirror(pod)) return []
  if (deletion) {
    const { at, ...fields } = deletion
    return [deletedBetween(ref, { from: at, to: at + SECOND }, fields)]
  }
  if (!gone) return []
  const from = Math.max(createdAt, uncertaintyFrom || observedAt)
  return [deletedBetween(ref, { from, to: observedAt }, gone === 'inferred' ? { inferred: true } : {})]
}

/** A pod that went between two runs. If it was seen to be asked for the event has been told, and this one is the same again. */
export const unseenEnd: NonNullable<WatchedKind<Pod>['unseenEnd']> = {
  isTold: (pod) => !isMirror(pod),
  facts: (ref, span) => [deletedBetween(ref, span, { inferred: true })],
}

const isMirror = ({ uid, ref }: Pod): boolean => ref.key !== uid

const deletedBetween = (ref: ObjectRef, { from, to }: UnseenSpan, fields: EventFields['pod-deleted']): Fact => ({
  kind: 'pod-deleted',
  id: `pod-deleted/${ref.key}`,
  at: from,
  uncertainty: Math.max(0, to - from),
  ...{ object: ref, pod: ref, fields },
})
