import type { Words } from '../words.ts'

export default {
  title: 'pod created',
  summary: ({ podName }) => podName ?? 'pod',
} satisfies Words<'pod-created'>
