/** Statements that the server has planned before they are needed: a cold one takes seconds for a large one. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from './main.ts'
import type { Params } from './values.ts'

/**
 * A statement with values of the types that it will have: the server plans it again for others, and the type of a list is that of its
 * first value, which an empty one has not.
 */
export interface Rehearsal {
  readonly cypher: string
  readonly params: Params
  readonly writes: boolean
}

/** One element each for lists of keys, and of rows: nothing has such a key. */
export const NO_KEYS: readonly string[] = ['']
export const NO_ROWS: readonly object[] = [{ id: '', key: '', properties: {} }]

const ROLLED_BACK = new Error('rolled back')

/** Runs one of them; what it writes is rolled back. */
export const perform = async (store: Store, { cypher, params, writes }: Rehearsal): Promise<void> => {
  if (!writes) {
    await store.read(cypher, params)
    return
  }
  const written = store.write(async (transaction) => {
    await transaction.run(cypher, params)
    throw ROLLED_BACK
  })
  await written.catch((error) => {
    if (error !== ROLLED_BACK) throw error
  })
}

/** Ends when those that were asked for so far, by anyone in this process, have run. */
let turns: Promise<void> = Promise.resolve()

/**
 * Runs them until `signal`, one after the other and one at a time in this process, by turns with others: what is needed already must
 * find a core free. What fails is left out: its real use says so. One that is under way at the signal is not waited for, which may be
 * seconds: it changes nothing.
 */
export const rehearse = async (store: Store, rehearsals: readonly Rehearsal[], signal: AbortSignal): Promise<void> => {
  const ended = Promise.withResolvers<void>()
  const end = () => ended.resolve()
  signal.addEventListener('abort', end)
  for (const each of rehearsals) {
    if (signal.aborted) break
    turns = turns.then(async () => {
      if (!signal.aborted) await perform(store, each).catch(() => {})
    })
    await Promise.race([turns, ended.promise])
  }
  signal.removeEventListener('abort', end)
}

/** The head of a statement's file: comments, and the version of Cypher. */
const HEAD = /^((?:\/\/.*\n)*CYPHER 5)\b/

/**
 * The same store, where what is rehearsed runs by the plan that the server has of it, even one that it would make anew because the
 * graph has grown since: that may take seconds, in which nobody gets an answer. Whoever uses it renews the plans aside
 * (`renewPlans`); what is not rehearsed is left to the server, since nobody renews it.
 */
export const onPlansMade = (store: Store, rehearsals: readonly Rehearsal[]): Store => {
  const rehearsed = new Map(rehearsals.map(({ cypher }) => [cypher, cypher.replace(HEAD, '$1 replan=skip')]))
  const made = (cypher: string) => rehearsed.get(cypher) ?? cypher
  return {
    ...store,
    read: (cypher, params, timeout) => store.read(made(cypher), params, timeout),
    write: (work) =>
      store.write((transaction) => work({ run: (cypher, params) => transaction.run(made(cypher), params) })),
  }
}

/** ms: a plan is looked at again after it, if anything used it. The server itself makes none anew that is younger than 10 s. */
const RENEWAL = 15_000

/** Has the server make anew, until `signal`, what plans the graph has outgrown: one by one, and only while they are `used`. */
export const renewPlans = async (
  store: Store,
  rehearsals: readonly Rehearsal[],
  used: () => boolean,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await sleep(RENEWAL, undefined, { signal }).catch(() => {})
    if (!signal.aborted && used()) await rehearse(store, rehearsals, signal)
  }
}
