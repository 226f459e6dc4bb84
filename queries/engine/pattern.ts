/** pattern.yaml: what a pattern says of itself, checked; and where patterns are found. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { EventKind } from '../../graph/model/define.ts'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import { MILLISECOND, MINUTE, SECOND } from '../../graph/model/time.ts'
import type { Interval } from '../reads/coverage.ts'
import { JOINS, type JoinName } from './joins.ts'

const UNITS: Record<string, number> = { ms: MILLISECOND, s: SECOND, m: MINUTE, h: 60 * MINUTE }

// Titles and descriptions are what docs/patterns.md tells of a key.

/** `10s`, `250ms`, `5m`, `1h` as µs. */
const span = z
  .string()
  .transform((text, context) => {
    const parts = /^(\d+)(ms|s|m|h)$/.exec(text)
    if (parts !== null) return Number(parts[1]) * UNITS[parts[2] as string]!
    context.addIssue(`got the span '${text}', expected a whole number and ms, s, m or h, such as 10s`)
    return z.NEVER
  })
  .meta({ title: 'span' })

const eventName = z.enum(Object.keys(EVENTS) as [EventName, ...EventName[]]).meta({ title: 'event kind' })
const scalar = z.union([z.string(), z.number(), z.boolean()])
const fields = z.record(z.string(), scalar).meta({ title: 'fields with a value each' })

const stepSchema = z.strictObject({
  event: eventName.describe('What happened. Each kind is one step at most.'),
  required: z.boolean().default(false).describe('The chain is not there without it.'),
  requiredWhen: z
    .strictObject({
      anchor: fields.optional().describe('The anchor has all of these values.'),
      present: z.array(eventName).optional().describe('One of these steps was found.'),
    })
    .optional()
    .describe('Required where one of these holds.'),
  from: eventName
    .optional()
    .describe('The step that it is joined to. Left out, or where that one was not found: the anchor.'),
  join: z
    .enum(Object.keys(JOINS) as [JoinName, ...JoinName[]])
    .optional()
    .describe('The key that joins it to that; each step but the anchor has one.'),
  within: z
    .strictObject({
      before: span.optional().describe('How long before the anchor. Left out: not before.'),
      after: span.optional().describe('How long after the anchor, no longer than `window`. Left out: not after.'),
    })
    .optional()
    .describe('Where it may lie in time; each step but the anchor says so.'),
  where: z
    .record(z.string(), z.array(scalar))
    .meta({ title: 'fields with a list of values each' })
    .optional()
    .describe('Values that its fields must have, for match.cypher.'),
  witnessOf: eventName
    .optional()
    .describe('It tells of the same happening as that step: another witness of it, not another link of the chain.'),
})

const causeSchema = z.strictObject({
  is: z.string().min(1).describe('The name of the cause.'),
  when: fields.optional().describe('The anchor has all of these values. Left out: always; so does the last cause.'),
})

const absenceSchema = z.strictObject({
  outcome: z.string().min(1).describe('How the outcome begins.'),
  of: z.array(eventName).min(1).describe('Steps that must truly be absent: one of their sources was watching.'),
  otherwise: z.string().min(1).describe('What is said instead of that beginning where none of them was.'),
})

export const patternSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .describe("Name of the pattern, and of its folder: a-z, 0-9 and '-'."),
  title: z.string().min(1).describe('What its incidents are called.'),
  anchor: eventName.describe('The step that the chain hangs on, the rarest one: each such event is an occurrence.'),
  confidence: z
    .number()
    .gt(0)
    .max(1)
    .describe(
      'What the whole chain says of the cause when every join is exact and nothing was lost: above 0, up to 1.',
    ),
  window: span.describe('How long after the anchor its evidence may happen.'),
  lateness: span.describe(
    "How long beyond the window, and beyond the delay of a kind's source, a verdict waits until it is final.",
  ),
  steps: z.array(stepSchema).min(1).describe('The chain, causes before effects; the anchor is one of them.'),
  cause: z
    .array(causeSchema)
    .min(1)
    .describe(
      'The first that fits the anchor names the cause. Of fields that never change, so that an incident keeps its identity.',
    ),
  absence: z.array(absenceSchema).default([]).describe('Outcomes that rest on something not having happened.'),
})

