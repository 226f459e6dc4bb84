/** What is planned ahead is what will be asked: a statement that lacks a parameter would be left out without a word, and the plan of one with a value of another type would never be renewed. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { perform, type Store } from '../../graph/store/main.ts'
import { runPattern } from './correlator.ts'
import { caseNamed, containerOom, graphForTest, inCluster } from './testing.ts'
import { rehearsals } from './warm-up.ts'

const typeOf = (value: unknown): string =>
  Array.isArray(value) ? `list of ${value.length === 0 ? 'nothing' : typeOf(value[0])}` : typeof value

/** A statement with the types of its parameters. */
const shapeOf = (cypher: string, params: Readonly<Record<string, unknown>>): string => {
  const names = new Set([...cypher.replace(/^\/\/.*$/gm, '').matchAll(/\$(\w+)/g)].map(([, name]) => name!))
  return `${[...names].map((name) => `$${name}: ${typeOf(params[name])}`).join(', ')}\n${cypher}`
}

describe('the warm-up of a correlator', async () => {
  const store = await graphForTest()
  const all = rehearsals([containerOom])

  it('runs each statement', async () => {
    for (const each of all) await perform(store, each)
  })

  it('has the types that a run asks by', async () => {
    const rehearsed = new Set(all.map(({ cypher }) => cypher))
    const asked = new Set<string>()
    const note = (cypher: string, params: Readonly<Record<string, unknown>> = {}) => {
      const [, list] = /UNWIND \$(\w+)/.exec(cypher) ?? []
      // by whatever plan: nothing is looked for
      const isIdle = list !== undefined && (params[list] as unknown[]).length === 0
      if (rehearsed.has(cypher) && !isIdle) asked.add(shapeOf(cypher, params))
    }
    const noting: Store = {
      ...store,
      read: (cypher, params) => {
        note(cypher, params)
        return store.read(cypher, params)
      },
      write: (work) =>
        store.write((transaction) =>
          work({
            run: (cypher, params) => {
              note(cypher, params)
              return transaction.run(cypher, params)
            },
          }),
        ),
    }
    for (const name of ['main-killed', 'child-killed', 'late', 'left-out', 'node-not-ready', 'kubernetes-down'])
      await inCluster(store, async (cluster, load) => {
        await load(caseNamed(name))
        await runPattern(noting, cluster, containerOom)
      })
    const planned = new Set(all.map(({ cypher, params }) => shapeOf(cypher, params)))
    assert.deepEqual(
      [...asked].filter((shape) => !planned.has(shape)),
      [],
    )
    assert.ok(asked.size > 20, `${asked.size}`)
  })
})
