/** What one request may read of the graph: how much, in how many statements, how many of them at one time, and for how long. */
import { GraphQLError } from 'graphql'
import type { Reader } from '../../queries/reads/read.ts'

/** Rows that one request may read: pages within pages multiply. */
const ROWS = 50_000

/** Statements that one request may send: what no loader gathers sends some for each object. */
const STATEMENTS = 2_000

/** Statements of one request that run at one time: the driver has a hundred connections, and others ask too. */
export const AT_ONCE = 10

/** ms for which one request is worked on. */
export const TIME = 10_000

/** The part of the store that the API needs: it can't write, and no read outlives its request by much. */
export interface TimedReader {
  read<T>(cypher: string, params: Record<string, unknown>, timeout?: number): Promise<T[]>
}

/** Runs `most` of the works that it is given at one time; the others wait, in the order in which they came. */
const inTurn = (most: number) => {
  let free = most
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}

/**
 * The reader, until the request has read too much or is `over`. Reads wait here and not in the driver, and are judged when their
 * turn comes: what is not answered any more is not sent.
 */
export const bounded = (reader: TimedReader, over: AbortSignal): Reader => {
  const end = performance.now() + TIME
  const turn = inTurn(AT_ONCE)
  let rows = 0
  let statements = 0
  return {
    read: <T>(cypher: string, params: Record<string, unknown>): Promise<T[]> =>
      turn(async () => {
        over.throwIfAborted()
        if (rows >= ROWS) throw new GraphQLError(`the request reads more than ${ROWS} rows: ask for smaller pages`)
        if (statements === STATEMENTS)
          throw new GraphQLError(`the request needs more than ${STATEMENTS} reads of the graph: ask for less at once`)
        statements += 1
        // Neo4j takes 0 for no limit.
        const found = await reader.read<T>(cypher, params, Math.max(1, Math.ceil(end - performance.now())))
        rows += found.length
        return found
      }),
  }
}
