/** Whether a test was skipped for want of something that this machine may lack. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { isRoot, root } from './config.ts'
import type { Outcome } from './test-report.ts'

/** What no set-up brings, and whether it is here. */
export interface Machine {
  readonly root: boolean
  /** Go, or what is built with it: the test cluster's programs, from an earlier run. */
  readonly Go: boolean
}

/** @param kubernetesBuilt the programs of the test cluster were found or built in this run */
export const thisMachine = (kubernetesBuilt: boolean): Machine => ({
  root: isRoot,
  Go: kubernetesBuilt || spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0,
})

/**
 * A skip is right where its reason begins with `needs`, and what it names is not here: root, Go, or a path (a collector's folder, a
 * file of the kernel). Anything else the set-up should have brought, or the test should do without.
 */
export function isRight({ reason = '' }: Pick<Outcome, 'reason'>, machine: Machine): boolean {
  const need = /^needs ([^\s:,]+)/.exec(reason)?.[1]
  if (need === undefined) return false
  if (Object.hasOwn(machine, need)) return !machine[need as keyof Machine]
  return need.includes('/') && !existsSync(resolve(root, need))
}
