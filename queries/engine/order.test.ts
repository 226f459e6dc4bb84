/** The promise of the design: what is concluded in the end does not depend on when and how often anything arrived. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Recording } from '../../graph/model/recording.ts'
import { runPattern } from './correlator.ts'
import { caseNamed, conclusionsOf, containerOom, graphForTest, inCluster } from './testing.ts'

/** Cases in which much depends on what is known when. `waiting` has no end, and so no final verdict. */
const NAMES = [
  'main-killed',
  'child-killed-main-exited',
  'child-killed-no-witness',
  'kubernetes-down',
  'kubernetes-down-told-later',
  'restarts-jumped',
  'two-kills-one-end',
  'two-kills-at-the-edge',
  'liveness-probe-after-child',
  'role-by-spec',
  'containers-named-late-of-several',
  'restarts-jumped-at-first',
  'restarts-counted-long-before',
  'owners-late',
  'owners-by-context',
  'owners-first-seen-after',
  'owners-made-after',
  'termination-missing',
  'log-only-uncertain',
  'pod-removed-after',
]

/** All observations in any order, some of them twice, cut anywhere; after each cut the engine runs or does not. */
const history = fc.constantFrom(...NAMES).chain((name) => {
  const all = caseNamed(name).observations.map((_, index) => index)
  return fc.record({
    name: fc.constant(name),
    order: fc
      .subarray(all)
      .chain((twice) => fc.shuffledSubarray([...all, ...twice], { minLength: all.length + twice.length })),
    cuts: fc.array(fc.record({ size: fc.integer({ min: 1, max: 6 }), run: fc.boolean() }), {
      minLength: 1,
      maxLength: 8,
    }),
  })
})

describe('order of arrival', async () => {
  const store = await graphForTest()
  const straight = new Map<string, unknown>()
  const inOrder = async (name: string, recording: Recording): Promise<unknown> => {
    if (!straight.has(name))
      straight.set(
        name,
        await inCluster(store, async (cluster, load) => {
          await load(recording)
          await runPattern(store, cluster, containerOom)
          return conclusionsOf(store, cluster)
        }),
      )
    return straight.get(name)
  }

  it('does not change the final incidents', async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ name, order, cuts }) => {
        const recording = caseNamed(name)
        const wanted = await inOrder(name, recording)
        await inCluster(store, async (cluster, load) => {
          let start = 0
          for (const { size, run } of cuts) {
            await load(recording, order.slice(start, start + size))
            start += size
            if (run) await runPattern(store, cluster, containerOom)
          }
          await load(recording, order.slice(start))
          await runPattern(store, cluster, containerOom)
          assert.deepEqual(await conclusionsOf(store, cluster), wanted)
        })
      }),
      { numRuns: 25, endOnFailure: true },
    )
  })
})
