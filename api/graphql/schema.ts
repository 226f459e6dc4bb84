/** The schema: what is written by hand, the kinds that are derived from the model, and their resolvers. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSchema } from 'graphql-yoga'
import type { Pattern } from '../../queries/engine/pattern.ts'
import type { Context } from './context.ts'
import { asOf } from './resolvers/as-of.ts'
import { incidents } from './resolvers/incidents.ts'
import { query } from './resolvers/query.ts'
import { things } from './resolvers/things.ts'
import { scalars } from './scalars.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8')
const generated = readdirSync(join(import.meta.dirname, 'generated'))
  .filter((file) => file.endsWith('.graphql'))
  .map((file) => read(`generated/${file}`))

export const schemaFor = (patterns: readonly Pattern[]) =>
  createSchema<Context>({
    typeDefs: [read('schema.graphql'), read('as-of.graphql'), ...generated],
    resolvers: [scalars, things, incidents, asOf, query(patterns)] as never,
    inheritResolversFromInterfaces: true,
  })
