/** What an event says in one line. A kind has its own words in words/<kind>.ts; one without lists its fields. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import type { StoredEvent } from './stored.ts'

/** Words of one kind. */
export interface Words<K extends EventName> {
  readonly title: string
  readonly summary: (event: StoredEvent<K>) => string
  /** For kinds that patterns hang on: what befell the workload, as the second half of a sentence about it. */
  readonly befell?: (event: StoredEvent<K>) => string
}

const folder = join(import.meta.dirname, 'words')
const own = new Map<string, Words<EventName>>(
  await Promise.all(
    readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map(async (file) => {
        const { default: words } = (await import(join(folder, file))) as { default: Words<EventName> }
        return [basename(file, '.ts'), words] as const
      }),
  ),
)

/** `OOM kill`, `terminated`; a kind without words is called by its name. */
export const titleOf = (kind: string): string => own.get(kind)?.title ?? kind.replaceAll('-', ' ')

const fieldsOf = (event: StoredEvent): string => {
  const stored = event as unknown as Record<string, unknown>
  return Object.keys(EVENTS[event.kind]?.fields ?? {})
    .filter((name) => stored[name] !== undefined)
    .map((name) => `${name} ${String(stored[name])}`)
    .join(', ')
}

/** The event in a few words. */
export const summaryOf = (event: StoredEvent): string => own.get(event.kind)?.summary(event) ?? fieldsOf(event)

/** What befell the workload by this event, to follow "checkout lost a replica: "; null for a kind without such words. */
export const befellOf = (event: StoredEvent): string | null => own.get(event.kind)?.befell?.(event) ?? null
