import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './at-end.ts'
import { progress, run } from './command.ts'
import { type Component, components, type Program } from './components.ts'
import { config } from './config.ts'
import { withLock } from './lock.ts'

/** Path of each program that was asked for. */
export type Binaries = Record<Program, string>

// Kubernetes 1.34 and etcd 3.6 say `go 1.24` in their go.mod.
const minimumGo = [1, 24] as const

const cacheFolderOf = (component: Component) =>
  join(config.cacheFolder, `${component.name}-${component.version}-${process.platform}-${process.arch}`)

const programsOf = (component: Component) => Object.keys(component.packages) as Program[]

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** An installed program of a version that fits, else the one in the cache, else undefined. */
async function locate(component: Component, program: Program): Promise<string | undefined> {
  const ask = component.installed?.ask[program]
  for (const folder of ask ? config.searchFolders : []) {
    const path = join(folder, program)
    if (!isExecutable(path)) continue
    const answer = await run(path, ask!).catch(() => '')
    if (component.installed!.fits.test(answer)) return path
  }
  const cached = join(cacheFolderOf(component), program)
  return isExecutable(cached) ? cached : undefined
}

async function locateAll(wanted: Program[]): Promise<{ found: Partial<Binaries>; missing: Map<Component, Program[]> }> {
  const found: Partial<Binaries> = {}
  const missing = new Map<Component, Program[]>()
  for (const component of components) {
    for (const program of programsOf(component).filter((name) => wanted.includes(name))) {
      const path = await locate(component, program)
      if (path) found[program] = path
      else missing.set(component, [...(missing.get(component) ?? []), program])
    }
  }
  return { found, missing }
}

/** Why the programs can neither be found nor built, or null. */
export async function binariesUnavailable(wanted: Program[]): Promise<string | null> {
  const { missing } = await locateAll(wanted)
  if (missing.size === 0) return null
  const names = [...missing.values()].flat().join(', ')
  const version = await run('go', ['env', 'GOVERSION'], { env: goEnvironment({}) }).catch(() => '')
  const [major = 0, minor = 0] = version.replace('go', '').split('.').map(Number)
  if (major < minimumGo[0] || (major === minimumGo[0] && minor < minimumGo[1])) {
    return `needs Go ${minimumGo.join('.')} or newer (found: ${version.trim() || 'none'}) to build ${names}, neither in KUBEBUILDER_ASSETS, PATH nor the cache`
  }
  const needsSeccomp = [...missing.keys()].some((component) => component.cgo)
  if (needsSeccomp && (await run('pkg-config', ['--exists', 'libseccomp']).catch(() => null)) === null) {
    return 'runc must be built, which takes pkg-config and libseccomp-dev'
  }
  return null
}

/** Finds the programs, building those that are missing from their Go modules (minutes, once a machine). */
export async function ensureBinaries(wanted: Program[]): Promise<Binaries> {
  const { found, missing } = await locateAll(wanted)
  if (missing.size === 0) return found as Binaries
  const reason = await binariesUnavailable(wanted)
  if (reason) throw new Error(reason)
  await withLock(
    join(config.cacheFolder, 'lock'),
    async () => {
      // Whoever held the lock before may have built them.
      for (const [component, programs] of (await locateAll(wanted)).missing) await build(component, programs)
    },
    () => progress('another process is building the programs, waiting for it'),
  )
  return (await locateAll(wanted)).found as Binaries
}

function goEnvironment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // Modules ship a go.work of their repository, and users have flags of their own: neither may change what is built.
  return { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '', ...more }
}

