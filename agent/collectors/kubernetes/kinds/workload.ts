import type { workload } from '../../../../graph/model/objects/workload.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { controllerOf } from '../../../reflector/owner.ts'
import { conditionsOf } from '../facts/conditions.ts'
import { type Specified, specFacts, specifiedOf } from '../facts/spec-change.ts'
import { type Counts, type Standing, standingOf, whole, workloadFacts } from '../facts/workload-facts.ts'
import { type AnyKind, defineKind, given, labelsOf, owns, type Raw, type Thing, trimMeta } from '../kind.ts'

/** What tells a kind of workloads from others. */
interface Manner {
  /** Pods that it wants, and those that it has. */
  readonly counts: (raw: Raw) => Counts
  /** Conditions that mean trouble as those of a Deployment or a Job do. */
  readonly conditions: readonly string[]
  /** One that has an owner was made by it and tells nothing that the owner does not tell. */
  readonly isMade: boolean
}

interface Workload extends Thing, Standing, Specified {}

/** As kinds of Kubernetes write it. A count is absent from the status where it is none. */
const usual = ({ spec, status }: Raw): Counts => ({
  ...given({ replicas: whole(spec?.replicas), updatedReplicas: whole(status?.updatedReplicas) }),
  readyReplicas: whole(status?.readyReplicas) ?? 0,
  availableReplicas: whole(status?.availableReplicas) ?? 0,
})

/** A kind that replaces its pods by itself. */
const rolled = (raw: Raw): Counts => ({ updatedReplicas: 0, ...usual(raw) })

/** Nobody knows which counts a custom kind writes: one that is absent is none, or is not counted. Those that are available are ready. */
const asWritten = ({ spec, status }: Raw): Counts =>
  given({
    replicas: whole(spec?.replicas),
    updatedReplicas: whole(status?.updatedReplicas),
    readyReplicas: whole(status?.readyReplicas) ?? whole(status?.availableReplicas),
    availableReplicas: whole(status?.availableReplicas),
  })

const uncounted = (): Counts => ({})

/** Of others than Available nothing is known: `Progressing: False` may be good. */
const custom: Manner = { counts: asWritten, conditions: ['Available'], isMade: true }

/** A kind whose objects own pods, or own what owns pods: a custom one, unless `manner` is given. */
export const workloadKind = (path: string, kind: string, manner: Manner = custom): AnyKind =>
  defineKind<Workload>({
    path,
    object: 'Workload',
    workloadKind: kind,
    ...(manner === custom && { unclaimed: true }),
    tells: manner.counts === uncounted ? ['spec-changed'] : ['spec-changed', 'workload-unavailable'],
    trim: (raw: RawObject) => {
      const meta = trimMeta(raw, 'Workload')
      const owner = controllerOf(raw)
      const counts = manner.counts(raw)
      const isQuiet = manner.isMade && owner !== undefined
      const observedGeneration = whole((raw as Raw).status?.observedGeneration)
      // Where the kind has no subresource for the status each write of that counts, and whoever tells what he observed would never be done.
      const isCounted = manner !== custom || observedGeneration !== undefined
      return {
        ...meta,
        ref: { ...meta.ref, workloadKind: kind },
        owner,
        body: given({
          labels: labelsOf(raw),
          workloadKind: kind,
          ...(counts.replicas !== undefined && counts),
          generation: isCounted ? whole(raw.metadata.generation) : undefined,
          observedGeneration,
        }),
        ...specifiedOf(raw, isQuiet ? undefined : raw.spec, manner !== custom),
        ...standingOf(
          raw,
          counts,
          manner.conditions.filter((type) => !isQuiet || type === 'Failed'),
        ),
        isQuiet,
      }
    },
    relations: owns,
    facts: (workload, sighting) => [...specFacts(workload, sighting), ...workloadFacts(workload, sighting)],
  })

const daemons = ({ status }: Raw): Counts =>
  given({
    replicas: whole(status?.desiredNumberScheduled),
    updatedReplicas: whole(status?.updatedNumberScheduled) ?? 0,
    readyReplicas: whole(status?.numberReady),
    availableReplicas: whole(status?.numberAvailable) ?? 0,
  })

/** One that failed lacks what it wanted; others that are over, or may not run, want no more. */
const wantsNone = ({ spec, status }: Raw): boolean =>
  spec?.suspend === true ||
  conditionsOf(status).some((it) => it.status === 'True' && ['Complete', 'SuccessCriteriaMet'].includes(it.type))

/** Pods that a Job would have run now, as its controller counts them: one that ended well takes no place any more. */
const wantedBy = (raw: Raw): number | undefined => {
  if (wantsNone(raw)) return 0
  const { spec, status } = raw
  const [parallelism, completions] = [whole(spec?.parallelism), whole(spec?.completions)]
  if (parallelism === undefined) return undefined
  const succeeded = (whole(status?.succeeded) ?? 0) + (status?.uncountedTerminatedPods?.succeeded?.length ?? 0)
  // Without a number to reach, none is begun any more after the first that succeeded.
  const open = succeeded > 0 ? (whole(status?.active) ?? 0) : parallelism
  return Math.max(0, Math.min(parallelism, completions === undefined ? open : completions - succeeded))
}

const jobs = (raw: Raw): Counts => given({ replicas: wantedBy(raw), readyReplicas: whole(raw.status?.ready) ?? 0 })

type BuiltIn = (typeof workload.alsoLabelled)[number]

const builtIn: Readonly<Record<BuiltIn, Manner & { group: string }>> = {
  Deployment: {
    ...{ group: '/apis/apps/v1', counts: rolled, isMade: false },
    conditions: ['Available', 'Progressing', 'ReplicaFailure'],
  },
  ReplicaSet: { group: '/apis/apps/v1', counts: usual, conditions: ['ReplicaFailure'], isMade: true },
  StatefulSet: { group: '/apis/apps/v1', counts: rolled, conditions: [], isMade: false },
  DaemonSet: { group: '/apis/apps/v1', counts: daemons, conditions: [], isMade: false },
  // That it failed its CronJob does not tell.
  Job: { group: '/apis/batch/v1', counts: jobs, conditions: ['Failed'], isMade: true },
  CronJob: { group: '/apis/batch/v1', counts: uncounted, conditions: [], isMade: false },
}

/** Those that the model knows by name. */
export default Object.entries(builtIn).map(([kind, { group, ...manner }]) =>
  workloadKind(`${group}/${kind.toLowerCase()}s`, kind, manner),
)
