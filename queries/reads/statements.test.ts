/** Every statement of this folder reads through an index, asks relations for their times, and bounds its paths; none scans the graph, whatever is stored. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { applySchema, openStore, type Plan, type Store } from '../../graph/store/main.ts'
import { neo4jForTest } from '../../test/support/servers.ts'
import { inUse } from '../../test/support/statistics.ts'
import { bare, operatorsOf, pathProblems, planProblems, temporalProblems } from './lint.ts'
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
        : /s$/.test(name!) && !/^(status|namespaces|containers)$/.test(name!)
          ? ['x']
          : /^(at|asOf|known|from|to|limit|most|before|containers|after|after\w*At|count)$/.test(name!)
            ? 1
            : 'x',
    ]),
  )

/** One node for each source, session and lane: read whole to tell which clusters there are. */
const MAY_SCAN = new Set(['clusters'])

describe('statements of queries/reads', () => {
  let store: Store
  let plans: ReadonlyMap<string, Plan>
  const planOf = (name: string): Promise<Plan> => {
    const text = statement(name)
    const kind = name.includes('global') ? 'Node' : name.startsWith('events') ? 'OomKill' : 'Workload'
    return store.explain(forKind(text, kind), parameters(text))
  }
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    plans = await inUse(
      store,
      async () => new Map(await Array.fromAsync(names, async (name) => [name, await planOf(name)] as const)),
    )
  })
  after(() => store.close())

  for (const name of names)
    test(name, () => {
      const seen = bare(statement(name))
      assert.deepEqual(
        [
          ...temporalProblems(seen),
          ...pathProblems(seen),
          ...(MAY_SCAN.has(name) ? [] : planProblems(plans.get(name)!)),
        ],
        [],
        `${name}.cypher`,
      )
    })

  const BY_TIME = {
    touching: ['AFFECTS'],
    'groups-touching': ['AFFECTS', 'AFFECTED'],
    'last-before': ['AFFECTS', 'AFFECTED'],
  }
  for (const [name, edges] of Object.entries(BY_TIME))
    test(`${name} passes over what happened to an object at other times`, () => {
      const operators = operatorsOf(plans.get(name)!)
      for (const edge of edges) {
        const sought = operators.filter(({ details }) => details.includes(`${edge}(toKey, at)`))
        assert.deepEqual(
          sought.map(({ operator, details }) => [/RelationshipIndexSeek/.test(operator), /at >= |at < /.test(details)]),
          [[true, true]],
        )
      }
      assert.deepEqual(
        operators.filter(({ operator, details }) => /Expand/.test(operator) && /AFFECT/.test(details)),
        [],
      )
    })

  test('last-before takes them in the order of the index, and ends at the first', () => {
    const sorts = operatorsOf(plans.get('last-before')!).filter(
      ({ operator, details }) => /Sort|Top/.test(operator) && !/number/.test(details),
    )
    assert.deepEqual(sorts, [])
  })
})
