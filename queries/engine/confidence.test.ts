import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CAPS, confidenceOf, noisyOr, type Witness } from './confidence.ts'

const witness = (step: string, link: string, origin: string, worth: number): Witness => ({ step, link, origin, worth })
const required = new Set(['end'])

describe('confidence', () => {
  it('is the rule where joins are exact and nothing was lost', () => {
    assert.equal(confidenceOf(0.95, [witness('end', 'end', 'kubelet', 1)], required, 1, []).confidence, 0.95)
  })

  it('counts witnesses of one origin once, and lets independent ones support each other', () => {
    const one = confidenceOf(1, [witness('a', 'end', 'x', 0.5), witness('b', 'end', 'x', 0.5)], required, 1, [])
    const two = confidenceOf(1, [witness('a', 'end', 'x', 0.5), witness('b', 'end', 'y', 0.5)], required, 1, [])
    assert.equal(one.confidence, 0.5)
    assert.equal(two.confidence, 0.75)
    assert.equal(noisyOr([0.5, 0.5]), 0.75)
  })

  it('is not lowered by a weak link that is not required', () => {
    const found = [witness('end', 'end', 'x', 1), witness('hint', 'hint', 'y', 0.5)]
    assert.equal(confidenceOf(0.9, found, required, 1, []).confidence, 0.9)
  })

  it('is capped by the worst of what may have been missed, and shows its parts', () => {
    const { confidence, parts } = confidenceOf(0.95, [], required, 1, ['loss', 'unseen'])
    assert.equal(confidence, CAPS.unseen)
    assert.deepEqual(parts.caps, [
      { why: 'loss', value: CAPS.loss },
      { why: 'unseen', value: CAPS.unseen },
    ])
  })

  it('is divided among alternatives', () => {
    assert.equal(confidenceOf(0.9, [], required, 2, []).confidence, 0.45)
  })
})
