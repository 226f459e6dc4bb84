import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const podScheduled = defineEvent({
  name: 'pod-scheduled',
  collector: 'kubernetes',
  doc: 'The scheduler bound a pod to a node, or can find none for it: the latter is told once, with its first words, until it succeeds.',
  hook: 'Pod status.conditions[type=PodScheduled]',
  about: ['Pod'],
  origin: 'scheduler.binding',
  delay: 10 * SECOND,
  fields: {
    scheduled: { type: 'bool', doc: 'False: no node was found, or it may not be scheduled yet.' },
    nodeName: { type: 'string', optional: true, doc: 'Name of the node that it was bound to.' },
    reason: { type: 'string', optional: true, doc: 'Why not: Unschedulable, SchedulingGated, SchedulerError.' },
    message: {
      type: 'string',
      optional: true,
      doc: 'The same in words: 0/3 nodes are available: 3 Insufficient cpu. ... Cut at 1,024 characters.',
    },
  },
})
