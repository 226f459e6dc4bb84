/** Files that generators make, kept in step with what is on disk. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Output {
  /** Path from the root of the project. */
  readonly path: string
  readonly text: string
}

const root = join(import.meta.dirname, '../../..')

/** Files in folders called `generated` beside an output, which no generator writes any more. */
const leftovers = (wanted: readonly Output[]): string[] => {
  const paths = new Set(wanted.map((output) => output.path))
  const folders = new Set(wanted.map((output) => dirname(output.path)).filter((folder) => folder.endsWith('generated')))
  return [...folders].flatMap((folder) => {
    try {
      return readdirSync(join(root, folder))
        .map((file) => `${folder}/${file}`)
        .filter((path) => !paths.has(path))
    } catch {
      return []
    }
  })
}

const current = (path: string): string | null => {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return null
  }
}

/** Writes what differs, or with `check` fails where something does. `source` is what they are made from. */
export const keep = (wanted: readonly Output[], source: string, check: boolean): void => {
  const stale = leftovers(wanted)
  const differing = wanted.filter((output) => current(output.path) !== output.text)
  if (check) {
    const problems = [...differing.map((output) => output.path), ...stale]
    if (problems.length === 0) return
    console.error(`generated files differ from ${source}:\n  ${problems.join('\n  ')}\nRun: npm run generate`)
    process.exitCode = 1
    return
  }
  for (const { path, text } of differing) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
  for (const path of stale) {
    rmSync(join(root, path))
    console.log(`removed ${path}`)
  }
}
