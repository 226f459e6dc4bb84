import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const workloadUnavailable = defineEvent({
  name: 'workload-unavailable',
  collector: 'kubernetes',
  doc: 'A workload has fewer available pods than it may do with, its rollout stalls, it can not make pods, or a Job failed; and when that is over. One that was never available yet is told by what stalls it.',
  hook: 'Deployment status.conditions (Available, Progressing, ReplicaFailure), Job status.conditions (Failed); else counts of the status of two sights',
  about: ['Workload'],
  origin: 'api.workload-status',
  delay: 10 * SECOND,
  compared: true,
  fields: {
    condition: {
      type: 'string',
      doc: 'Available, Progressing, ReplicaFailure, Failed. Of kinds without Available it is found by counting: fewer are available than wanted less maxUnavailable, or none.',
    },
    recovered: { type: 'bool', doc: 'False: it began. True: it is over, or the workload became available at first.' },
    reason: {
      type: 'string',
      optional: true,
      doc: 'MinimumReplicasUnavailable, ProgressDeadlineExceeded, FailedCreate, BackoffLimitExceeded, DeadlineExceeded, ... Absent where it was counted.',
    },
    message: { type: 'string', optional: true, doc: 'The same in words. Cut at 1,024 characters.' },
    generation: { type: 'int', optional: true, doc: 'metadata.generation.' },
    observedGeneration: {
      type: 'int',
      optional: true,
      doc: 'The generation that its controller had seen when it wrote the counts.',
    },
    replicas: { type: 'int', unit: 'count', optional: true, doc: 'Wanted.' },
    updatedReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Of the newest template.' },
    readyReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Ready.' },
    availableReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Ready for minReadySeconds.' },
    previousReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Wanted at the sight before.' },
    previousUpdatedReplicas: {
      type: 'int',
      unit: 'count',
      optional: true,
      doc: 'Of the newest template, at the sight before.',
    },
    previousReadyReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Ready at the sight before.' },
    previousAvailableReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Available at the sight before.' },
  },
})
