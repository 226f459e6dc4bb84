import type { Words } from '../words.ts'

export default {
  title: 'pod readiness',
  summary: ({ ready, reason }) => `${ready ? 'ready' : 'not ready'}${reason ? `: ${reason}` : ''}`,
} satisfies Words<'pod-ready-changed'>