export type Step = z.infer<typeof stepSchema>

export interface Pattern extends z.infer<typeof patternSchema> {
  /** Text of match.cypher. */
  readonly cypher: string
  readonly folder: string
}

/** `oom-kill` as a column or parameter: `oomKill`. */
export const columnOf = (event: string): string =>
  event.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** `oom-kill` as a label: `OomKill`. */
export const labelOf = (event: string): string => columnOf(`-${event}`)

export const kindOf = (event: EventName): EventKind => EVENTS[event]

/** Told by the kubelet through a status: while its node is not Ready, that nothing is told means nothing. */
export const isKubelets = ({ collector, origin }: EventKind): boolean =>
  collector === 'kubernetes' && (origin.startsWith('kubelet.') || origin === 'container.exit')

/** Told through a pod's status: once the pod is removed, nothing more comes of it. */
export const isOfPodStatus = (kind: EventKind): boolean =>
  isKubelets(kind) && kind.about.some((object) => object === 'Pod' || object === 'Container')

/** How long after a kubelet fell silent that is told, µs: its node is then not Ready, or its Lease stale. */
export const SILENCE_TOLD = EVENTS['node-condition-changed'].delay

/** How long after its window a pattern may still be told of what happened in it, or of a kubelet that could not tell, µs. */
export const toldAfter = ({ steps }: Pattern): number => {
  const kinds = steps.map(({ event }) => kindOf(event))
  return Math.max(...kinds.map(({ delay }) => delay)) + (kinds.some(isKubelets) ? SILENCE_TOLD : 0)
}

/** Kinds that tell of a container's runs by number: one that is left out went by untold. */
export const COUNTING = (Object.keys(EVENTS) as EventName[]).filter(
  (kind) => 'restartCount' in EVENTS[kind].fields && EVENTS[kind].about.includes('Container'),
)

/** How long before the anchor its evidence may lie, µs. */
export const spanBefore = (pattern: Pattern): number =>
  Math.max(...pattern.steps.map((step) => step.within?.before ?? 0))

/** Where a step may lie around an anchor, µs, and for how long its source has to watch on: what a status tells is told late. */
export const spanOf = (
  { event, within }: Step,
  { at, uncertainty }: { readonly at: number; readonly uncertainty: number },
): Interval => ({
  from: at - (within?.before ?? 0),
  to: at + uncertainty + (within?.after ?? 0) + kindOf(event).delay,
})

/** What its anchors are evaluated under. */
export interface Asked {
  readonly cluster: string
  /** Ids of anchors. */
  readonly anchors: readonly string[]
  /** µs; only what was recorded up to then counts. */
  readonly known: number
  /** Ids of events to leave out. */
  readonly without: readonly string[]
}

/** All that match.cypher is given. Of each step, by column: spans in µs (0 where it cannot lie there) and wanted values. */
export const parametersOf = ({ steps }: Pattern, asked: Asked) => ({
  ...asked,
  steps: Object.fromEntries(
    steps.map(({ event, within, where }) => [
      columnOf(event),
      { before: within?.before ?? 0, after: within?.after ?? 0, where: where ?? {} },
    ]),
  ),
})

/** The columns that it returns. */
export const columnsOf = ({ steps }: Pattern): string[] => [
  'anchor',
  ...steps.map(({ event }) => columnOf(event)),
  'outcome',
  'affected',
]

