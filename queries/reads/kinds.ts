/** Kinds as people name them on a command line: `deploy`, `Deployment`, `deployments`. */
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import type { ObjectName } from '../../graph/model/generated/types.ts'

/** Short names that kubectl takes, and the built-in kinds of workloads. */
const WORKLOADS: Readonly<Record<string, string>> = {
  deploy: 'Deployment',
  deployment: 'Deployment',
  rs: 'ReplicaSet',
  replicaset: 'ReplicaSet',
  sts: 'StatefulSet',
  statefulset: 'StatefulSet',
  ds: 'DaemonSet',
  daemonset: 'DaemonSet',
  job: 'Job',
  cj: 'CronJob',
  cronjob: 'CronJob',
}
const SHORT: Readonly<Record<string, ObjectName>> = { po: 'Pod', svc: 'Service', no: 'Node', ns: 'Namespace' }

export interface Kind {
  readonly label: ObjectName
  /** Kubernetes kind of a Workload; null for all other objects. */
  readonly workloadKind: string | null
  /** False where the word was taken for the kind of a custom workload, since it means nothing else. */
  readonly builtIn: boolean
}

const singular = (word: string): string => word.replace(/s$/, '')

/** The kind that a word means. What is neither an object of the model nor a built-in workload is a custom workload. */
export const kindNamed = (word: string): Kind => {
  const lower = word.toLowerCase()
  const builtIn = WORKLOADS[lower] ?? WORKLOADS[singular(lower)]
  if (builtIn !== undefined) return { label: 'Workload', workloadKind: builtIn, builtIn: true }
  const object =
    SHORT[lower] ??
    (Object.keys(OBJECTS) as ObjectName[]).find((name) => [lower, singular(lower)].includes(name.toLowerCase()))
  return object === undefined || object === 'Workload'
    ? { label: 'Workload', workloadKind: object === undefined ? word : null, builtIn: object !== undefined }
    : { label: object, workloadKind: null, builtIn: true }
}
