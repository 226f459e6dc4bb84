/** The contents of docs/decisions.md, between two markers of that file: all else in it is written by hand. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Output } from './main.ts'

const path = 'docs/decisions.md'
const file = join(import.meta.dirname, '../../..', path)
const BEGIN = '<!-- Contents: `npm run generate` writes them from the headings. -->'
const END = '<!-- End of the contents. -->'

/** The anchor that a heading gets, as GitHub makes it: spaces become hyphens, punctuation goes. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number} _-]/gu, '')
    .replaceAll(' ', '-')

/** The text with its contents made anew. */
export const withContents = (text: string): string => {
  const [before, rest] = text.split(`${BEGIN}\n`)
  const [, after] = (rest ?? '').split(END)
  if (before === undefined || after === undefined) throw new Error(`${path} lacks "${BEGIN}" or "${END}" below it`)
  const headings = [...after.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!)
  const lines = headings.map((heading) => `- [${heading}](#${anchorOf(heading)})`)
  return `${before}${BEGIN}\n${lines.join('\n')}\n${END}${after}`
}

export default (): Output[] => [{ path, text: withContents(readFileSync(file, 'utf8')) }]
