/** What every read shares: its statement from the `.cypher` file beside it, and the two times of a question. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OPEN } from '../../graph/model/time.ts'

/** The part of the store that a read needs: it can't write. */
export interface Reader {
  read<T>(cypher: string, params: Record<string, unknown>): Promise<T[]>
}

/** Knowledge time of "all that is known by now": the last instant that lies inside an open interval. */
export const KNOWN_NOW = OPEN - 1

/** A question about the time `at`, answered with what was recorded up to `known`, both in µs. */
export interface AsOf {
  readonly at: number
  readonly known: number
}

/** The text of `<name>.cypher` of this folder; `generated/<name>` is derived from the model. */
export const statement = (name: string): string => readFileSync(join(import.meta.dirname, `${name}.cypher`), 'utf8')

/** A statement written for the label `__Kind__`, for one kind. Labels can't be parameters and be served by an index; kinds come from the model. */
export const forKind = (text: string, label: string): string => text.replaceAll('__Kind__', label)

/** A key or id as an agent knows it, without the cluster. */
export const withoutCluster = (cluster: string, key: string): string =>
  key.startsWith(`${cluster}/`) ? key.slice(cluster.length + 1) : key

/** A position in a list that only the server understands. */
export const encodeCursor = (position: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url')

/** The position in a cursor of ours. Throws where it is none. */
export const decodeCursor = (cursor: string): (string | number)[] => {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(position)) return position
  } catch {
    // Falls through to the one message for all that is no cursor.
  }
  throw new InvalidRequest(`"${cursor}" is no cursor: give the endCursor of the page before`)
}

/** The asker gave something that can't be answered; the message is for them. */
export class InvalidRequest extends Error {}

/** A page's size, refused when it is out of bounds rather than cut. */
export const pageSize = (first: number, most = 200): number => {
  if (Number.isInteger(first) && first >= 1 && first <= most) return first
  throw new InvalidRequest(`a page of ${first} was asked for, expected 1 to ${most}`)
}
