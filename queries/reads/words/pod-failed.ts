import type { Words } from '../words.ts'

export default {
  title: 'pod failed',
  summary: ({ reason, message }) => [reason, message].filter(Boolean).join(': ') || 'no reason given',
} satisfies Words<'pod-failed'>
