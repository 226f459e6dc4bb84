import type { Words } from '../words.ts'

export default {
  title: 'node condition',
  summary: ({ condition, status, reason }) => `${condition} is ${status}: ${reason}`,
} satisfies Words<'node-condition-changed'>
