import type { Words } from '../words.ts'

export default {
  title: 'waiting',
  summary: ({ containerName, reason, restartCount }) =>
    `${containerName ?? 'container'}: ${reason}, restart ${restartCount}`,
} satisfies Words<'container-waiting'>
