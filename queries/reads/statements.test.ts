/** Every statement of this folder reads through an index, asks relations for their times, and bounds its paths; none scans the graph, whatever is stored. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest } from '../../test/support/servers.ts'
import { bare, pathProblems, planProblems, temporalProblems } from './lint.ts'
import { forKind, statement } from './read.ts'

const names = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.cypher'))
  .map((file) => file.slice(0, -'.cypher'.length))

/** EXPLAIN needs a value for each parameter, of the right type. */
const parameters = (text: string): Record<string, unknown> =>
  Object.fromEntries(
    [...text.matchAll(/\$(\w+)/g)].map(([, name]) => [
      name!,
      name === 'rows'
        ? [{ key: 'x', own: false }]
        : /s$/.test(name!) && !/^(status|namespaces)$/.test(name!)
          ? ['x']
          : /^(at|known|from|to|limit|after|after\w*At|count)$/.test(name!)
            ? 1
            : 'x',
    ]),
  )

/** One node for each source, session and lane: read whole to tell which clusters there are. */
const MAY_SCAN = new Set(['clusters'])

describe('statements of queries/reads', () => {
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(() => store.close())

  for (const name of names)
    test(name, async () => {
      const text = statement(name)
      const plan = await store.explain(
        forKind(text, name.includes('global') ? 'Node' : name.startsWith('events') ? 'OomKill' : 'Workload'),
        parameters(text),
      )
      const seen = bare(text)
      assert.deepEqual(
        [...temporalProblems(seen), ...pathProblems(seen), ...(MAY_SCAN.has(name) ? [] : planProblems(plan))],
        [],
        `${name}.cypher`,
      )
    })
})
