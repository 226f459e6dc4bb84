import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const podFailed = defineEvent({
  name: 'pod-failed',
  collector: 'kubernetes',
  doc: 'A pod reached the phase Failed.',
  hook: 'Pod status.phase, status.reason',
  about: ['Pod'],
  origin: 'kubelet.status',
  delay: 10 * SECOND,
  fields: {
    reason: { type: 'string', doc: 'Evicted, NodeLost, DeadlineExceeded, ..., or empty.' },
    message: { type: 'string', optional: true, doc: 'What the kubelet adds.' },
  },
})
