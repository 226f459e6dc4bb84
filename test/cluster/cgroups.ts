import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Hierarchy {
  mount: string
  version: 1 | 2
}

/** Every mounted cgroup hierarchy: on v1 and hybrid hosts one for each controller, on v2 hosts a single one. */
function hierarchies(): Hierarchy[] {
  const found: Hierarchy[] = []
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, mount = '', type] = line.split(' ')
    if (type === 'cgroup' || type === 'cgroup2') found.push({ mount, version: type === 'cgroup' ? 1 : 2 })
  }
  return found
}

/** Why containers could not be limited here, or null. */
export function cgroupsUnavailable(): string | null {
  const controllers = hierarchies().map(({ mount, version }) =>
    version === 1 ? mount : readFileSync(join(mount, 'cgroup.controllers'), 'utf8'),
  )
  return controllers.some((names) => /\bmemory\b/.test(names)) ? null : 'no cgroup hierarchy has a memory controller'
}

/** The folders of a cgroup, one in each hierarchy. */
export function cgroupFolders(path: string): string[] {
  return hierarchies().map(({ mount }) => join(mount, path))
}

/** Makes a cgroup with its parents in every hierarchy, ready for processes and for children of its own. */
export function createCgroup(path: string): void {
  for (const { mount, version } of hierarchies()) {
    let parent = mount
    for (const name of path.split('/').filter(Boolean)) {
      if (version === 2) enableControllers(parent)
      const folder = join(parent, name)
      mkdirSync(folder, { recursive: true })
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        // v1 starts them empty, and a process cannot join a cpuset without CPUs.
        if (version === 1 && existsSync(join(folder, file))) {
          writeFileSync(join(folder, file), readFileSync(join(parent, file)))
        }
      }
      parent = folder
    }
  }
}

function enableControllers(folder: string): void {
  const available = readFileSync(join(folder, 'cgroup.controllers'), 'utf8').split(/\s+/).filter(Boolean)
  if (available.length > 0) {
    writeFileSync(join(folder, 'cgroup.subtree_control'), available.map((name) => `+${name}`).join(' '))
  }
}

/** Cgroups in this one, or null where it is not there: a kubelet may remove it at any moment. */
function childrenOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** A cgroup's folder with all below it, the deepest first. */
function subtree(folder: string): string[] {
  const children = childrenOf(folder)
  if (children === null) return []
  return [...children.flatMap(({ name }) => subtree(join(folder, name))), folder]
}

/** Pids of all processes in a cgroup and below it, in any hierarchy. */
export function processesIn(path: string): Set<number> {
  const pids = cgroupFolders(path)
    .flatMap(subtree)
    .flatMap((folder) => readIfThere(join(folder, 'cgroup.procs')).split('\n'))
  return new Set(pids.filter(Boolean).map(Number))
}

/** Removes a cgroup and all below it; true once nothing is left (an ending process may still hold one). */
export function removeCgroup(path: string): boolean {
  for (const folder of cgroupFolders(path).flatMap(subtree)) {
    try {
      rmdirSync(folder)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EBUSY' && code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error
    }
  }
  return cgroupFolders(path).every((folder) => !existsSync(folder))
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // The cgroup went away between the listing and the reading.
    return ''
  }
}
