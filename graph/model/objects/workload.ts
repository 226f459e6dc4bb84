import { defineObject } from '../define.ts'

export const workload = defineObject({
  name: 'Workload',
  doc: 'What owns pods: also labelled with its Kubernetes kind where that is a built-in one.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  alsoLabelled: ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'],
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    workloadKind: {
      type: 'string',
      doc: 'Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, or a custom kind.',
    },
    replicas: {
      type: 'int',
      unit: 'count',
      optional: true,
      doc: 'Wanted replicas; of a Job the pods that it would have run now: none once it is complete or suspended.',
    },
    readyReplicas: {
      type: 'int',
      unit: 'count',
      optional: true,
      doc: 'Replicas that are ready. Absent where the status of a custom kind leaves it out.',
    },
    updatedReplicas: {
      type: 'int',
      unit: 'count',
      optional: true,
      doc: 'Replicas made from the pod template as it is now; of a Deployment, StatefulSet or DaemonSet.',
    },
    availableReplicas: {
      type: 'int',
      unit: 'count',
      optional: true,
      doc: 'Replicas that have been ready for minReadySeconds; not of a Job. Absent where the status of a custom kind leaves it out.',
    },
    generation: {
      type: 'int',
      optional: true,
      doc: 'metadata.generation; of a custom kind only beside observedGeneration, since it may count writes of the status too.',
    },
    observedGeneration: {
      type: 'int',
      optional: true,
      doc: 'The generation that its controller had seen when it counted the replicas: below generation it has not acted yet.',
    },
  },
})
