/** Which files of bpf/ have the programs of a kernel event, by the hooks that it names: read from the sources themselves. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventKind } from '../../define.ts'

const folder = join(import.meta.dirname, '../../../../bpf')

/** A program hangs on its section; one that hangs on nothing, since the agent calls it, is named `raw_tp/` and its own name. */
const sectionsIn = (source: string): string[] =>
  [...source.matchAll(/^SEC\("([\w/]+)"\)\s+int (?:BPF_PROG\()?(\w+)/gm)].map(([, section = '', program]) =>
    section.includes('/') ? section : `${section}/${program}`,
  )

const sources = readdirSync(folder)
  .filter((file) => file.endsWith('.bpf.c'))
  .sort()
  .map((file) => ({ path: `bpf/${file}`, sections: sectionsIn(readFileSync(join(folder, file), 'utf8')) }))

/** The hooks that a kernel event is seen at, as sections: `tp_btf/mark_victim`. */
export const hooksOf = ({ hook }: Pick<EventKind, 'hook'>): readonly string[] => hook.match(/\b\w+\/\w+/g) ?? []

/** Paths of the files that have a program at a hook: none while it is yet to be written, as what it includes is generated. */
export const programsAt = (hook: string): string[] =>
  sources.filter(({ sections }) => sections.includes(hook)).map(({ path }) => path)
