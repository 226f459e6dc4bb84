/** Pages that are written by hand, but for parts between two markers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Output } from '../outputs.ts'

const root = join(import.meta.dirname, '../../../..')

export interface Part {
  /** What it is, in the plural: the markers name it. */
  readonly name: string
  /** What it is made from. */
  readonly from: string
  readonly text: string
}

/** The page with one part made anew. */
export const withPart = (path: string, page: string, { name, from, text }: Part): string => {
  const begin = `<!-- ${name}: \`npm run generate\` writes them from ${from}. -->`
  const end = `<!-- End of the ${name.charAt(0).toLowerCase()}${name.slice(1)}. -->`
  const [before, rest] = page.split(`${begin}\n`)
  const [, after] = (rest ?? '').split(end)
  if (before === undefined || after === undefined) throw new Error(`${path} lacks "${begin}" or "${end}" below it`)
  return `${before}${begin}\n${text}\n${end}${after}`
}

export const readPage = (path: string): string => readFileSync(join(root, path), 'utf8')

/** A page with all its parts made anew. */
export const pageWith = (path: string, parts: readonly Part[]): Output => ({
  path,
  text: parts.reduce((page, part) => withPart(path, page, part), readPage(path)),
})
