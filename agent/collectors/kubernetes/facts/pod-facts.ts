import { SECOND } from '../../../../graph/model/time.ts'
import { type Fact, given, type Sighting } from '../kind.ts'
import type { Pod, Run, Waiting } from '../kinds/pod.ts'
import { lifecycleFacts } from './pod-lifecycle.ts'
import { specFacts } from './spec-change.ts'
import { unstamped } from './stamps.ts'

/** All that one sight of a pod tells of the past: stamps are whole seconds, so that the truth lies in [at, at + 1 s]. */
export const podFacts = (pod: Pod, sighting: Sighting<Pod>): Fact[] => [
  created(pod),
  ...lifecycleFacts(pod, sighting),
  ...readyChanged(pod, sighting),
  ...failed(pod, sighting),
  ...pod.runs.flatMap((run) => [...started(pod, run), ...terminated(pod, run)]),
  ...specFacts(pod, sighting),
  ...pod.waiting.map((waiting) => isWaiting(pod, waiting, sighting)),
]

const created = ({ ref, createdAt }: Pod): Fact => ({
  kind: 'pod-created',
  id: `pod-created/${ref.key}`,
  at: createdAt,
  uncertainty: SECOND,
  object: ref,
  pod: ref,
  fields: { createdAt },
})

function readyChanged(pod: Pod, { previous }: Sighting<Pod>): Fact[] {
  const { ref, ready } = pod
  if (!ready || (!ready.ready && !previous?.ready?.ready && isNotYetReady(pod, ready.at))) return []
  const { at, ...fields } = ready
  return [
    {
      kind: 'pod-ready-changed',
      id: `pod-ready-changed/${ref.key}/${fields.ready}/${at}`,
      at,
      uncertainty: SECOND,
      object: ref,
      pod: ref,
      fields,
    },
  ]
}

/**
 * The "not ready" of a pod on its way to its first start is no change: the kubelet writes it as it takes the pod on (its
 * startTime), and a container that the pod needs had not run before.
 */
function isNotYetReady({ runs, startedAt: takenOn }: Pod, notReadyAt: number): boolean {
  if (runs.length === 0 || (takenOn !== undefined && notReadyAt <= takenOn + SECOND)) return true
  return runs.some(
    ({ role, restartCount, startedAt }) =>
      role !== 'ephemeral' && restartCount === 0 && startedAt !== undefined && startedAt >= notReadyAt,
  )
}

function failed(pod: Pod, sighting: Sighting<Pod>): Fact[] {
  if (!pod.failed) return []
  const ends = pod.runs.map(({ terminated: end }) => end?.finishedAt ?? 0)
  return [
    {
      kind: 'pod-failed',
      id: `pod-failed/${pod.ref.key}`,
      ...unstamped(pod, sighting, Math.max(0, ...ends)),
      object: pod.ref,
      pod: pod.ref,
      fields: pod.failed,
    },
  ]
}

function started({ ref }: Pod, { id, name, startedAt, restartCount, image }: Run): Fact[] {
  if (startedAt === undefined) return []
  return [
    {
      kind: 'container-started',
      id: `container-started/${id}`,
      at: startedAt,
      uncertainty: SECOND,
      object: { kind: 'Container', key: id, name, ...given({ namespace: ref.namespace }) },
      pod: ref,
      containerName: name,
      fields: { restartCount, image },
    },
  ]
}

function terminated({ ref }: Pod, { id, name, role, startedAt, restartCount, terminated: end }: Run): Fact[] {
  if (!end) return []
  return [
    {
      kind: 'container-terminated',
      id: `container-terminated/${id}`,
      at: end.finishedAt,
      uncertainty: SECOND,
      object: { kind: 'Container', key: id, name, ...given({ namespace: ref.namespace }) },
      pod: ref,
      containerName: name,
      fields: { ...end, restartCount, role, ...given({ startedAt }) },
    },
  ]
}

const isWaiting = (pod: Pod, waiting: Waiting, sighting: Sighting<Pod>): Fact => {
  const { name, reason, message, restartCount, lastFinishedAt, lastReason } = waiting
  return {
    kind: 'container-waiting',
    id: `container-waiting/${pod.ref.key}/${name}/${restartCount}/${reason}`,
    ...unstamped(pod, sighting, lastFinishedAt),
    object: pod.ref,
    pod: pod.ref,
    containerName: name,
    fields: { reason, restartCount, ...given({ previous: lastReason, message }) },
  }
}

/**
 * Runs between two sights of which the status tells no end any more: it keeps the last one alone. Their ends go untold, and the
 * restart counts of those around them leave them out.
 */
export function overwrittenRuns(pod: Pod, previous: Pod | undefined): string[] {
  if (!previous) return []
  const ended = new Set([...pod.unknownRuns, ...previous.unknownRuns])
  for (const { name, restartCount, terminated } of [...pod.runs, ...previous.runs])
    if (terminated) ended.add(`${name}/${restartCount}`)
  const [before, now] = [previous, pod].map(restartsOf)
  return [...before!].flatMap(([name, count]) =>
    Array.from({ length: Math.max(0, (now!.get(name) ?? 0) - count) }, (_, index) => `${name}/${count + index}`).filter(
      (run) => !ended.has(run),
    ),
  )
}

/** How often each container had been restarted. */
const restartsOf = ({ runs, waiting }: Pod): Map<string, number> => {
  const restarts = new Map<string, number>()
  for (const { name, restartCount } of [...runs, ...waiting])
    restarts.set(name, Math.max(restartCount, restarts.get(name) ?? 0))
  return restarts
}
