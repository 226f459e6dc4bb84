/** The kernel programs and the addon, built from their sources; a stamp written last names the sources they are of. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from '../config.ts'
import { runTool } from '../run-tool.ts'
import { writeWhole } from '../server.ts'
import type { Step } from '../set-up.ts'

type Build = { name: string; folder: string; sources: string[]; byHand: string; run(): Promise<unknown> }

/** A step that builds `folder` into `folder/build`, and does nothing where the folder has been deleted. */
export function buildStep(it: Build): Step {
  const output = join(it.folder, 'build')
  const stamp = join(output, '.stamp')
  return {
    name: it.name,
    done: () => !existsSync(it.folder) || (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest(it.sources)),
    async run() {
      const wanted = digest(it.sources)
      rmSync(output, { recursive: true, force: true })
      await it.run()
      writeWhole(stamp, wanted)
    },
    byHand: () => it.byHand,
  }
}

const bpf = join(root, 'bpf')
const native = join(root, 'agent', 'native')

export const kernelPrograms = buildStep({
  name: 'kernel programs',
  folder: bpf,
  sources: [bpf],
  byHand: 'make -C bpf',
  run: () => runTool('make', ['-C', bpf]),
})

// The headers of the node that runs this, so that nothing is fetched from elsewhere.
const nodeDir = dirname(dirname(process.execPath))
const gyp = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js')
const gypArgs = [
  ...['rebuild', '--directory', native],
  ...(existsSync(join(nodeDir, 'include', 'node')) ? ['--nodedir', nodeDir] : []),
]

export const addon = buildStep({
  name: 'native addon',
  folder: native,
  sources: [native, join(bpf, 'include')],
  byHand: `npx node-gyp ${gypArgs.join(' ')}`,
  run: () => runTool(process.execPath, [gyp, ...gypArgs]),
})

/** A digest of the files below these folders, names and contents, leaving out what is built. */
function digest(folders: string[]): string {
  const hash = createHash('sha256').update(process.version)
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(path, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'build') visit(inner)
      } else if (!entry.name.endsWith('.ts')) {
        hash.update(`${relative(root, inner)}\0`).update(readFileSync(inner))
      }
    }
  }
  for (const folder of folders) if (existsSync(folder)) visit(folder)
  return hash.digest('hex')
}
