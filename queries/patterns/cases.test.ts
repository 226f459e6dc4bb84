/** Every case of every pattern on a real graph. A new folder needs no line here. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readDocument } from '../../graph/model/document.ts'
import { readPage } from '../../graph/model/generate/docs/parts.ts'
import { casesOf, testCase } from '../engine/cases.ts'
import { loadPatterns } from '../engine/pattern.ts'
import { containerOom, graphForTest } from '../engine/testing.ts'

describe('cases of the patterns', async () => {
  const store = await graphForTest()
  for (const pattern of loadPatterns())
    for (const { name, recording } of casesOf(pattern))
      it(`${pattern.id}: ${name}`, async () => assert.deepEqual(await testCase(store, pattern, recording), []))

  it('the example of docs/recordings.md', async () => {
    const example = /```yaml\n(.*?)```/s.exec(readPage('docs/recordings.md'))?.[1] as string
    assert.deepEqual(await testCase(store, containerOom, readDocument(example, 'docs/recordings.md')), [])
  })
})
