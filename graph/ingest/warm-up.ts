/** What a worker has the server plan when it starts. */
import { OPEN } from '../model/time.ts'
import { type Rehearsal, rehearse, type Store } from '../store/main.ts'
import { allStatements } from './statements.ts'

/** Those that work through a list, which is empty here, and so do nothing. */
const BY_LIST = /^(?:\/\/.*\n|CYPHER 5\n)*UNWIND \$(?:rows|ids|keys) /

const PARAMETERS = { rows: [], ids: [], keys: [], now: 0, cluster: '', open: OPEN }

/** The writer's statements, on nothing. */
export const rehearsals = (): Rehearsal[] =>
  allStatements()
    .filter((cypher) => BY_LIST.test(cypher))
    .map((cypher) => ({ cypher, params: PARAMETERS, writes: true }))

/** Has the server plan the writer's statements. Needs the schema; changes nothing. */
export const warmUpWriter = (store: Store, signal: AbortSignal): Promise<void> => rehearse(store, rehearsals(), signal)
