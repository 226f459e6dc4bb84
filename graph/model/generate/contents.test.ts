import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorOf, withContents } from './contents.ts'

test('contents name each heading once, in its order, whatever was there', () => {
  const begin = '<!-- Contents: `npm run generate` writes them from the headings. -->'
  const end = '<!-- End of the contents. -->'
  const text = (contents: string) =>
    `# Title\n\n${begin}\n${contents}${end}\n\n## What \`since\` may do\na\n\n## One, two\nb\n`
  const wanted = text('- [What `since` may do](#what-since-may-do)\n- [One, two](#one-two)\n')
  for (const old of ['', '- [Gone](#gone)\n']) assert.equal(withContents(text(old)), wanted)
  assert.throws(() => withContents('# Title\n\n## One\n'), /lacks "/)
})

test('an anchor is as GitHub makes it', () => {
  assert.equal(anchorOf("An API plans its reads: it's slow, else"), 'an-api-plans-its-reads-its-slow-else')
  assert.equal(anchorOf('Re-read `a_b`'), 're-read-a_b')
})
