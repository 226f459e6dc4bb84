import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

const cacheHome = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')

/** All that the test cluster takes from the environment. */
export const config = {
  /** Where built programs stay between runs: outside any clone, so that a fresh clone does not build them again. */
  cacheFolder: join(cacheHome, 'aitia', 'cluster'),
  /** Folders searched for programs before anything is built, in this order. */
  searchFolders: [process.env.KUBEBUILDER_ASSETS, ...(process.env.PATH ?? '').split(':')].filter(
    (folder) => !!folder,
  ) as string[],
  path: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
  /**
   * What runs is noted here. One folder a user and machine, not a clone: cgroups and addresses belong to the machine,
   * so a run from any clone must find what a crashed run of another left.
   */
  stateFolder: join(tmpdir(), `aitia-cluster-${process.getuid?.() ?? 0}`),
} as const
