/** The .cypher files of cypher/. Labels and property names, which can't be parameters, come from the model. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { snakeCase } from '../../graph/model/generate/names.ts'
import type { Store } from '../../graph/store/main.ts'
import { KEYS } from './joins.ts'
import { labelOf, type Pattern } from './pattern.ts'

const texts = new Map<string, string>()

/** A statement by its file's name, with `__Label__` and `__property__` filled in. */
export const statement = (name: string, label = '', property = ''): string => {
  const known = texts.get(name) ?? readFileSync(join(import.meta.dirname, 'cypher', `${name}.cypher`), 'utf8')
  texts.set(name, known)
  return known.replaceAll('__Label__', label).replaceAll('__property__', property)
}

/** Anchors of a key by how wide their stamps are: anchors-by-key. Other events don't need it. */
const anchorIndexes = ({ anchor }: Pattern): string[] =>
  KEYS.map(
    (property) =>
      `CYPHER 5 CREATE INDEX ${snakeCase(anchor)}_${snakeCase(property)}_uncertainty IF NOT EXISTS FOR (n:${labelOf(anchor)}) ON (n.${property}, n.uncertainty)`,
  )

/** Makes the engine's own indexes where they are missing, and waits until they can be used. */
export const applyEngineSchema = async (store: Store, patterns: readonly Pattern[]): Promise<void> => {
  const text = readFileSync(join(import.meta.dirname, 'schema.cypher'), 'utf8').replace(/^\/\/.*$/gm, '')
  // One by one, and each again where it and those of others that begin at once wait for one another.
  const own = text.split(';').map((part) => part.trim())
  for (const each of [...own, ...patterns.flatMap(anchorIndexes)])
    if (each !== '') await store.write((transaction) => transaction.run(each))
  await store.run('CYPHER 5 CALL db.awaitIndexes(300)')
}
