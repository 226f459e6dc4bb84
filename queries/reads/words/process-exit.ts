import type { Words } from '../words.ts'

export default {
  title: 'process exit',
  summary: ({ command, pid, nsPid, exitCode, signal }) =>
    `${nsPid === 1 ? 'first process ' : ''}${command} (pid ${pid}): ${signal > 0 ? `signal ${signal}` : `exit ${exitCode}`}`,
} satisfies Words<'process-exit'>