const problemsOf = (pattern: z.infer<typeof patternSchema>, folder: string): string[] => {
  const problems: string[] = []
  const names = pattern.steps.map((step) => step.event)
  const needStep = (where: string, event: EventName) => {
    if (!names.includes(event)) problems.push(`${where} names ${event}, expected one of the steps ${names.join(', ')}`)
  }
  const needField = (where: string, event: EventName, field: string) => {
    const known = Object.keys(kindOf(event).fields)
    if (!known.includes(field))
      problems.push(`${where}: ${event} has no field ${field}, expected one of ${known.join(', ')}`)
  }
  if (pattern.id !== basename(folder)) problems.push(`id is ${pattern.id}, expected the folder's name`)
  if (new Set(names).size !== names.length) problems.push('an event kind is a step twice, expected each kind once')
  needStep('anchor', pattern.anchor)
  for (const step of pattern.steps) {
    const isAnchor = step.event === pattern.anchor
    if (isAnchor && (step.join ?? step.within ?? step.requiredWhen) !== undefined)
      problems.push(`${step.event} is the anchor: it has no join, within or requiredWhen`)
    if (!isAnchor && (step.join === undefined || step.within === undefined))
      problems.push(`${step.event} needs join and within`)
    if ((step.within?.after ?? 0) > pattern.window)
      problems.push(`${step.event}: within.after is longer than the window`)
    if (step.from !== undefined) {
      needStep(`${step.event}.from`, step.from)
      if (isAnchor || step.from === step.event)
        problems.push(`${step.event}.from is ${step.from}, expected another step, and none on the anchor`)
    }
    if (step.witnessOf !== undefined) needStep(`${step.event}.witnessOf`, step.witnessOf)
    for (const event of step.requiredWhen?.present ?? []) needStep(`${step.event}.requiredWhen`, event)
    for (const field of Object.keys(step.where ?? {})) needField(`${step.event}.where`, step.event, field)
    for (const field of Object.keys(step.requiredWhen?.anchor ?? {}))
      needField(`${step.event}.requiredWhen`, pattern.anchor, field)
  }
  for (const cause of pattern.cause)
    for (const field of Object.keys(cause.when ?? {})) needField(`cause ${cause.is}`, pattern.anchor, field)
  if (pattern.cause.at(-1)?.when !== undefined)
    problems.push('the last cause has a condition, expected one that always fits')
  for (const { outcome, of } of pattern.absence)
    for (const event of of) {
      needStep(`absence of ${outcome}`, event)
      if (kindOf(event).bestEffort) problems.push(`absence of ${outcome}: that there is no ${event} proves nothing`)
    }
  return problems
}

/** Reads one pattern's folder. Throws with every fault that its pattern.yaml has. */
const loadPattern = (folder: string): Pattern => {
  const file = join(folder, 'pattern.yaml')
  const parsed = patternSchema.safeParse(parse(readFileSync(file, 'utf8')))
  if (!parsed.success) throw new Error(`${file}:\n${z.prettifyError(parsed.error)}`)
  const problems = problemsOf(parsed.data, folder)
  if (problems.length > 0) throw new Error(`${file}:\n  ${problems.join('\n  ')}`)
  return { ...parsed.data, cypher: readFileSync(join(folder, 'match.cypher'), 'utf8'), folder }
}

/** The patterns that come with aitia. */
export const OWN_PATTERNS = join(import.meta.dirname, '../patterns')

/** The folders of patterns in `dir`. */
const foldersIn = (dir: string): string[] => {
  const expected = 'expected a folder (--patterns, AITIA_PATTERNS) with a folder for each pattern'
  try {
    if (existsSync(join(dir, 'pattern.yaml'))) throw new Error('it is a pattern itself')
    return readdirSync(dir)
      .map((name) => join(dir, name))
      .filter((folder) => existsSync(join(folder, 'pattern.yaml')))
  } catch (error) {
    throw new Error(`can't read patterns in ${dir} (${(error as Error).message}): ${expected}`)
  }
}

/** Every folder with a pattern.yaml in `dirs`, by id. A user's folder is one more of them; an id that is there twice is refused. */
export const loadPatterns = (dirs: readonly string[] = [OWN_PATTERNS]): Pattern[] => {
  const folders = [...new Set(dirs.map((dir) => resolve(dir)))].flatMap(foldersIn)
  const patterns = folders.map(loadPattern).sort((a, b) => (a.id < b.id ? -1 : 1))
  patterns.forEach((pattern, index) => {
    const twin = patterns[index + 1]
    if (twin?.id === pattern.id)
      throw new Error(`two patterns are called ${pattern.id}: ${pattern.folder} and ${twin.folder}; rename one`)
  })
  return patterns
}
