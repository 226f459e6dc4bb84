/** Trouble that the API told of and that was not over at the end of a window. */
import type { StoredEvent } from './stored.ts'
import { summaryOf } from './words.ts'

export const TROUBLE_KINDS = ['workload-unavailable', 'endpoints-changed', 'pod-scheduled'] as const

type Kind = (typeof TROUBLE_KINDS)[number]

export interface Trouble {
  readonly at: number
  /** Key of the workload, Service or pod. */
  readonly objectKey: string
  readonly summary: string
  /** Id of the event. */
  readonly event: string
}

/** What an event begins or ends: of each object and this, the last event counts. */
const aspectOf = (event: StoredEvent<Kind>): string =>
  `${event.kind} ${event.objectKey} ${'condition' in event ? event.condition : ''}`

const isOver = (event: StoredEvent<Kind>): boolean => {
  if ('recovered' in event) return event.recovered
  if ('scheduled' in event) return event.scheduled
  return 2 * event.readyEndpoints > event.endpoints
}

/** Of events in the order of time; `isGone` tells of a pod that nobody waits for any more. */
export const troubles = (events: readonly StoredEvent[], isGone: (key: string) => boolean): Trouble[] => {
  const last = new Map<string, StoredEvent<Kind>>()
  for (const event of events)
    if ((TROUBLE_KINDS as readonly string[]).includes(event.kind)) {
      const told = event as StoredEvent<Kind>
      last.set(aspectOf(told), told)
    }
  return [...last.values()]
    .filter((event) => !isOver(event) && !isGone(event.objectKey))
    .map((event) => ({ at: event.at, objectKey: event.objectKey, summary: summaryOf(event), event: event.id }))
    .sort((a, b) => a.at - b.at)
}