async function build(component: Component, programs: Program[]): Promise<void> {
  const folder = cacheFolderOf(component)
  mkdirSync(folder, { recursive: true })
  // We hold the lock, so a work folder that is there already was left by a build that was killed.
  for (const name of readdirSync(folder).filter((name) => name.startsWith('.build-'))) {
    rmSync(join(folder, name), { recursive: true, force: true })
  }
  const work = join(folder, `.build-${process.pid}`)
  const removeWork = () => rmSync(work, { recursive: true, force: true })
  const keepWork = atEnd(removeWork)
  try {
    await timed(`building ${programs.join(', ')} (${component.module} ${component.version})`, async () => {
      mkdirSync(join(work, 'bin'), { recursive: true })
      await go(component, await prepareModule(component, work), [
        ...[
          'build',
          '-mod=mod',
          `-modfile=${join(work, 'go.mod')}`,
          '-trimpath',
          '-buildvcs=false',
          '-ldflags',
          `-s -w ${component.ldflags}`,
          // Nothing inlined and nothing told to debuggers is a third less to compile: the longest work of a first run. But for Go's
          // own library, which is little of that: what all that runs spends its time in.
          '-gcflags=all=-l -dwarf=false',
          '-gcflags=std=-dwarf=false',
        ],
        ...(component.cgo ? ['-tags', component.cgo.tags] : []),
        // A folder takes each program under its package's name; the module's root package needs the name said.
        ...(programs.length === 1 ? ['-o', join(work, 'bin', programs[0]!)] : ['-o', `${join(work, 'bin')}/`]),
        ...programs.map((program) => component.packages[program]!),
      ])
      for (const program of programs) renameSync(join(work, 'bin', program), join(folder, program))
    })
  } finally {
    removeWork()
    keepWork()
  }
}

/** The parts of `go mod edit -json` that we use. */
interface GoMod {
  Require?: { Path: string; Version: string }[]
  Replace?: { Old: { Path: string }; New: { Path: string } }[]
}

/**
 * Gives the module's folder in Go's cache and writes a go.mod into `work` that stands in for its own, which names
 * folders of the repository that the module does not hold. The source itself need not be copied.
 */
async function prepareModule(component: Component, work: string): Promise<string> {
  const env = goEnvironment({})
  const answer = await run('go', ['mod', 'download', '-json', `${component.module}@${component.version}`], { env })
  const folder = (JSON.parse(answer) as { Dir: string }).Dir
  // Go's cache is read-only, and a copied file would be too.
  for (const file of ['go.mod', 'go.sum']) writeFileSync(join(work, file), readFileSync(join(folder, file)))
  const goMod: GoMod = JSON.parse(await run('go', ['mod', 'edit', '-json', 'go.mod'], { env, cwd: work }))
  const edits: string[] = []
  for (const { Old, New } of goMod.Replace ?? []) {
    if (New.Path.startsWith('.')) edits.push(`-dropreplace=${Old.Path}`)
  }
  for (const { Path, Version } of goMod.Require ?? []) {
    if (component.staging && Version === 'v0.0.0') edits.push(`-replace=${Path}=${Path}@${component.staging}`)
  }
  if (edits.length > 0) await run('go', ['mod', 'edit', ...edits, 'go.mod'], { env, cwd: work })
  return folder
}

async function go(component: Component, cwd: string, args: string[]): Promise<void> {
  // A compiler that collects its garbage less often takes a fifth less of the processors, and some more memory.
  const env = goEnvironment({ CGO_ENABLED: component.cgo ? '1' : '0', GOGC: '400' })
  const child = spawn('go', args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  // Minutes on all cores: what else is done meanwhile goes first.
  if (child.pid) setPriority(child.pid, 5)
  const ended = atEnd(() => child.kill())
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text.replace(/^go: downloading .*\n/gm, '')).slice(-8000)
  })
  const [code, signal] = await once(child, 'close')
  ended()
  if (code !== 0) throw new Error(`go ${args.join(' ')} ended with ${signal ?? code}:\n${errors}`)
}

async function timed(title: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now()
  const elapsed = () => `${Math.round((performance.now() - start) / 1000)} s`
  progress(`${title} ...`)
  const ticker = setInterval(() => progress(`${title} ... ${elapsed()}`), 30_000)
  try {
    await work()
  } finally {
    clearInterval(ticker)
  }
  progress(`${title}: done in ${elapsed()}`)
}
