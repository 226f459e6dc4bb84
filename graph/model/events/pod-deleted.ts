import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const podDeleted = defineEvent({
  name: 'pod-deleted',
  collector: 'kubernetes',
  doc: 'The deletion of a pod was asked for; its containers are told to stop. When it was gone its tombstone says. One that was removed at once is told when it is gone.',
  hook: 'Pod metadata.deletionTimestamp less deletionGracePeriodSeconds; the end of the object where that was not seen',
  about: ['Pod'],
  origin: 'api.object',
  delay: 2 * SECOND,
  // what is gone tells nothing any more
  compared: true,
  fields: {
    graceSeconds: {
      type: 'int',
      unit: 's',
      optional: true,
      doc: 'How long its containers have to stop by themselves. Absent where the pod was removed at once, or the request was not seen.',
    },
    deadline: {
      type: 'int',
      unit: 'µs since the epoch',
      optional: true,
      doc: 'When what still runs is killed; whole seconds.',
    },
    inferred: {
      type: 'bool',
      optional: true,
      doc: 'True: nobody saw it go. It was there at the beginning of the interval, and a list lacked it at its end.',
    },
  },
})
