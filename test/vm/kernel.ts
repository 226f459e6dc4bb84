/** Debian's kernel and what a machine starts from, fetched and unpacked once and kept in the cache. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir } from '../../deploy/local/config.ts'
import { runTool } from '../../deploy/local/run-tool.ts'
import { writeWhole } from '../../deploy/local/server.ts'

export interface GuestKernel {
  readonly image: string
  /** The folder of its modules, as it is to be found in /lib/modules. */
  readonly modules: string
  readonly version: string
  readonly initramfs: string
}

/** What it takes to reach the root file system: all else is loaded from there. The two checksums ext4 asks for by alias. */
const EARLY = ['virtio_pci', 'virtio_blk', 'virtio_console', '9pnet_virtio', '9p', 'overlay', 'ext4']
const EARLY_BY_ALIAS = ['crc32c_generic', 'crc32c_intel']

const busybox = '/bin/busybox'

/**
 * Finds the kernel of a suite of Debian, that of this release's backports unless one is named, or fetches it by apt into
 * folders of our own: the lists of this machine stay as they are.
 */
export async function guestKernel(named?: string): Promise<GuestKernel> {
  const suite = named ?? `${(await debian()).codename}-backports`
  const folder = join(cacheDir, 'vm', suite)
  if (!existsSync(folder)) {
    const part = `${folder}.${process.pid}`
    try {
      mkdirSync(part, { recursive: true })
      await fetchKernel(suite, part)
      renameSync(part, folder)
    } finally {
      rmSync(part, { recursive: true, force: true })
    }
  }
  const [version] = readdirSync(join(folder, 'lib', 'modules')) as [string]
  const initramfs = join(folder, 'initramfs')
  await makeInitramfs(folder, version, initramfs)
  return {
    image: join(folder, 'boot', `vmlinuz-${version}`),
    modules: join(folder, 'lib', 'modules', version),
    version,
    initramfs,
  }
}

/** Where this machine's apt has Debian from, and what this release is called. */
async function debian(): Promise<{ uri: string; codename: string }> {
  const format = '$(ORIGIN) $(REPO_URI) $(CODENAME)'
  const targets = await runTool('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  for (const line of targets.split('\n')) {
    const [origin, uri, codename] = line.split(' ')
    if (origin === 'Debian' && uri !== undefined && codename !== undefined && !codename.includes('-'))
      return { uri, codename }
  }
  throw new Error("apt's lists name no release of Debian, which the machine's kernel comes from. Run: apt-get update")
}

async function fetchKernel(suite: string, folder: string): Promise<void> {
  const { uri } = await debian()
  const apt = join(folder, 'apt')
  for (const each of ['lists/partial', 'cache/archives/partial', 'parts'])
    mkdirSync(join(apt, each), { recursive: true })
  const sources = join(apt, 'sources.list')
  writeWhole(sources, `deb ${uri} ${suite} main\n`)
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    `Dir::Etc::sourceparts=${join(apt, 'parts')}`,
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  await runTool('apt-get', [...options, 'update'])
  const depends = await runTool('apt-cache', [...options, 'depends', 'linux-image-amd64'])
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1]
  if (name === undefined) throw new Error(`no kernel is in ${suite} of ${uri}: apt-cache depends says\n${depends}`)
  await runTool('apt-get', [...options, 'download', name], { cwd: apt })
  const archive = readdirSync(apt).find((file) => file.endsWith('.deb'))!
  await runTool('dpkg-deb', ['--extract', join(apt, archive), folder])
  rmSync(apt, { recursive: true })
  // The kernel has them loaded by busybox, which takes a second for each that is packed.
  await runTool('find', [join(folder, 'lib/modules'), '-name', '*.ko.xz', '-exec', 'xz', '-d', '{}', '+'])
  const [version] = readdirSync(join(folder, 'lib', 'modules')) as [string]
  await runTool(busybox, ['depmod', '-b', folder, version])
}

/** busybox, init.sh and the first modules with all that they need. Quick enough to be made for each run. */
async function makeInitramfs(folder: string, version: string, file: string): Promise<void> {
  const tree = `${file}.${process.pid}`
  const modules = join('lib', 'modules', version)
  const put = (from: string, to: string) => {
    mkdirSync(dirname(join(tree, to)), { recursive: true })
    copyFileSync(from, join(tree, to))
  }
  try {
    put(busybox, 'bin/busybox')
    put(join(import.meta.dirname, 'init.sh'), 'init')
    chmodSync(join(tree, 'init'), 0o755)
    for (const path of withDependencies(join(folder, modules, 'modules.dep'), [...EARLY, ...EARLY_BY_ALIAS]))
      put(join(folder, modules, path), join(modules, path))
    await runTool(busybox, ['depmod', '-b', tree, version])
    await runTool('sh', ['-c', `cd "$1" && find . | ${busybox} cpio -o -H newc > "$1.cpio"`, 'sh', tree])
    renameSync(`${tree}.cpio`, file)
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

/** Paths of modules and of what they need; one that is built into the kernel has none. */
function withDependencies(file: string, names: readonly string[]): Set<string> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const paths = new Set<string>()
  for (const name of names) {
    const line = lines.find((each) => each.split(':')[0]!.replaceAll('-', '_').endsWith(`/${name}.ko`))
    for (const path of line?.replace(':', '').split(' ').filter(Boolean) ?? []) paths.add(path)
  }
  return paths
}
