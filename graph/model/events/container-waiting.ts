import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const containerWaiting = defineEvent({
  name: 'container-waiting',
  collector: 'kubernetes',
  doc: 'A container does not run, and why. It has no id, so the event is about the pod.',
  hook: 'Pod status.containerStatuses[].state.waiting',
  about: ['Pod'],
  origin: 'kubelet.status',
  delay: 10 * SECOND,
  fields: {
    reason: { type: 'string', doc: 'CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError, ...' },
    previous: {
      type: 'string',
      optional: true,
      doc: 'Before: how its last run ended (OOMKilled, Error, Completed); absent before its first.',
    },
    message: { type: 'string', optional: true, doc: 'What the kubelet adds.' },
    restartCount: { type: 'int', unit: 'count', doc: 'How often the kubelet restarted the container before this run.' },
  },
})
