import type { Words } from '../words.ts'

export default {
  title: 'pod scheduling',
  summary: ({ scheduled, nodeName, reason, message }) =>
    scheduled ? `bound to ${nodeName ?? 'a node'}` : [reason ?? 'not scheduled', message].filter(Boolean).join(': '),
} satisfies Words<'pod-scheduled'>
