import type { Words } from '../words.ts'

export default {
  title: 'process exec',
  summary: ({ command, pid, file }) => `${command} (pid ${pid}) runs ${file}`,
} satisfies Words<'process-exec'>
