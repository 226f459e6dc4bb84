import { many } from '../units.ts'
import type { Words } from '../words.ts'

/** Paths that are told in full. */
const SHOWN = 3

export default {
  title: 'spec changed',
  summary: ({ paths, before, after, morePaths = 0, manager, subresource }) => {
    const told = paths
      .slice(0, SHOWN)
      .map((path, index) => `${path} ${before[index] || 'none'} → ${after[index] || 'none'}`)
    const more = paths.length - told.length + morePaths
    const by = manager === undefined ? '' : ` (by ${manager}${subresource === undefined ? '' : `, ${subresource}`})`
    return `${told.join(', ')}${more > 0 ? `, and ${many(more, 'more path')}` : ''}${by}`
  },
} satisfies Words<'spec-changed'>
