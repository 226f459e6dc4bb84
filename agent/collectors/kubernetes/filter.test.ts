import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RawObject } from '../../reflector/list.ts'
import { choiceOf, isChosen, isLeftOut } from './filter.ts'

const raw = (namespace: string | undefined, more: object = {}, top: object = {}): RawObject =>
  ({
    metadata: { uid: '1', name: 'x', resourceVersion: '1', ...(namespace && { namespace }), ...more },
    ...top,
  }) as RawObject

test('names include, names with ! leave out, and leaving out wins', () => {
  for (const [text, name, chosen] of [
    ['', 'any', true],
    ['shop, pay', 'shop', true],
    ['shop,pay', 'shopping', false],
    ['shop*', 'shopping', true],
    ['!kube-*', 'kube-system', false],
    ['!kube-*', 'shop', true],
    ['kube-*,!kube-system', 'kube-public', true],
    ['kube-*,!kube-system', 'kube-system', false],
  ] as const)
    assert.equal(isChosen(choiceOf(text), name), chosen, `${text}: ${name}`)
})

test('an object is left out by its namespace, its labels or its annotation', () => {
  const filter = { namespaces: choiceOf('!kube-*'), kinds: choiceOf(), labels: choiceOf('!tier=test,!hidden') }
  const path = '/api/v1/pods'
  assert.equal(isLeftOut(raw('shop'), path, filter), false)
  assert.equal(isLeftOut(raw('kube-system'), path, filter), true)
  assert.equal(isLeftOut(raw('shop', { labels: { tier: 'test' } }), path, filter), true)
  assert.equal(isLeftOut(raw('shop', { labels: { tier: 'prod', hidden: '' } }), path, filter), true)
  assert.equal(isLeftOut(raw('shop', { annotations: { 'aitia.dev/ignore': 'true' } }), path, filter), true)
  assert.equal(isLeftOut(raw('shop', { annotations: { 'aitia.dev/ignore': 'false' } }), path, filter), false)
  // Of the whole cluster: nodes.
  assert.equal(isLeftOut(raw(undefined, { labels: { tier: 'test' } }), '/api/v1/nodes', filter), false)
  assert.equal(isLeftOut(raw(undefined, { name: 'kube-system' }), '/api/v1/namespaces', filter), true)
})

test('an Event is where the object is that it is about', () => {
  const filter = { namespaces: choiceOf('shop'), kinds: choiceOf(), labels: choiceOf('team=x') }
  const about = (namespace?: string) => raw('default', {}, { involvedObject: { kind: 'Node', name: 'n', namespace } })
  assert.equal(isLeftOut(about(), '/api/v1/events', filter), false)
  assert.equal(isLeftOut(about('shop'), '/api/v1/events', filter), false)
  assert.equal(isLeftOut(about('pay'), '/api/v1/events', filter), true)
})
