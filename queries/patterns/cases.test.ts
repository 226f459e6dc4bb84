/** Every case of every pattern on a real graph. A new folder needs no line here. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { casesOf, testCase } from '../engine/cases.ts'
import { loadPatterns } from '../engine/pattern.ts'
import { graphForTest } from '../engine/testing.ts'

describe('cases of the patterns', async () => {
  const store = await graphForTest()
  for (const pattern of loadPatterns())
    for (const { name, recording } of casesOf(pattern))
      it(`${pattern.id}: ${name}`, async () => assert.deepEqual(await testCase(store, pattern, recording), []))
})
