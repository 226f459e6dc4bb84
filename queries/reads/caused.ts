/** Causes and effects of events, as the newest verdicts say. */
import { type Reader, statement } from './read.ts'
import type { StoredEvent } from './stored.ts'

const CAUSED = statement('caused')

export interface Cause {
  readonly event: StoredEvent
  readonly joinKey: string
  readonly resolver: string
  /** µs */
  readonly lag: number
  readonly confidence: number
}

export interface Causality {
  readonly causes: readonly Cause[]
  readonly effects: readonly Cause[]
}

/** Causes and effects of each event, at most 50 of each. */
export const caused = async (reader: Reader, ids: readonly string[]): Promise<Map<string, Causality>> => {
  const rows = await reader.read<{
    id: string
    side: 'causes' | 'effects'
    hop: Omit<Cause, 'event'>
    event: StoredEvent
  }>(CAUSED, { ids })
  const of = (id: string, side: 'causes' | 'effects'): Cause[] =>
    rows.filter((row) => row.id === id && row.side === side).map(({ hop, event }) => ({ ...hop, event }))
  return new Map(ids.map((id) => [id, { causes: of(id, 'causes'), effects: of(id, 'effects') }]))
}
