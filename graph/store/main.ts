/** Neo4j as the rest of the project sees it: Cypher with parameters in, plain values out. */
import neo4j, { type Driver, type ManagedTransaction, type Session } from 'neo4j-driver'
import { explained } from './errors.ts'
import { fromGraph, type Params, toGraph } from './values.ts'

export { faultOf } from './errors.ts'
export { applySchema, type SchemaReport, showSchema } from './schema.ts'
export type { GraphNode, GraphRelation, Params } from './values.ts'
export { NO_KEYS, NO_ROWS, onPlansMade, perform, type Rehearsal, rehearse, renewPlans } from './warm-up.ts'

/** Where Neo4j is. */
export interface StoreConfig {
  /** `bolt://host:port` for one server, or `neo4j://` for a cluster, any member of which may answer. */
  readonly uri: string
  readonly user: string
  readonly password: string
}

/** One transaction: what it has run is committed together, or not at all. */
export interface Transaction {
  /** Statements may be started without waiting for the one before: the server runs them in order. */
  run<T = Record<string, unknown>>(cypher: string, params?: Params): Promise<T[]>
}

/** One operator of an execution plan. */
export interface Plan {
  /** Such as `NodeUniqueIndexSeek`, without the database's name. */
  readonly operator: string
  /** What it works on, in the server's words. */
  readonly details: string
  readonly children: readonly Plan[]
}

export interface Store {
  /**
   * Reads rows, in READ access mode; tried again on errors that pass. Rows are unchecked: the caller names their type. The
   * server ends what runs longer than `timeout` (ms).
   */
  read<T = Record<string, unknown>>(cypher: string, params?: Params, timeout?: number): Promise<T[]>
  /** Runs `work` in one transaction; it is run again, from its start, on errors that pass (deadlock, lost connection). */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Runs one statement in a transaction of the server's own: schema, `CALL { } IN TRANSACTIONS`. Not tried again. */
  run<T = Record<string, unknown>>(cypher: string, params?: Params): Promise<T[]>
  /** How the server would run a read; it is not run. Throws where the text is no valid Cypher, or would write. */
  explain(cypher: string, params?: Params): Promise<Plan>
  /** Resolves when Neo4j answers and accepts the password; else throws at once with what to do. */
  verify(): Promise<void>
  close(): Promise<void>
}

const DATABASE = 'neo4j'
/** ms; the server ends what runs longer. */
const READ_TIMEOUT = 30_000
const WRITE_TIMEOUT = 60_000
const RUN_TIMEOUT = 600_000
/** ms; errors that pass are tried again for so long. */
const RETRY = 10_000

const rowsOf = async <T>(result: Promise<{ records: { toObject(): Record<string, unknown> }[] }>): Promise<T[]> =>
  (await result).records.map((record) => fromGraph(record.toObject()) as T)

const planOf = (plan: { operatorType: string; arguments: Record<string, unknown>; children: unknown[] }): Plan => ({
  operator: plan.operatorType.split('@')[0] ?? '',
  details: String(plan.arguments.Details ?? ''),
  children: plan.children.map((child) => planOf(child as Parameters<typeof planOf>[0])),
})

const transactionOf = (transaction: ManagedTransaction): Transaction => ({
  run: (cypher, params = {}) => rowsOf(Promise.resolve(transaction.run(cypher, toGraph(params)))),
})

/**
 * What a session has seen or written is there for each that begins later, whichever member of a cluster answers: all sessions share
 * the driver's bookmarks. Not where one server is named: that would only have those who write at once wait for one another.
 */
const inSession = async <T>(
  driver: Driver,
  uri: string,
  mode: 'READ' | 'WRITE',
  work: (session: Session) => Promise<T>,
): Promise<T> => {
  const session = driver.session({
    database: DATABASE,
    defaultAccessMode: neo4j.session[mode],
    bookmarkManager: uri.startsWith('bolt') ? undefined : driver.executeQueryBookmarkManager,
  })
  try {
    return await work(session)
  } catch (error) {
    throw explained(error, uri)
  } finally {
    await session.close()
  }
}

/** Opens the driver; nothing is sent before the first use (`verify` asks at once). */
export const openStore = ({ uri, user, password }: StoreConfig): Store => {
  // The driver takes it and uses nothing of it, while messages and logs name the address. Nor may this one repeat it.
  if (uri.includes('@'))
    throw new Error(
      'the address of Neo4j (AITIA_NEO4J_URI) has an @, as if it named a user or a password: expected one such as neo4j://host:7687, with these in AITIA_NEO4J_USER and AITIA_NEO4J_PASSWORD',
    )
  if (!/^(neo4j|bolt)(\+s|\+ssc)?:\/\/./.test(uri))
    throw new Error(
      `the address of Neo4j (AITIA_NEO4J_URI) is ${uri}, expected one such as neo4j://host:7687 or bolt://host:7687`,
    )
  const driver = neo4j.driver(uri, neo4j.auth.basic(user, password), {
    disableLosslessIntegers: true,
    maxTransactionRetryTime: RETRY,
    connectionTimeout: 5_000,
    telemetryDisabled: true,
    notificationFilter: { minimumSeverityLevel: 'OFF' },
  })
  return {
    read: (cypher, params = {}, timeout = READ_TIMEOUT) =>
      inSession(driver, uri, 'READ', (session) =>
        session.executeRead((transaction) => transactionOf(transaction).run(cypher, params), { timeout }),
      ),
    write: (work) =>
      inSession(driver, uri, 'WRITE', (session) =>
        session.executeWrite((transaction) => work(transactionOf(transaction)), { timeout: WRITE_TIMEOUT }),
      ),
    run: (cypher, params = {}) =>
      inSession(driver, uri, 'WRITE', (session) =>
        rowsOf(Promise.resolve(session.run(cypher, toGraph(params), { timeout: RUN_TIMEOUT }))),
      ),
    explain: (cypher, params = {}) =>
      inSession(driver, uri, 'READ', async (session) => {
        const { summary } = await session.run(`EXPLAIN ${cypher}`, toGraph(params), { timeout: READ_TIMEOUT })
        if (summary.queryType !== 'r')
          throw new Error(`the statement writes (type ${summary.queryType}), expected a read`)
        return planOf(summary.plan as unknown as Parameters<typeof planOf>[0])
      }),
    verify: async () => {
      try {
        await driver.verifyConnectivity({ database: DATABASE })
        await driver.verifyAuthentication({ database: DATABASE })
      } catch (error) {
        throw explained(error, uri)
      }
    },
    close: () => driver.close(),
  }
}
