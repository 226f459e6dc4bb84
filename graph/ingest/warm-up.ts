/** What a worker has the server plan when it starts. */
import { OPEN } from '../model/time.ts'
import { NO_KEYS, NO_ROWS, type Rehearsal, rehearse, type Store } from '../store/main.ts'
import { allStatements } from './statements.ts'

/** Those that work through a list. */
const BY_LIST = /^(?:\/\/.*\n|CYPHER 5\n)*UNWIND \$(?:rows|ids|keys) /

const PARAMETERS = { rows: NO_ROWS, ids: NO_KEYS, keys: NO_KEYS, now: 0, cluster: '', open: OPEN }

/** The writer's statements, on nothing. */
export const rehearsals = (): Rehearsal[] =>
  allStatements()
    .filter((cypher) => BY_LIST.test(cypher))
    .map((cypher) => ({ cypher, params: PARAMETERS, writes: true }))

/** Has the server plan the writer's statements. Needs the schema; changes nothing. */
export const warmUpWriter = (store: Store, signal: AbortSignal): Promise<void> => rehearse(store, rehearsals(), signal)
