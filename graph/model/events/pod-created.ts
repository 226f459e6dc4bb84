import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const podCreated = defineEvent({
  name: 'pod-created',
  collector: 'kubernetes',
  doc: 'A pod appeared in the API.',
  hook: 'Pod metadata.creationTimestamp',
  about: ['Pod'],
  origin: 'api.object',
  delay: 2 * SECOND,
  fields: {
    createdAt: { type: 'int', unit: 'µs since the epoch', doc: 'creationTimestamp; whole seconds.' },
  },
})
