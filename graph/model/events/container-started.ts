import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const containerStarted = defineEvent({
  name: 'container-started',
  collector: 'kubernetes',
  doc: 'The kubelet reports that a container runs.',
  hook: 'Pod status.containerStatuses[].state.running.startedAt',
  about: ['Container'],
  origin: 'kubelet.status',
  delay: 10 * SECOND,
  lasts: ['podKey', 'containerName'],
  fields: {
    restartCount: { type: 'int', unit: 'count', doc: 'How often the kubelet restarted the container before this run.' },
    image: { type: 'string', doc: 'Image as the spec names it.' },
  },
})
