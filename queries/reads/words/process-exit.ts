import type { Words } from '../words.ts'

export default {
  title: 'process exit',
  summary: ({ command, pid, firstProcess, exitCode, signal }) =>
    `${firstProcess ? 'first process ' : ''}${command} (pid ${pid}): ${signal > 0 ? `signal ${signal}` : `exit ${exitCode}`}`,
} satisfies Words<'process-exit'>
