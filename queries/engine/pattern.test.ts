import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readPage } from '../../graph/model/generate/docs/parts.ts'
import { SECOND } from '../../graph/model/time.ts'
import { digest, verdictId } from './identity.ts'
import { columnOf, columnsOf, labelOf, loadPatterns, OWN_PATTERNS, parametersOf } from './pattern.ts'

const dir = mkdtempSync(join(tmpdir(), 'aitia-patterns-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const copy = (name: string, from: string | RegExp, to: string): string => {
  const root = join(dir, name)
  const folder = join(root, 'container-oom')
  cpSync(join(OWN_PATTERNS, 'container-oom'), folder, { recursive: true })
  const file = join(folder, 'pattern.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(from, to))
  return root
}

describe('pattern.yaml', () => {
  it('gives Cypher its spans and values', () => {
    const [pattern] = loadPatterns()
    const { steps } = parametersOf(pattern!, { cluster: 'x', anchors: [], known: 0, without: [] })
    assert.deepEqual(steps.containerTerminated, {
      ...{ before: SECOND, after: 10 * SECOND },
      where: { reason: ['OOMKilled'] },
    })
    assert.deepEqual([columnOf('oom-kill'), labelOf('oom-kill')], ['oomKill', 'OomKill'])
  })

  it('has a page that tells of what its Cypher is given, and what it returns', () => {
    const [pattern] = loadPatterns()
    const page = readPage('docs/patterns.md')
    const given = Object.keys(parametersOf(pattern!, { cluster: 'x', anchors: [], known: 0, without: [] }))
    const returned = columnsOf({ ...pattern!, steps: [] })
    for (const name of [...given.map((each) => `$${each}`), ...returned])
      assert.ok(page.includes(`\n| \`${name}\` |`), name)
  })

  it("is found in a folder of one's own, beside the others", () => {
    const root = copy('own', '', '')
    writeFileSync(join(root, 'notes.txt'), 'no pattern')
    assert.deepEqual(
      loadPatterns([root]).map(({ id }) => id),
      ['container-oom'],
    )
    assert.throws(() => loadPatterns([OWN_PATTERNS, root]), /two patterns are called container-oom/)
  })

  const faults: [string, string | RegExp, string, RegExp][] = [
    ['id', 'id: container-oom', 'id: other', /id is other, expected the folder's name/],
    ['span', 'window: 10s', 'window: ten', /got the span 'ten', expected a whole number/],
    ['kind', 'event: memory-pressure', 'event: memory', /Invalid option/],
    [
      'field',
      'firstProcess: [true]',
      'firstProcesses: [true]',
      /process-exit has no field firstProcesses, expected one of/,
    ],
    ['join', 'join: container', 'join: namespace', /Invalid option/],
    [
      'window',
      'within: { before: 1s, after: 10s }',
      'within: { before: 1s, after: 11s }',
      /within.after is longer than the window/,
    ],
    ['cause', '  - is: memory-limit', '', /the last cause has a condition/],
    ['word', 'lateness: 5s', 'lateness: 5s\nextra: 1', /Unrecognized key: "extra"/],
  ]
  for (const [name, from, to, message] of faults)
    it(`is refused with what was expected: ${name}`, () => {
      assert.throws(() => loadPatterns([copy(name, from, to)]), message)
    })
})

describe('names of what is concluded', () => {
  it('follow from content, whatever the order of its parts', () => {
    assert.equal(digest({ a: 1, b: 2 }), digest({ b: 2, a: 1 }))
    assert.notEqual(verdictId('x', 'o', 1, 'same'), verdictId('x', 'o', 2, 'same'))
  })
})
