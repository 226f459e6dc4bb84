/** The contents of docs/decisions.md. */
import { readPage, withPart } from './docs/parts.ts'
import type { Output } from './outputs.ts'

const path = 'docs/decisions.md'

/** The anchor that a heading gets, as GitHub makes it: spaces become hyphens, punctuation goes. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number} _-]/gu, '')
    .replaceAll(' ', '-')

/** The text with its contents made anew. */
export const withContents = (page: string): string => {
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!)
  const text = headings.map((heading) => `- [${heading}](#${anchorOf(heading)})`).join('\n')
  return withPart(path, page, { name: 'Contents', from: 'the headings', text })
}

export default (): Output[] => [{ path, text: withContents(readPage(path)) }]
