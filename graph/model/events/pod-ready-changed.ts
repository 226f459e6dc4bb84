import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const podReadyChanged = defineEvent({
  name: 'pod-ready-changed',
  collector: 'kubernetes',
  doc: 'The Ready condition of a pod changed: that a new pod is not ready yet is no change.',
  hook: 'Pod status.conditions[type=Ready]',
  about: ['Pod'],
  origin: 'kubelet.status',
  delay: 10 * SECOND,
  fields: {
    ready: { type: 'bool', doc: 'Ready now; before it was the other.' },
    reason: { type: 'string', optional: true, doc: 'Why, where given: ContainersNotReady, ...' },
    message: { type: 'string', optional: true, doc: 'What the kubelet adds.' },
  },
})
