/** What comes from Debian. Only what dpkg does not have is installed, and the package lists are fetched only if needed. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { findJava } from '../neo4j/install.ts'
import { runTool } from '../run-tool.ts'
import type { Step } from '../set-up.ts'

/** What the kernel side and the addon are built with. */
const base = [
  'clang',
  'llvm',
  'libbpf-dev',
  'libelf-dev',
  'zlib1g-dev',
  'bpftool',
  'make',
  'g++',
  'pkg-config',
  'python3',
]

/** What test/cluster needs to build runc and to run nodes. */
const cluster = ['libseccomp-dev', 'busybox-static', 'socat', 'iproute2', 'iptables', 'conntrack', 'openssl']

/** What test/vm needs to start a machine, and to unpack the kernel for it. */
const machine = ['qemu-system-x86', 'busybox-static', 'e2fsprogs', 'xz-utils']

/** Where a program that came some other way will do. */
const substitutes: Record<string, () => boolean> = {
  maven: () => runs('mvn'),
  'openjdk-17-jre-headless': () => existsSync(findJava()),
}

const debianStep = (name: string, packages: string[]): Step => ({
  name,
  done: () => missing(packages).length === 0,
  run: () => install(missing(packages)),
  byHand: () => `apt-get install --no-install-recommends ${missing(packages).join(' ')}`,
  needsRoot: true,
})

export const debianPackages = debianStep('Debian packages', base)
export const debianPackagesForNeo4j = debianStep('Debian packages for Neo4j', ['openjdk-17-jre-headless', 'maven'])
export const debianPackagesForRedis = debianStep('Debian packages for Redis', ['redis-server'])
export const debianPackagesForCluster = debianStep('Debian packages for the test cluster', cluster)
export const debianPackagesForMachine = debianStep('Debian packages for a machine', machine)

function missing(packages: string[]): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const query = spawnSync('dpkg-query', ['--show', '--showformat', '${Package} ${db:Status-Abbrev}\n', ...packages], {
    encoding: 'utf8',
  })
  // 'ii ' alone means wanted and whole; one that was interrupted half-way reads 'iU ' or 'iF '.
  const whole = new Set((query.stdout ?? '').split('\n').map((line) => line.match(/^(\S+) ii/)?.[1]))
  return packages.filter((name) => !whole.has(name) && !substitutes[name]?.())
}

async function install(packages: string[]) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) => runTool('apt-get', ['-y', '-o', 'DPkg::Lock::Timeout=300', ...args], { env })
  // A run that was ended while dpkg worked left packages unpacked and not configured; apt refuses everything until then.
  await runTool('dpkg', ['--configure', '-a', '--force-confdef', '--force-confold'], { env })
  const get = () => apt('install', '--no-install-recommends', ...packages)
  if (!haveLists()) await apt('update')
  await get().catch(async () => {
    await apt('update')
    await get()
  })
}

const haveLists = () =>
  existsSync('/var/lib/apt/lists') && readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'))

const runs = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
