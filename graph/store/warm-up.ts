/** Statements that the server has planned before they are needed: a cold one takes seconds for a large one. */
import type { Store } from './main.ts'
import type { Params } from './values.ts'

/** A statement, run on empty lists so that it touches nothing. */
export interface Rehearsal {
  readonly cypher: string
  readonly params: Params
  readonly writes: boolean
}

/** Runs one of them. */
export const perform = async (store: Store, { cypher, params, writes }: Rehearsal): Promise<void> => {
  if (writes) await store.write((transaction) => transaction.run(cypher, params))
  else await store.read(cypher, params)
}

/**
 * Runs them until `signal`, one after the other: what is needed already must find a core free. What fails is left out: its real
 * use says so. One that is under way at the signal is not waited for, which may be seconds: it touches nothing.
 */
export const rehearse = async (store: Store, rehearsals: readonly Rehearsal[], signal: AbortSignal): Promise<void> => {
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  for (const each of rehearsals) {
    if (signal.aborted) return
    await Promise.race([perform(store, each).catch(() => {}), ended])
  }
}
