import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const podEvicted = defineEvent({
  name: 'pod-evicted',
  collector: 'kubernetes',
  doc: 'Somebody other than its owner has a pod end before its time: preemption, eviction, a taint, a lost node.',
  hook: 'Pod status.conditions[type=DisruptionTarget]; status.reason Evicted where it lacks',
  about: ['Pod'],
  origin: 'api.disruption',
  delay: 10 * SECOND,
  fields: {
    reason: {
      type: 'string',
      doc: 'PreemptionByScheduler, DeletionByTaintManager, EvictionByEvictionAPI, DeletionByPodGC, TerminationByKubelet; Evicted where the condition lacks.',
    },
    message: { type: 'string', optional: true, doc: 'The same in words. Cut at 1,024 characters.' },
  },
})
