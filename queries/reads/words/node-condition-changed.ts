import type { Words } from '../words.ts'

export default {
  title: 'node condition',
  summary: ({ condition, status, previous, reason }) =>
    `${condition} ${previous === undefined || previous === status ? 'is' : `${previous} →`} ${status}: ${reason}`,
} satisfies Words<'node-condition-changed'>
