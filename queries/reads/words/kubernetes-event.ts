import type { Words } from '../words.ts'

export default {
  title: 'event',
  summary: ({ reason, message, count, component }) =>
    `${reason} (${component}${count > 1 ? `, ${count} times` : ''}): ${message}`,
} satisfies Words<'kubernetes-event'>
