/** Which event kinds hang on a kernel program: those that name its section in their `hook`. */
import { EVENTS } from '../../../graph/model/generated/registry.ts'
import type { EventName } from '../../../graph/model/generated/types.ts'
import type { ProgramStatus } from '../../native/native.ts'

/** The places that a kind names, as `section` or, where a section names none, as `section/program`. */
export const hooksOf = (kind: EventName): string[] => EVENTS[kind].hook.match(/\b\w+_\w+\/\w+/g) ?? []

export const KINDS: readonly EventName[] = (Object.keys(EVENTS) as EventName[]).filter(
  (kind) => EVENTS[kind].collector === 'ebpf',
)

/** Kinds that are seen only with this program; none for one that serves attribution or another program. */
export const kindsOf = ({ section, name }: Pick<ProgramStatus, 'section' | 'name'>): EventName[] =>
  KINDS.filter((kind) => hooksOf(kind).some((hook) => hook === section || hook === `${section}/${name}`))

/**
 * Kinds that can't be seen, since the kernel refuses a program that they hang on. All do on the one that tells of new cgroups: what
 * happens in a container that is gone before the hierarchy is walked again is told of the host, or not at all.
 */
export const blindOf = (programs: readonly ProgramStatus[]): readonly EventName[] => {
  const refused = programs.filter(({ state }) => state === 'refused')
  if (refused.some(({ name }) => name === 'cgroup_created')) return KINDS
  const blind = refused.flatMap(kindsOf)
  return KINDS.filter((kind) => blind.includes(kind))
}
