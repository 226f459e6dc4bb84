/** Constraints and indexes, as they are derived from the model, and the node that tells which of them are there. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LANES } from '../model/batch.ts'
import type { Params, Store } from './main.ts'

const text = readFileSync(join(import.meta.dirname, 'generated/schema.cypher'), 'utf8')
const statements = text
  .replace(/^\/\/.*$/gm, '')
  .split(';')
  .map((statement) => statement.trim())
  .filter((statement) => statement !== '')
const names = statements.map((statement) => /(?:INDEX|CONSTRAINT) (\w+)/.exec(statement)?.[1] ?? '')
const version = createHash('sha256').update(statements.join('\n')).digest('hex').slice(0, 12)

/** What the graph has of the schema. */
export interface SchemaReport {
  /** Digest of the schema that this program knows. */
  readonly wanted: string
  /** Digest of the one applied last, or null. */
  readonly applied: string | null
  /** Lanes of the one applied; a program with another number must not write. */
  readonly lanes: number | null
  readonly missing: readonly string[]
  /** Names of indexes that are still being filled, or have failed. */
  readonly notOnline: readonly string[]
  readonly statements: readonly string[]
}

const READ = 'CYPHER 5 MATCH (schema:Schema {id: $id}) RETURN schema.version AS version, schema.lanes AS lanes'
const STAMP = `CYPHER 5 MERGE (schema:Schema {id: $id})
SET schema.version = $version, schema.lanes = $lanes, schema.appliedAt = timestamp() * 1000`

const stampOf = async (store: Store) =>
  (await store.read<{ version: string; lanes: number }>(READ, { id: 'aitia' }))[0] ?? { version: null, lanes: null }

const refuseOtherLanes = (lanes: number | null): void => {
  if (lanes !== null && lanes !== LANES)
    throw new Error(
      `the graph was made with ${lanes} lanes, this program has ${LANES}. Drain the queue, then set schema.lanes by hand`,
    )
}

/** Rounds of trying: of several that begin at once on an empty graph all wait for one, and some in a circle. */
const ROUNDS = 5
/** IF NOT EXISTS looks before it waits for the lock: who comes second may be told that it is there now. */
const MADE_MEANWHILE = 'Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists'

const runAll = async (store: Store): Promise<void> => {
  for (let round = 1; ; round++)
    try {
      return await store.write(async (transaction) => {
        for (const statement of statements) await transaction.run(statement)
      })
    } catch (error) {
      const { retriable, code } = error as { retriable?: boolean; code?: string }
      if (round === ROUNDS || (retriable !== true && code !== MADE_MEANWHILE)) throw error
    }
}

const FILL = readFileSync(join(import.meta.dirname, 'fill-affects.cypher'), 'utf8')
/** Occurrences whose edges are filled in one transaction. */
const PAGE = 1_000

/** What an earlier program wrote is found by the new indexes too. */
const fill = async (store: Store): Promise<void> => {
  let after: string | null = ''
  while (after !== null) {
    const page: Params = { after, limit: PAGE }
    const [row] = await store.write((transaction) => transaction.run<{ last: string | null }>(FILL, page))
    after = row?.last ?? null
  }
}

/** Makes what is missing and waits until it can be used; nothing is done where the graph has it all. Several may do so at once. */
export const applySchema = async (store: Store): Promise<void> => {
  const stamp = await stampOf(store)
  refuseOtherLanes(stamp.lanes)
  if (stamp.version === version) return
  await runAll(store)
  await store.run('CYPHER 5 CALL db.awaitIndexes(300)')
  await fill(store)
  await store.write((transaction) => transaction.run(STAMP, { id: 'aitia', version, lanes: LANES }))
}

/** Compares the graph with the schema that this program knows. */
export const showSchema = async (store: Store): Promise<SchemaReport> => {
  const stamp = await stampOf(store)
  const there = await store.run<{ name: string; state: string }>('CYPHER 5 SHOW INDEXES YIELD name, state')
  const states = new Map(there.map((row) => [row.name, row.state]))
  return {
    wanted: version,
    applied: stamp.version,
    lanes: stamp.lanes,
    missing: names.filter((name) => !states.has(name)),
    notOnline: names.filter((name) => (states.get(name) ?? 'ONLINE') !== 'ONLINE'),
    statements,
  }
}
