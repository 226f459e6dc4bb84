import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Reflector } from './reflector.ts'
import { type Fault, FaultyServer, until } from './testing/faulty-server.ts'
import { Mirror, type Thing, trimThing } from './testing/mirror.ts'

/** Whether the reflector gets time to read before the next step. */
type Step = { pause: boolean } & Action

type Action =
  | { do: 'toggle' | 'update' | 'recreate'; name: string }
  | { do: 'compact' | 'bookmark' | 'cut' | 'end' | 'half' | 'garbage' | 'expire' }
  | { do: 'repeat'; back: number }
  | { do: 'fault'; fault: Fault }

const name = fc.constantFrom('a', 'b', 'c', 'd')
const plain = fc.constantFrom('compact', 'bookmark', 'cut', 'end', 'half', 'garbage', 'expire')
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom<Fault>('hang', 'cut', { initialThen: 'cut' }, { initialThen: 'hang' }),
  fc.constantFrom(400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504).map((status) => ({ status })),
)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('toggle', 'update', 'recreate'), name }) as fc.Arbitrary<Step>,
  },
  { weight: 3, arbitrary: fc.record({ do: plain }) as fc.Arbitrary<Action> },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const), back: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), fault }) },
)

const step = fc.tuple(action, fc.boolean()).map(([action, pause]): Step => ({ ...action, pause }))

function take(server: FaultyServer, step: Action): void {
  if ('name' in step) {
    const there = server.objects.has(step.name)
    if (there && step.do !== 'update') server.delete(step.name)
    if (there && step.do === 'update') server.update(step.name)
    if (step.do === 'recreate' || (!there && step.do === 'toggle')) server.create(step.name)
  } else if (step.do === 'repeat') server.say(server.past(step.back) ?? '\n')
  else if (step.do === 'fault') server.faults.push(step.fault)
  else if (step.do === 'compact') server.compact()
  else if (step.do === 'bookmark') server.bookmark()
  else if (step.do === 'cut' || step.do === 'end') server.cut(step.do === 'end')
  else if (step.do === 'garbage') server.garble()
  else if (step.do === 'expire') server.say('{"type":"ERROR","object":{"code":410,"reason":"Expired"}}\n')
  else if (step.do === 'half') {
    server.say('{"type":"DELETED","object":{"metadata":{"uid":"uid-1"')
    server.cut(true)
  }
}

async function play(steps: Step[], watchList: boolean, pageLimit: number): Promise<void> {
  const server = new FaultyServer()
  server.watchList = watchList
  server.pageLimit = pageLimit
  const mirror = new Mirror()
  const timings = { backoff: [1, 3] as [number, number], refused: 3, steady: 20, tick: 3, aliveBound: 5 }
  const deadlines = { answer: 15, page: 15, initial: 15, silence: 60, watch: [60, 80] as [number, number], grace: 10 }
  const kubeConfig = await server.listen()
  const reflector = new Reflector<Thing>({
    kubeConfig,
    path: '/api/v1/things',
    trim: trimThing,
    handler: mirror,
    timings: { ...timings, ...deadlines },
  })
  try {
    reflector.start()
    for (const each of steps) {
      take(server, each)
      if (each.pause) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    server.faults.length = 0
    const there = [...server.objects.values()].map(({ metadata: m }) => `${m.name} ${m.uid}@${m.resourceVersion}`)
    const wanted = there.sort().join()
    await until(`${wanted}, has ${mirror.view}`, () => mirror.synced && mirror.view.join() === wanted)
    const own = [...reflector.view.objects()].map((thing) => thing.name).sort()
    assert.deepEqual(own, [...server.objects.keys()].sort())
    mirror.check()
    // Each list after the first means that continuity was lost.
    assert.equal(mirror.gaps.length, reflector.counts.lists - 1)
  } finally {
    await reflector.stop()
    await server.close()
  }
}

test('whatever the server does, the view ends equal to it, and no change is told twice or backwards', async () => {
  const history = fc.array(step, { maxLength: 50 })
  await fc.assert(fc.asyncProperty(history, fc.boolean(), fc.constantFrom(1, 2, 500), play), { numRuns: 200 })
})
