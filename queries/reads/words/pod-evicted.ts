import type { Words } from '../words.ts'

export default {
  title: 'pod evicted',
  summary: ({ reason, message }) => [reason, message].filter(Boolean).join(': '),
} satisfies Words<'pod-evicted'>
