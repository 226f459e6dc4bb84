/** What is planned ahead is what will be asked: a statement that lacks a parameter would be left out without a word. */
import { describe, it } from 'node:test'
import { perform } from '../../graph/store/main.ts'
import { containerOom, graphForTest } from './testing.ts'
import { rehearsals } from './warm-up.ts'

describe('the warm-up of a correlator', async () => {
  const store = await graphForTest()
  it('runs each statement', async () => {
    for (const each of rehearsals([containerOom])) await perform(store, each)
  })
})
