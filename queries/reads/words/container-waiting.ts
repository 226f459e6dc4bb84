import type { Words } from '../words.ts'

export default {
  title: 'waiting',
  summary: ({ containerName, previous, reason, restartCount }) =>
    `${containerName ?? 'container'}: ${previous === undefined ? '' : `${previous} → `}${reason}, restart ${restartCount}`,
} satisfies Words<'container-waiting'>
