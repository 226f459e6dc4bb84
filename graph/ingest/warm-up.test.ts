/** What is planned ahead is what will be asked: a statement that lacks a parameter would be left out without a word. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { neo4jForTest } from '../../test/support/servers.ts'
import { OBJECTS, RELATIONS } from '../model/generated/registry.ts'
import { applySchema, openStore, perform } from '../store/main.ts'
import { rehearsals } from './warm-up.ts'

test('the warm-up of a worker runs each statement, of every object and relation', async () => {
  const store = openStore(await neo4jForTest())
  after(() => store.close())
  await applySchema(store)
  const all = rehearsals()
  assert.ok(all.length > Object.keys(OBJECTS).length + Object.keys(RELATIONS).length)
  for (const each of all) await perform(store, each)
})
