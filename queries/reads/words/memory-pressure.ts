import { many, span } from '../units.ts'
import type { Words } from '../words.ts'

export default {
  title: 'memory pressure',
  summary: ({ at, lastAt, reclaims, containerName }) =>
    `${containerName ?? 'cgroup'} at its limit for ${span(lastAt - at)}, ${many(reclaims, 'reclaim')}`,
} satisfies Words<'memory-pressure'>
