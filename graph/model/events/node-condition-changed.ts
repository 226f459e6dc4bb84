import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const nodeConditionChanged = defineEvent({
  name: 'node-condition-changed',
  collector: 'kubernetes',
  doc: 'A condition of a node changed.',
  hook: 'Node status.conditions',
  about: ['Node'],
  origin: 'kubelet.node-status',
  delay: 60 * SECOND,
  fields: {
    condition: { type: 'string', doc: 'Ready, MemoryPressure, DiskPressure, ...' },
    status: { type: 'string', doc: 'True, False or Unknown.' },
    previous: { type: 'string', optional: true, doc: 'Status before, where it was seen.' },
    reason: { type: 'string', doc: 'Why, as the kubelet says.' },
    message: { type: 'string', optional: true, doc: 'The same in words.' },
  },
})
