import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { readDocument } from '../document.ts'
import { readPage } from './docs/parts.ts'

const root = join(import.meta.dirname, '../../..')
const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(root, 'docs/recording.schema.json'), 'utf8')))

/** The example of the reference page. */
const sample = /```yaml\n(.*?)```/s.exec(readPage('docs/recordings.md'))?.[1] as string

const faultOf = (text: string): string => {
  try {
    readDocument(text, 'sample.yaml')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('the schema of recordings', () => {
  it('accepts what the reader accepts, written short', () => {
    readDocument(sample, 'sample.yaml')
    assert.deepEqual(schema.safeParse(parse(sample)).error?.issues ?? [], [])
  })

  it('accepts what the reader gives back, written whole', () => {
    const whole = JSON.parse(JSON.stringify(readDocument(sample, 'sample.yaml')))
    assert.deepEqual(schema.safeParse(whole).error?.issues ?? [], [])
  })

  it('refuses what the reader refuses', () => {
    const wrong = [
      ['event: oom-kill', 'event: oom-kil'],
      ['fields: {firstProcessKilled: true}', 'fields: {firstProcesKilled: true}'],
      ['result: incident', 'result: accident'],
      ['RUNS_ON: Node/node-1', 'RUNS_AT: Node/node-1'],
      ['object: Container/c1', 'object: Contaner/c1'],
      ['workload: Deployment', 'work: Deployment'],
    ] as const
    for (const [right, mistake] of wrong) {
      const text = sample.replace(right, mistake)
      assert.equal(schema.safeParse(parse(text)).success, false, `schema: ${mistake}`)
      assert.throws(() => readDocument(text, 'sample.yaml'), Error, `reader: ${mistake}`)
    }
  })

  it('accepts each case and recording, which name it by a path that leads to it', () => {
    const files = globSync(['queries/patterns/*/cases/*', 'test/recordings/*'], { cwd: root })
    assert.ok(files.length > 1)
    for (const file of files) {
      const content = readFileSync(join(root, file), 'utf8')
      const parsed = parse(content)
      const named = /^# yaml-language-server: \$schema=(.+)$/m.exec(content)?.[1] ?? parsed.$schema
      assert.equal(join(dirname(file), named ?? ''), 'docs/recording.schema.json', file)
      assert.deepEqual(schema.safeParse(parsed).error?.issues ?? [], [], file)
    }
  })

  it('knows the keys that the reader takes, of a document and of an expectation', () => {
    const { properties } = JSON.parse(readFileSync(join(root, 'docs/recording.schema.json'), 'utf8'))
    const taken = (text: string): string[] => {
      const [, names = ''] = /expected one of ([^\n]+)/.exec(faultOf(text)) ?? []
      return names.split(', ').sort()
    }
    assert.deepEqual(taken('unheard: 1\nobservations: []'), Object.keys(properties).sort())
    assert.deepEqual(
      taken('observations: []\nexpect: [{unheard: 1}]'),
      Object.keys(properties.expect.items.properties).sort(),
    )
  })
})
