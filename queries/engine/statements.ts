/** The .cypher files of cypher/. Labels and property names, which can't be parameters, come from the model. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../graph/store/main.ts'

const texts = new Map<string, string>()

/** A statement by its file's name, with `__Label__` and `__property__` filled in. */
export const statement = (name: string, label = '', property = ''): string => {
  const known = texts.get(name) ?? readFileSync(join(import.meta.dirname, 'cypher', `${name}.cypher`), 'utf8')
  texts.set(name, known)
  return known.replaceAll('__Label__', label).replaceAll('__property__', property)
}

/** Makes the engine's own indexes where they are missing, and waits until they can be used. */
export const applyEngineSchema = async (store: Store): Promise<void> => {
  const text = readFileSync(join(import.meta.dirname, 'schema.cypher'), 'utf8').replace(/^\/\/.*$/gm, '')
  // One by one, and each again where it and those of others that begin at once wait for one another.
  for (const each of text.split(';').map((part) => part.trim()))
    if (each !== '') await store.write((transaction) => transaction.run(each))
  await store.run('CYPHER 5 CALL db.awaitIndexes(300)')
}
