/** What the pages name is there: files that they link or name by their path, commands and their options. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { anchorOf } from '../../graph/model/generate/contents.ts'
import { COLLECTORS } from '../../graph/model/generated/registry.ts'

const root = join(import.meta.dirname, '../..')
const folders = 'agent api bpf deploy docs graph queries test'.split(' ')
const pages = globSync(['*.md', `{${folders}}/**/*.md`], { cwd: root }).sort()
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

/** A collector's whole folder may be deleted, and pages go on naming it. */
const deleted = Object.keys(COLLECTORS)
  .map((name) => `agent/collectors/${name}`)
  .filter((folder) => !existsSync(join(root, folder)))
const isThere = (path: string): boolean =>
  existsSync(join(root, path)) || deleted.some((folder) => path === folder || path.startsWith(`${folder}/`))

describe('the pages', () => {
  test('link to files and headings that are there', () => {
    for (const page of pages)
      for (const [link, path = '', anchor] of textOf(page).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
        const file = path === '' ? page : join(dirname(page), path)
        assert.ok(isThere(file), `${page}: ${link}`)
        if (anchor === undefined || !existsSync(join(root, file))) continue
        const headings = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
        assert.ok(headings.includes(anchor), `${page}: ${link}`)
      }
  })

  test('name files that are there', () => {
    const path = new RegExp(`\`((?:${folders.join('|')})(?:/[\\w.-]+)+/?)\``, 'g')
    for (const page of pages)
      for (const [, named = ''] of textOf(page).matchAll(path)) assert.ok(isThere(named), `${page}: ${named}`)
  })

  test('say of each key what it means', () => {
    for (const page of ['docs/patterns.md', 'docs/recordings.md'])
      assert.deepEqual(textOf(page).match(/^\| `.*\|\s*\|$/gm), null, page)
  })

  test('name commands that are there, with options that they take', () => {
    const helps = new Map<string, string>()
    const helpOf = (...words: string[]): string => {
      const name = words.join(' ')
      const main = join(root, 'api/cli/main.ts')
      const help = helps.get(name) ?? execFileSync(process.execPath, [main, ...words, '--help'], { encoding: 'utf8' })
      helps.set(name, help)
      return help
    }
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const page of pages) {
      const text = textOf(page)
      for (const [, script = ''] of text.matchAll(/npm run ([a-z]+)/g))
        assert.ok(script in scripts, `${page}: npm run ${script}`)
      for (const [line, rest = ''] of text.matchAll(/\.\/aitia ([a-z][^`#\n]*)/g)) {
        const [first = '', second = ''] = rest.split(/\s+/)
        const words = helpOf(first).includes('Commands:') ? [first, second] : [first]
        const help = helpOf(...words)
        assert.match(help, new RegExp(`^Usage: aitia ${words.join(' ')}\\b`), `${page}: ${line}`)
        for (const option of rest.match(/(?<= )--?[a-z][a-z-]*/g) ?? [])
          assert.match(help, new RegExp(` ${option}\\b`), `${page}: ${line}`)
      }
    }
  })
})
