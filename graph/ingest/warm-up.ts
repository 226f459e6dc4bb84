/** What a worker has the server plan when it starts. */
import { OPEN } from '../model/time.ts'
import { type Rehearsal, rehearse, type Store } from '../store/main.ts'
import { allStatements } from './statements.ts'

/** Those that work through a list, which is empty here, and so do nothing. */
const BY_LIST = /^(?:\/\/.*\n|CYPHER 5\n)*UNWIND \$(?:rows|ids|keys) /

const PARAMETERS = { rows: [], ids: [], keys: [], now: 0, cluster: '', open: OPEN }

/** Has the server plan the writer's statements. Needs the schema; changes nothing. */
export const warmUpWriter = (store: Store, signal: AbortSignal): Promise<void> =>
  rehearse(
    store,
    allStatements()
      .filter((cypher) => BY_LIST.test(cypher))
      .map((cypher): Rehearsal => ({ cypher, params: PARAMETERS, writes: true })),
    signal,
  )
