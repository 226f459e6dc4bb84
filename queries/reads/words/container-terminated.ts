import type { Words } from '../words.ts'

export default {
  title: 'terminated',
  summary: ({ containerName, reason, exitCode, restartCount, role }) =>
    `${containerName ?? 'container'}${role === 'main' ? '' : ` (${role})`}: ${reason}, exit ${exitCode}, restart ${restartCount}`,
} satisfies Words<'container-terminated'>
