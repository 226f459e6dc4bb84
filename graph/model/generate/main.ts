/**
 * Derives all that follows from the kinds: `node graph/model/generate/main.ts` writes it, `--check` fails where a file differs.
 * A generator is a file of this folder with a default export (Model) => Output[]; it is found by being here.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { loadModel, type Model } from './model.ts'

export interface Output {
  /** Path from the root of the project. */
  readonly path: string
  readonly text: string
}

const root = join(import.meta.dirname, '../../..')
const notGenerators = new Set(['main.ts', 'model.ts', 'names.ts'])

const outputs = async (model: Model): Promise<Output[]> => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  const generators = files.filter((file) => !notGenerators.has(file)).sort()
  const made = await Promise.all(
    generators.map(async (file) => {
      const { default: generate } = (await import(join(import.meta.dirname, file))) as {
        default: (model: Model) => Output[]
      }
      return generate(model)
    }),
  )
  return made.flat()
}

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

const wanted = await outputs(await loadModel())
const stale = leftovers(wanted)
const differing = wanted.filter((output) => current(output.path) !== output.text)
if (process.argv.includes('--check')) {
  const problems = [...differing.map((output) => output.path), ...stale]
  if (problems.length > 0) {
    console.error(`generated files differ from the model:\n  ${problems.join('\n  ')}\nRun: npm run generate`)
    process.exitCode = 1
  }
} else {
  for (const output of differing) {
    mkdirSync(dirname(join(root, output.path)), { recursive: true })
    writeFileSync(join(root, output.path), output.text)
    console.log(`wrote ${output.path}`)
  }
  for (const path of stale) {
    rmSync(join(root, path))
    console.log(`removed ${relative(root, join(root, path))}`)
  }
}
