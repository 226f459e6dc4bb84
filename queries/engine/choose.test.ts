import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { choose } from './choose.ts'
import type { Judgement } from './judgement.ts'

const judgement = (confidence: number, ids: readonly string[], workload = 'checkout'): Judgement => ({
  anchor: {} as Judgement['anchor'],
  awaits: [],
  content: {
    ...({ status: 'final', result: 'incident', outcome: `by ${ids.join()}`, cause: 'memory-limit' } as const),
    confidence,
    parts: { rule: 1, joins: 1, links: {}, alternatives: 1, caps: [] },
    ...{ hops: [], missing: [], unseen: [], pending: [], losses: [], affected: [], alternatives: [] },
    evidence: ids.map((id) => ({ step: 'oom-kill', id })),
    ownership: {
      ...({ whole: true, resolver: 'owner references' } as const),
      workload: { key: workload, kind: 'Deployment', name: workload, namespace: 'shop' },
    },
    container: { name: 'app', resolver: 'event' },
  },
})

describe('of several ways to read the graph', () => {
  const all = [
    judgement(0.4, ['b']),
    judgement(0.4, ['a', 'b']),
    judgement(0.5, ['c']),
    judgement(0.4, ['b'], 'cart'),
    judgement(0.3, ['d']),
    judgement(0.2, ['e']),
  ]

  it('the surest is said, and the next ones are told beside it', () => {
    const { content } = choose(all)
    assert.equal(content.outcome, 'by c')
    assert.deepEqual(
      content.alternatives.map(({ outcome, confidence, workload, evidence }) => [
        ...[outcome, confidence, workload?.name],
        evidence.length,
      ]),
      [
        ['by a,b', 0.4, 'checkout', 2],
        ['by b', 0.4, 'cart', 1],
        ['by b', 0.4, 'checkout', 1],
        ['by d', 0.3, 'checkout', 1],
      ],
    )
  })

  it('the order in which they are found does not count', () => {
    for (let turn = 1; turn < all.length; turn++)
      assert.deepEqual(choose([...all.slice(turn), ...all.slice(0, turn)]), choose(all))
  })

  it('one alone has no other', () => assert.deepEqual(choose([all[0]!]).content.alternatives, []))
})
