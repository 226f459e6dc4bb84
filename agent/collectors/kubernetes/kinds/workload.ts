import type { workload } from '../../../../graph/model/objects/workload.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { controllerOf } from '../../../reflector/owner.ts'
import { type AnyKind, defineKind, given, labelsOf, owns, type Raw, trimMeta } from '../kind.ts'

type Count = (raw: Raw) => number | undefined

/** What a kind says of the pods that it wants and of those that are ready. */
interface Counts {
  wanted: Count
  ready: Count
}

/** As most kinds, custom ones included, write it. */
const usual: Counts = { wanted: (raw) => raw.spec?.replicas, ready: (raw) => raw.status?.readyReplicas }

/** A kind whose objects own pods, or own what owns pods. */
export const workloadKind = (path: string, kind: string, { wanted, ready }: Counts = usual): AnyKind =>
  defineKind({
    path,
    object: 'Workload',
    workloadKind: kind,
    trim: (raw: RawObject) => {
      const meta = trimMeta(raw, 'Workload')
      return {
        ...meta,
        ref: { ...meta.ref, workloadKind: kind },
        owner: controllerOf(raw),
        body: given({
          labels: labelsOf(raw),
          workloadKind: kind,
          replicas: wanted(raw),
          // Absent from the status where it is none.
          readyReplicas: wanted(raw) === undefined ? undefined : (ready(raw) ?? 0),
          generation: raw.metadata.generation as number | undefined,
        }),
      }
    },
    relations: owns,
  })

const daemons: Counts = {
  wanted: (raw) => raw.status?.desiredNumberScheduled,
  ready: (raw) => raw.status?.numberReady,
}
const jobs: Counts = { wanted: (raw) => raw.spec?.parallelism, ready: (raw) => raw.status?.ready }
const none: Counts = { wanted: () => undefined, ready: () => undefined }

type BuiltIn = (typeof workload.alsoLabelled)[number]

const builtIn: Readonly<Record<BuiltIn, { group: string; counts?: Counts }>> = {
  Deployment: { group: '/apis/apps/v1' },
  ReplicaSet: { group: '/apis/apps/v1' },
  StatefulSet: { group: '/apis/apps/v1' },
  DaemonSet: { group: '/apis/apps/v1', counts: daemons },
  Job: { group: '/apis/batch/v1', counts: jobs },
  CronJob: { group: '/apis/batch/v1', counts: none },
}

/** Those that the model knows by name. */
export default Object.entries(builtIn).map(([kind, { group, counts }]) =>
  workloadKind(`${group}/${kind.toLowerCase()}s`, kind, counts),
)
