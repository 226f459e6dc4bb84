import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BATCH_LIMIT, LANES } from '../model/batch.ts'
import type { K8sContext } from '../model/context.ts'
import { laneKeyOf, laneOf, type Observation } from '../model/observation.ts'
import { Gather, type Gathered } from './gather.ts'
import { eventOf, eventsOf, heartbeatOf } from './testing/observations.ts'

const gathering = () => {
  const jobs: Gathered[] = []
  return { jobs, gather: new Gather('test', (job) => jobs.push(job)) }
}
const contentOf = (job: Gathered) => JSON.parse(job.json)

test('each lane gets its observations in order, with all of the sources in their places', () => {
  const number = fc.nat({ max: 10_000 })
  const observation = fc.oneof({ weight: 9, arbitrary: number.map((n) => eventOf(n)) }, number.map(heartbeatOf))
  fc.assert(
    fc.property(fc.array(fc.array(observation, { maxLength: 900 }), { maxLength: 6 }), (calls) => {
      const { jobs, gather } = gathering()
      for (const observations of calls) gather.add(observations)
      gather.flush()
      for (let lane = 0; lane < LANES; lane++) {
        const belongs = (each: Observation) => {
          const key = laneKeyOf(each)
          return key === null || laneOf(key, LANES) === lane
        }
        const got = jobs.filter((job) => job.lane === lane)
        assert.deepEqual(
          got.flatMap((job) => contentOf(job).observations),
          calls.flat().filter(belongs),
        )
        for (const job of got) assert.ok(job.observations.length <= BATCH_LIMIT)
      }
    }),
    { numRuns: 30 },
  )
})

test('a job is handed on when it is full, and its caller is told only when all of its lanes are', async () => {
  const { jobs, gather } = gathering()
  let safe = false
  const all = gather.add(Array.from({ length: BATCH_LIMIT + 1 }, (_, number) => eventOf(number * 11))).then(() => {
    safe = true
  })
  await Promise.resolve()
  assert.equal(jobs.length, 1)
  assert.equal(safe, false)
  gather.flush()
  await all
  assert.deepEqual(
    jobs.map((job) => job.observations.length),
    [BATCH_LIMIT, 1],
  )
})

test('after a pause it hands on at once; what comes then waits for company', async () => {
  const { jobs, gather } = gathering()
  await gather.add([eventOf(1)])
  assert.equal(jobs.length, 1)
  await Promise.all([gather.add([eventOf(1)]), gather.add([eventOf(12)])])
  assert.deepEqual(
    jobs.map((job) => job.observations.length),
    [1, 2],
  )
})

test('large observations make smaller jobs', () => {
  const { jobs, gather } = gathering()
  const large = { ...eventOf(1), containerName: 'x'.repeat(90_000) }
  gather.add([large, large, large, large, { ...large, containerName: 'y'.repeat(400_000) }])
  gather.flush()
  assert.deepEqual(
    jobs.map((job) => job.observations.length),
    [2, 2, 1],
  )
})

test('a context travels once with each job that refers to it', () => {
  const { jobs, gather } = gathering()
  const context: K8sContext = {
    namespace: 'shop',
    podName: 'a',
    podUid: 'pod-1',
    labels: {},
    annotations: {},
    owners: [],
  }
  const events = eventsOf(0, 600).map((event) => ({ ...eventOf(1), id: event.id, contextKey: 'digest' }))
  gather.add(events, { digest: context, other: context })
  gather.flush()
  assert.deepEqual(
    jobs.map((job) => [job.observations.length, contentOf(job).contexts]),
    [
      [500, { digest: context }],
      [100, { digest: context }],
    ],
  )
})
