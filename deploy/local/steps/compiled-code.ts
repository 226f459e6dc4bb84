/**
 * The code of this clone, compiled ahead into the folder that `aitia` names to Node: without it the first start of each process
 * strips types and compiles, which takes twice the time and more memory than the process needs ever after.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { environment, root } from '../config.ts'
import { runTool } from '../run-tool.ts'
import { writeWhole } from '../server.ts'
import type { Step } from '../set-up.ts'

/** What `aitia` sets for itself, for those who start its code by other ways. */
export const asStarted = {
  NODE_COMPILE_CACHE: environment.NODE_COMPILE_CACHE || join(root, '.aitia', 'compile-cache'),
  MALLOC_ARENA_MAX: environment.MALLOC_ARENA_MAX || '2',
}

const compiled = asStarted.NODE_COMPILE_CACHE
const stamp = join(compiled, '.stamp')
/** The folders of what runs, and what in them is for tests or runs as it is loaded. */
const FOLDERS = ['agent', 'graph', 'queries', 'api']
const LEFT_OUT = /(\/testing(\/|\.ts$)|\/generate\/|\.test\.ts$|^api\/cli\/main\.ts$)/

/** Paths from the root. */
const modules = (): string[] =>
  FOLDERS.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((it) => join(folder, it)),
    )
    .filter((path) => path.endsWith('.ts') && !LEFT_OUT.test(path))
    .sort()

const digest = (): string => {
  const hash = createHash('sha256').update(process.version)
  for (const path of modules()) hash.update(`${path}\0`).update(readFileSync(join(root, path)))
  return hash.digest('hex')
}

const importAll = 'await Promise.all(process.argv.slice(1).map((path) => import(path)))'

/** Loads all modules once in a process of its own, which leaves what Node compiled of them in `folder`. */
export const compileInto = (folder: string): Promise<string> =>
  runTool(
    process.execPath,
    ['--input-type=module', '--eval', importAll, ...modules().map((path) => join(root, path))],
    {
      cwd: root,
      // With a test's context each process of Node believes to be a test.
      env: { NODE_COMPILE_CACHE: folder, NODE_TEST_CONTEXT: undefined },
    },
  )

export const compiledCode: Step = {
  name: 'compiled code',
  done: () => existsSync(stamp) && readFileSync(stamp, 'utf8') === digest(),
  async run() {
    const wanted = digest()
    await compileInto(compiled)
    writeWhole(stamp, wanted)
  },
  byHand: () => 'nothing: each first start compiles what it needs',
}
