/** Finds the collectors: each folder with a main.ts is one. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Collector } from './collectors/collector.ts'
import { environment } from './config.ts'

/** What a collector finds its settings in. */
export type Environment = Readonly<Record<string, string | undefined>>

export const COLLECTORS = join(import.meta.dirname, 'collectors')

/** A folder of collectors holds this one: it, or why it can't be loaded. */
export interface Found {
  readonly name: string
  readonly collector: Collector | null
  /** Null for one that was loaded. */
  readonly problem: string | null
}

const load = async (name: string, file: string): Promise<Found> => {
  try {
    const collector = ((await import(pathToFileURL(file).href)) as { default?: Collector }).default
    if (collector?.name === name) return { name, collector, problem: null }
    return { name, collector: null, problem: `${file} exports no collector of the name ${name} as its default` }
  } catch (error) {
    return { name, collector: null, problem: `it can't be loaded: ${(error as Error).message}` }
  }
}

/** All collectors of a folder, by name; those named where names are given. Throws on a name that is not there. */
export const discover = async (folder: string, names?: readonly string[]): Promise<readonly Found[]> => {
  const there = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'main.ts')))
    .sort()
  const unknown = names?.filter((name) => !there.includes(name)) ?? []
  if (unknown.length > 0)
    throw new Error(`no collector ${unknown.join(', ')}; there are: ${there.join(', ') || 'none'}`)
  const chosen = there.filter((name) => names?.includes(name) ?? true)
  return Promise.all(chosen.map((name) => load(name, join(folder, name, 'main.ts'))))
}

/** Why a collector can't run here, or null. */
export const reasonAgainst = async (
  { collector, problem }: Found,
  settings: Environment = environment,
): Promise<string | null> => {
  if (collector === null) return problem
  try {
    return await collector.available(settings)
  } catch (error) {
    return (error as Error).message
  }
}

/** Where a collector of the agent with this `dataDir` keeps what is its own. */
export const ownDir = (dataDir: string, name: string): string => join(dataDir, name)
