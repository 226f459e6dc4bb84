import type { Words } from '../words.ts'

export default {
  title: 'pod deleted',
  summary: ({ graceSeconds, inferred }) => {
    if (inferred) return 'gone while nobody watched'
    return graceSeconds === undefined ? 'gone, with no time to stop that was seen' : `to stop within ${graceSeconds} s`
  },
} satisfies Words<'pod-deleted'>
