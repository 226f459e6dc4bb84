/** The kernel programs and the addon, built from their sources; a stamp written last names the sources they are of. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from '../config.ts'
import { runTool } from '../run-tool.ts'
import { writeWhole } from '../server.ts'
import type { Step } from '../set-up.ts'

/** `run` is given a copy of `folder`, in which it makes a folder `build`. */
type Build = {
  name: string
  folder: string
  sources: string[]
  byHand: string
  run(copy: string): Promise<unknown>
}

/**
 * A step that builds `folder` into `folder/build`, and does nothing where the folder has been deleted. It builds in a copy
 * and puts the result in place when it is whole: what runs meanwhile may load from the old build at any time.
 */
export function buildStep(it: Build): Step {
  const output = join(it.folder, 'build')
  const stamp = join(output, '.stamp')
  // two folders below the root, as the sources are: their relative paths to node_modules hold
  const scratch = join(root, '.aitia', `build-${it.name.replaceAll(' ', '-')}`)
  const replaced = `${scratch}-replaced`
  const clear = () => {
    for (const folder of [scratch, replaced]) rmSync(folder, { recursive: true, force: true })
  }
  return {
    name: it.name,
    done: () => !existsSync(it.folder) || (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest(it.sources)),
    async run() {
      const wanted = digest(it.sources)
      clear()
      cpSync(it.folder, scratch, { recursive: true, filter: (path) => path !== output })
      await it.run(scratch)
      writeWhole(join(scratch, 'build', '.stamp'), wanted)
      if (existsSync(output)) renameSync(output, replaced)
      renameSync(join(scratch, 'build'), output)
      clear()
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
  run: (copy) => runTool('make', ['-C', copy]),
})

// The headers of the node that runs this, so that nothing is fetched from elsewhere.
const nodeDir = dirname(dirname(process.execPath))
const gyp = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js')
const gypArgs = (folder: string) => [
  ...['rebuild', '--directory', folder],
  ...(existsSync(join(nodeDir, 'include', 'node')) ? ['--nodedir', nodeDir] : []),
]

export const addon = buildStep({
  name: 'native addon',
  folder: native,
  sources: [native, join(bpf, 'include')],
  byHand: `npx node-gyp ${gypArgs(native).join(' ')}`,
  run: (copy) => runTool(process.execPath, [gyp, ...gypArgs(copy)]),
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
