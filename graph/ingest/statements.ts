/** The .cypher files of this folder: those written by hand, and those derived from each kind. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { kebabCase } from '../model/generate/names.ts'

const load = (folder: string): ReadonlyMap<string, string> => {
  const path = join(import.meta.dirname, folder)
  const files = readdirSync(path).filter((file) => file.endsWith('.cypher'))
  return new Map(files.map((file) => [basename(file, '.cypher'), readFileSync(join(path, file), 'utf8')]))
}

const written = load('statements')
const ofRetention = load('statements/retention')
const derived = load('generated')

const find = (statements: ReadonlyMap<string, string>, name: string): string => {
  const statement = statements.get(name)
  if (statement === undefined) throw new Error(`no statement ${name}.cypher. Run: npm run generate`)
  return statement
}

/** A statement of statements/, by its file's name. */
export const statement = (name: string): string => find(written, name)

/** The statement that writes rows of a kind of event, object or relation. */
export const writeOf = (kind: string): string => find(derived, kebabCase(kind))

/** The statement that reads a relation kind's records. */
export const readOf = (kind: string): string => find(derived, `${kebabCase(kind)}.read`)

/** All of them. */
export const allStatements = (): string[] => [...written.values(), ...derived.values()]

/** A statement of statements/retention/, by its file's name. */
export const retentionStatement = (name: string): string => find(ofRetention, name)

/** The statement that finds what may go: records of a relation kind, or `all-events` and the like. */
export const oldOf = (kind: string): string => find(derived, `${kebabCase(kind)}.old`)
