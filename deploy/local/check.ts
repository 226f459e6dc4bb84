/** `npm run check`: types, style, import rules and drift of generated files, each with its time; output only on failure. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { green, red } from './colour.ts'
import { root } from './config.ts'
import { generators } from './generators.ts'
import { runTool } from './run-tool.ts'

type Check = { name: string; run(): Promise<void> }

/** A tool of node_modules, by the path of its program there. */
const tool = (program: string, ...args: string[]) =>
  runTool(process.execPath, [join(root, 'node_modules', program), ...args], { cwd: root })

const folders = ['agent', 'graph', 'queries', 'api', 'deploy', 'test'].filter((folder) =>
  existsSync(join(root, folder)),
)
const checks: Check[] = [
  { name: 'types', run: async () => void (await tool('typescript-7/bin/tsc', '--noEmit', '-p', '.')) },
  {
    name: 'style',
    run: async () => void (await tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.')),
  },
  { name: 'imports', run: checkImports },
  // Exports are left out: types that are part of an interface without being imported would be most of what it finds.
  { name: 'unused files', run: async () => void (await tool('knip/bin/knip.js', '--include', 'files')) },
  {
    name: 'generated files',
    run: async () => {
      for (const generator of generators) await runTool(process.execPath, [generator, '--check'], { cwd: root })
    },
  },
]

/** Resolves with 0 if all hold. Two at a time would not be quicker on two cores: each uses both. */
export async function check(_args: string[]): Promise<number> {
  let failures = 0
  console.log('Checks')
  for (const { name, run } of checks) {
    const label = `  ${name} `.padEnd(44, '.')
    const started = performance.now()
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
    try {
      await run()
      console.log(`${label} ${green('ok')} ${seconds()}`)
    } catch (error) {
      failures++
      console.log(`${label} ${red('failed')} ${seconds()}\n${(error as Error).message}`)
    }
  }
  return failures === 0 ? 0 : 1
}

/** Rules that were applied to nothing have not been kept: a parser that can't read TypeScript finds 0 modules and no fault. */
async function checkImports() {
  const out = await tool('dependency-cruiser/bin/dependency-cruise.mjs', '--output-type', 'err', ...folders)
  const modules = Number(out.match(/\((\d+) modules/)?.[1] ?? 0)
  if (modules === 0)
    throw new Error(`dependency-cruiser: expected to read the modules of ${folders}, it read none:\n${out}`)
}
