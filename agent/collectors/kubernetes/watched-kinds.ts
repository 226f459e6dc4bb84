import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyKind } from './kind.ts'

const folder = join(import.meta.dirname, 'kinds')

async function kindsOf(file: string): Promise<AnyKind[]> {
  const { default: kinds } = (await import(join(folder, file))) as { default: AnyKind | AnyKind[] }
  return [kinds].flat()
}

/** What is watched in every cluster: what the files of `kinds/` have as their default. Kinds of custom owners are added as they are met. */
export const watchedKinds: readonly AnyKind[] = (await Promise.all(readdirSync(folder).sort().map(kindsOf))).flat()
