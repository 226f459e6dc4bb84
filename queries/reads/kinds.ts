/** Kinds as people name them on a command line: `deploy`, `Deployment`, `deployments`. */
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import type { ObjectName } from '../../graph/model/generated/types.ts'

const OBJECT_NAMES = Object.keys(OBJECTS) as ObjectName[]

/** Words in lower case, each with the kind that it means: objects by their names, and workloads by the built-in ones'. */
const KINDS = new Map<string, Omit<Kind, 'builtIn'>>([
  ...OBJECT_NAMES.map((label) => [label.toLowerCase(), { label, workloadKind: null }] as const),
  ...OBJECT_NAMES.flatMap((label) =>
    (OBJECTS[label].alsoLabelled ?? []).map((kind) => [kind.toLowerCase(), { label, workloadKind: kind }] as const),
  ),
])

/** Short names that kubectl takes. */
const SHORT: Readonly<Record<string, string>> = {
  ...{ deploy: 'Deployment', rs: 'ReplicaSet', sts: 'StatefulSet', ds: 'DaemonSet', cj: 'CronJob' },
  ...{ po: 'Pod', svc: 'Service', no: 'Node', ns: 'Namespace', sa: 'ServiceAccount', cm: 'ConfigMap', ing: 'Ingress' },
  ...{ netpol: 'NetworkPolicy', hpa: 'HorizontalPodAutoscaler', pdb: 'PodDisruptionBudget', sc: 'StorageClass' },
  ...{ pvc: 'PersistentVolumeClaim', pv: 'PersistentVolume' },
}

export interface Kind {
  readonly label: ObjectName
  /** Kubernetes kind of a Workload; null for all other objects. */
  readonly workloadKind: string | null
  /** False where the word was taken for the kind of a custom workload, since it means nothing else. */
  readonly builtIn: boolean
}

/** A word, and what it is the plural of. */
const forms = (word: string): string[] => [
  word,
  word.replace(/s$/, ''),
  word.replace(/es$/, ''),
  word.replace(/ies$/, 'y'),
]

/** The kind that a word means. What is neither an object of the model nor a built-in workload is a custom workload. */
export const kindNamed = (word: string): Kind => {
  for (const form of forms(word.toLowerCase())) {
    const known = KINDS.get((SHORT[form] ?? form).toLowerCase())
    if (known !== undefined) return { ...known, builtIn: true }
  }
  return { label: 'Workload', workloadKind: word, builtIn: false }
}
