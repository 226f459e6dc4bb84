import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from './document.ts'
import { lossOf } from './loss.ts'
import type { EventObservation } from './observation.ts'
import { MINUTE, SECOND } from './time.ts'
import { problemsOf } from './validate.ts'

const { start, observations } = readDocument(
  `observations:
  - {event: container-terminated, at: +1s, object: Container/c1}
  - {state: Pod/shop/p, at: +2s, uncertainty: 90m}
  - {heartbeat: ebpf@n1, since: +0s, watermark: +3s}
  - {gap: ebpf@n1, from: +3s, to: +4s, reason: stopped}
`,
  'test',
)

test('a lost event is missed within its uncertainty, a lost state where it was observed', () => {
  const losses = lossOf(observations, 'spool')
  const lost = { type: 'loss', source: 'kubernetes@cluster', count: 1, what: 'spool' }
  assert.deepEqual(losses, [
    { ...lost, from: start + SECOND, to: start + 2 * SECOND, kinds: ['container-terminated'] },
    { ...lost, from: start + 2 * SECOND, to: start + 2 * SECOND },
  ])
  assert.deepEqual(losses.flatMap(problemsOf), [])
  assert.equal((observations[1] as { uncertainty?: number }).uncertainty, 90 * MINUTE)
})

test('the loss of an event of a kind that does not exist can be told all the same', () => {
  const [event] = observations as readonly EventObservation[]
  const losses = lossOf([{ ...event!, kind: 'unheard-of' as never }], 'dead-letter')
  assert.equal(losses[0]?.kinds, undefined)
  assert.deepEqual(losses.flatMap(problemsOf), [])
})
