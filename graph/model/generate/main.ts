/**
 * Derives all that follows from the kinds: `node graph/model/generate/main.ts` writes it, `--check` fails where a file differs.
 * A generator is a file of this folder with a default export (Model) => Output[]; it is found by being here.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadModel, type Model } from './model.ts'
import { keep, type Output } from './outputs.ts'

const notGenerators = new Set(['main.ts', 'model.ts', 'names.ts', 'outputs.ts'])

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

keep(await outputs(await loadModel()), 'the model', process.argv.includes('--check'))
