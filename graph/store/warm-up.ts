/** Statements that the server has planned before they are needed: a cold one takes seconds for a large one. */
import type { Store } from './main.ts'
import type { Params } from './values.ts'

/** A statement, run on empty lists so that it touches nothing. */
export interface Rehearsal {
  readonly cypher: string
  readonly params: Params
  readonly writes: boolean
}

/** So many at once: the server plans each on one of its cores. */
const AT_ONCE = 4

/** Runs them all. What fails is left out: its real use says so. */
export const rehearse = async (store: Store, rehearsals: readonly Rehearsal[]): Promise<void> => {
  const left = [...rehearsals]
  const runner = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { cypher, params, writes } = next
      const running = writes
        ? store.write((transaction) => transaction.run(cypher, params))
        : store.read(cypher, params)
      await running.catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, runner))
}
