import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { compileInto } from './compiled-code.ts'

test('all modules of what runs are loaded to no effect but their compiled code', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-compiled-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  assert.equal(await compileInto(folder), '', 'a module prints something as it is loaded')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  assert.ok(files.length > 500, `${files.length} files of compiled code, expected those of all modules and packages`)
})
