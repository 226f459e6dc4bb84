/** What others wrote reaches no terminal as anything but text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pico from 'picocolors'
import { forTerminal, jsonOf, plain, print } from './output.ts'

test('what a terminal would obey is spelled; lines, tabs and colours of our own stay', () => {
  const colour = pico.createColors(true)
  const inked = colour.bold(colour.red(`a ${colour.dim('b')}`)) + colour.yellow('c') + colour.green('d')
  const lines = 'a\n\tb\r\nc ü → “x”'
  for (const own of [inked, lines]) assert.equal(forTerminal(own, true), own)
  assert.equal(forTerminal(colour.red('a'), false), String.raw`\x1b[31ma\x1b[39m`)
  for (const [foreign, shown] of [
    ['\u001bc', String.raw`\x1bc`],
    ['\u001b]52;c;aGk=\u0007', String.raw`\x1b]52;c;aGk=\x07`],
    ['\u001b[2J', String.raw`\x1b[2J`],
    ['\u001b[8mhidden', String.raw`\x1b[8mhidden`],
    ['\u009b2J\u007f\u0000', String.raw`\x9b2J\x7f\x00`],
    ['over\rwritten\b', String.raw`over\rwritten\x08`],
    ['a\u202eb\u2066c', String.raw`a\u202eb\u2066c`],
  ])
    assert.equal(forTerminal(foreign!, true), shown)
})

test('in a value lines and colours are foreign too, in names as in texts', () => {
  const value = { 'a\n': ['b\tc', { d: '\u001b[31me' }], n: 1, none: null, not: undefined }
  assert.deepEqual(plain(value), {
    'a\\n': [String.raw`b\tc`, { d: String.raw`\x1b[31me` }],
    ...{ n: 1, none: null, not: undefined },
  })
})

test('JSON is of the same value, and shows as it is', () => {
  const value = { text: '\u001b\u007f\u009b\u202e\u2069\nü' }
  for (const json of [jsonOf(value), jsonOf(value, 2)]) {
    assert.deepEqual(JSON.parse(json), value)
    assert.doesNotMatch(json, /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
  }
})

test('a result that is printed has neither, whatever its renderer does', (t) => {
  const { mock } = t.mock.method(console, 'log', () => {})
  const value = { name: 'a\n\u009b' }
  print(false, value, (it) => `${it.name}, ${value.name}`)
  print(true, value, () => '')
  const [text, json] = mock.calls.map((call) => String((call.arguments as unknown[])[0]))
  assert.equal(text, `${String.raw`a\n\x9b`}, a\n${String.raw`\x9b`}`)
  assert.match(json!, /a\\n\\u009b/)
})
