import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BATCH_LIMIT } from './batch.ts'
import { readDocument } from './document.ts'
import { laneOf, type Observation } from './observation.ts'
import { problemsOf, problemsOfBatch, problemsOfContext } from './validate.ts'

const one = (text: string): Observation => {
  const [{ arrives, ...observation }] = readDocument(`observations:\n  - ${text}\n`, 'test').observations as [
    Observation & { arrives?: number },
  ]
  return observation as Observation
}
const kill = one('{event: oom-kill, at: +0s, object: Container/c1, pod: Pod/shop/p}')
const pod = one('{state: Pod/shop/p, at: +0s, relations: [{OWNS: {from: ReplicaSet/shop/rs}}]}')
const changed = (observation: Observation, change: object): Observation =>
  ({ ...observation, ...change }) as Observation

describe('an observation', () => {
  it('is sound as the model says', () => {
    const sources = [
      '{gap: ebpf@n1, from: +0s, to: +1s, reason: x}',
      '{gap: ebpf@n1, from: +0s, to: +1s, reason: x, kinds: [oom-kill]}',
      '{gap: kubernetes@cluster, from: +0s, to: +1s, reason: states alone, kinds: []}',
      '{loss: ebpf@n1, from: +0s, to: +1s, count: 1, what: ring, kinds: [oom-kill, process-exit]}',
      '{heartbeat: ebpf@n1, since: +0s, watermark: +1s, blind: [process-exec]}',
    ]
    for (const sound of [kill, pod, ...sources.map(one)]) assert.deepEqual(problemsOf(sound), [])
  })

  const wrong: [string, Observation, RegExp][] = [
    ['an unknown kind', changed(kill, { kind: 'oom' }), /^kind: got "oom", expected one of: .*container-started/],
    ['a time in fractions', changed(kill, { at: 0.5 }), /^at: got 0.5, expected whole µs/],
    ['a source without a host', changed(kill, { source: 'ebpf' }), /^source: got "ebpf", expected collector@host/],
    [
      'a field of another type',
      changed(kill, { fields: { ...('fields' in kill ? kill.fields : {}), victimPids: '1' } }),
      /^fields.victimPids: got "1", expected int\[\]/,
    ],
    [
      'a field that the kind has only as any map has it',
      changed(kill, { fields: { ...('fields' in kill ? kill.fields : {}), constructor: 'x' } }),
      /^fields.constructor: got "x", expected one of: .*victimPids/,
    ],
    [
      'an object that the kind is not about',
      changed(kill, { object: { kind: 'Service', key: 's' } }),
      /^object.kind: got "Service", expected Container or Pod or Host/,
    ],
    [
      'a heartbeat that is blind for what does not exist',
      changed(one('{heartbeat: ebpf@n1, since: +0s, watermark: +1s}'), { blind: ['oom'] }),
      /^blind: got "oom", expected some of: .*container-started/,
    ],
    [
      'a loss that concerns no kind',
      changed(one('{loss: ebpf@n1, from: +0s, to: +1s, count: 1, what: x}'), { kinds: [] }),
      /^kinds: got \[\], expected event kinds/,
    ],
    [
      'a tombstone with relations',
      changed(pod, { deleted: true, body: {} }),
      /^relations: got .*, expected \[\] of what is deleted/,
    ],
    [
      'a relation to what it can not lead to',
      changed(pod, { relations: [{ kind: 'RUNS_ON', to: { kind: 'Service', key: 's' } }] }),
      /^relations\[0\].to.kind: got "Service", expected Node/,
    ],
    [
      'a relation that another declares',
      changed(pod, { relations: [{ kind: 'SELECTS', from: { kind: 'Service', key: 's' } }] }),
      /declared by a Pod", expected declared by EndpointSlice/,
    ],
    [
      'a container that names no pod and claims one',
      changed(one('{state: Container/c1, at: +0s}'), {
        relations: [{ kind: 'RUNS', from: { kind: 'Pod', key: 'p' } }],
      }),
      /expected a state that names `pod` p/,
    ],
    [
      'a span that ends before it begins',
      changed(one('{gap: ebpf@n1, from: +0s, to: +1s, reason: x}'), { to: 1 }),
      /^to: got 1, expected no earlier than from/,
    ],
  ]
  for (const [name, observation, expected] of wrong)
    it(`is refused: ${name}`, () => assert.match(problemsOf(observation)[0] ?? 'accepted', expected))
})

