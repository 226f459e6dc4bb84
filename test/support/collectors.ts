/** A test that rests on collectors says so; where a folder of agent/collectors was deleted, it is skipped. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../agent/collectors')

/** Why a test that needs these collectors can't run, or false. */
export const lacksCollectors = (...names: string[]): string | false => {
  const missing = names.filter((name) => !existsSync(join(folder, name, 'main.ts')))
  return missing.length === 0 ? false : `needs ${missing.map((name) => `agent/collectors/${name}`).join(' and ')}`
}
