import type { Words } from '../words.ts'

export default {
  title: 'config changed',
  summary: ({ changed, added, removed, manager }) => {
    const parts = Object.entries({ changed, added, removed })
      .filter(([, keys]) => keys.length > 0)
      .map(([word, keys]) => `${word} ${keys.join(', ')}`)
    return `${parts.join('; ')}${manager === undefined ? '' : ` (by ${manager})`}`
  },
} satisfies Words<'config-changed'>