describe('whatever is given', () => {
  const placesIn = (value: unknown, path: string[] = []): string[][] =>
    typeof value !== 'object' || value === null
      ? [path]
      : [path, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...path, name]))]
  const withJunk = (observation: Observation, path: readonly string[], junk: unknown): Observation => {
    const copy = { observation: structuredClone(observation) } as Record<string, unknown>
    const places = ['observation', ...path]
    const parent = places.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, copy)
    parent[places.at(-1) as string] = junk
    return copy.observation as Observation
  }
  it('is judged, not stumbled over', () => {
    const places = [kill, pod].flatMap((observation) => placesIn(observation).map((path) => ({ observation, path })))
    const names = fc.constantFrom('constructor', 'toString', '__proto__')
    // What can't be made a text: a name or a message that is built of it throws.
    const mute = fc.constantFrom({ toString: '' }, { kind: { toString: '' } }, { key: { toString: '' } })
    const junk = fc.oneof(fc.jsonValue(), names, mute)
    const property = fc.property(fc.constantFrom(...places), junk, ({ observation, path }, value) => {
      const observations = [withJunk(observation, path, value)]
      problemsOfBatch({ cluster: 'c', lane: 0, observations, contexts: {} })
    })
    fc.assert(property, { numRuns: 3_000 })
  })
})

describe('a context', () => {
  const context = { namespace: 'shop', podName: 'p', podUid: 'u', labels: { app: 'x' }, annotations: {}, owners: [] }
  it('is sound as the model says', () => {
    const owners = [{ kind: 'Job', name: 'j', uid: 'u' }]
    assert.deepEqual(problemsOfContext({ ...context, owners, memoryLimit: 1, podIps: ['::1'], podReady: false }), [])
  })
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['no context', null, /got null, expected a K8sContext/],
    ['one without its pod', { ...context, podName: undefined }, /^podName: got nothing, expected string/],
    [
      'a field of another type',
      { ...context, memoryLimit: '64Mi' },
      /^memoryLimit: got "64Mi", expected int or nothing/,
    ],
    ['labels that are no texts', { ...context, labels: { app: 1 } }, /^labels: .* expected a map of texts/],
    ['an owner without a name', { ...context, owners: [{ kind: 'Job', uid: 'u' }] }, /^owners\[0\].name: got nothing/],
    ['an unknown field', { ...context, enviroment: 'PASSWORD=x' }, /^enviroment: .* expected a field of K8sContext/],
  ]
  for (const [name, given, expected] of wrong)
    it(`is refused: ${name}`, () => assert.match(problemsOfContext(given)[0] ?? 'accepted', expected))
})

describe('a batch', () => {
  const batch = { cluster: 'c', lane: laneOf('Pod/shop/p', 8), observations: [kill, pod], contexts: {} }
  it('is sound', () => assert.deepEqual(problemsOfBatch(batch), []))
  it('is refused for a context that an event of it names, and only for that event', () => {
    const named = { ...kill, contextKey: 'k' }
    const contexts = { k: { podName: 1 }, other: {} } as never
    const problems = problemsOfBatch({ ...batch, observations: [kill, named], contexts })
    assert.ok(problems.length > 0 && problems.every((problem) => problem.startsWith('observation 1 (')))
    assert.match(problems.join(), /context k: podName: got 1, expected string/)
  })
  it('is refused in another lane, with too much, or under a name that keys could not be told apart by', () => {
    const lane = (batch.lane + 1) % 8
    assert.match(
      problemsOfBatch({ ...batch, lane })[0] ?? '',
      /observation 0 \(event oom-kill .*lane: got \d, expected \d for Pod\/shop\/p/,
    )
    const observations = Array.from({ length: BATCH_LIMIT + 1 }, () => kill)
    assert.match(problemsOfBatch({ ...batch, observations })[0] ?? '', /got 501, expected 500 at most/)
    assert.match(problemsOfBatch({ ...batch, cluster: 'a/b' })[0] ?? '', /^cluster: got "a\/b"/)
  })
})
