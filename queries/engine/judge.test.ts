import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SECOND } from '../../graph/model/time.ts'
import type { Watching } from '../reads/coverage.ts'
import { type Facts, judge } from './judge.ts'
import type { Alternative, EventNode, OfPod, Ownership } from './judgement.ts'
import { loadPatterns, type Pattern, SILENCE_TOLD } from './pattern.ts'

const pattern = loadPatterns().find(({ id }) => id === 'container-oom') as Pattern
const AT = 1_000 * SECOND

const event = (kind: EventNode['kind'], at: number, fields: object = {}): EventNode => ({
  ...{ id: `x/${kind}`, kind, at, uncertainty: 0, objectKey: 'x/c', objectKind: 'Container' as const },
  ...{ podKey: 'x/p', containerName: 'app' },
  source: kind.startsWith('container') ? 'kubernetes@cluster' : 'ebpf@h',
  ...(kind.startsWith('container') ? {} : { host: 'h' }),
  ...fields,
})
const kill = event('oom-kill', AT, { firstProcessKilled: true, global: false })
const end = event('container-terminated', AT, { uncertainty: SECOND })

const alternative = (...found: EventNode[]): Alternative => ({
  anchor: kill,
  found: new Map([kill, ...found].map((each) => [each.kind, each])),
  outcome: 'main killed',
  affected: [],
})
const whole: Ownership = { whole: true, resolver: 'owner references', workload: null }
const watching = (over: Partial<Watching> = {}): Watching => ({
  settled: () => true,
  blindness: () => null,
  holes: () => [],
  ...over,
})
const facts = (over: Partial<Watching> = {}, ownership = whole): Facts => ({
  watching: watching(over),
  ownershipOf: () => ownership,
  placeOf: () => ({ host: undefined, silent: [] }),
  containerOf: () => ({ container: { name: 'app', resolver: 'event' }, role: 'main', mayBe: ['app'] }),
  restartsJumped: false,
  unwatchedOf: () => ({ leftOut: false, goneFrom: null }),
})
const judged = (alternatives: Alternative[], over: Partial<Watching> = {}, ownership = whole) =>
  judge(pattern, alternatives, facts(over, ownership))

describe('a verdict', () => {
  it('is provisional when all required steps are found, and final when every source has passed', () => {
    assert.equal(judged([alternative(end)], { settled: () => false }).content.status, 'provisional')
    assert.equal(judged([alternative(end)]).content.status, 'final')
  })

  it('waits for a required step, and for the owner chain', () => {
    const waiting = judged([alternative()], { settled: () => false })
    assert.deepEqual([waiting.content.status, waiting.content.result], ['waiting', 'incident'])
    assert.ok(waiting.content.pending.includes('container-terminated'))
    const ownerless = judged([alternative(end)], { settled: () => false }, { ...whole, whole: false })
    assert.equal(ownerless.content.status, 'waiting')
  })

  it("names each source that it waits for, and until when: window, lateness and the kind's own delay", () => {
    const { awaits } = judged([alternative(end)], { settled: () => false })
    const until = awaits.find(({ source }) => source === 'kubernetes@cluster')?.until
    assert.equal(until, AT + pattern.window + pattern.lateness + 10 * SECOND)
  })

  const passed = AT + pattern.window + pattern.lateness + 10 * SECOND

  it('has nothing missing on the word of a kubelet before its silence would have been told', () => {
    const settled = (_: string, until: number) => until <= passed
    const early = judged([alternative()], { settled })
    assert.deepEqual(
      [early.content.status, early.content.result, early.content.pending],
      ['waiting', 'incident', ['container-terminated']],
    )
    assert.deepEqual(early.awaits, [{ source: 'kubernetes@cluster', until: passed + SILENCE_TOLD }])
    assert.equal(judged([alternative(end)], { settled }).content.status, 'final', 'what was found does not wait')
    const blind = {
      blindness: (_: string, kind: string) => (kind === 'node-condition-changed' ? "can't see it" : null),
    }
    assert.deepEqual(judged([alternative()], blind).content.unseen, [
      { step: 'container-terminated', source: 'kubernetes@cluster', why: "can't see it" },
    ])
  })

  it('waits for it with an outcome that rests on the kubelet alone, and not where the kernel was watched', () => {
    const survived = {
      ...alternative(),
      anchor: { ...kill, firstProcessKilled: false },
      outcome: 'child killed, container survived',
    }
    const settled = (_: string, until: number) => until <= passed
    const said = ({ content }: ReturnType<typeof judged>) => [content.status, content.outcome]
    assert.deepEqual(said(judged([survived], { settled })), ['final', survived.outcome])
    const blindness = (source: string) => (source === 'ebpf@h' ? 'had a gap: restart' : null)
    assert.deepEqual(said(judged([survived], { settled, blindness })), ['waiting', survived.outcome])
    assert.deepEqual(said(judged([survived], { blindness })), ['final', survived.outcome])
  })

  it('says missing only of a source that was watching', () => {
    const seen = judged([alternative()])
    assert.deepEqual([seen.content.result, seen.content.missing], ['near-miss', ['container-terminated']])
    const blind = judged([alternative()], {
      blindness: (source) => (source.startsWith('kubernetes') ? 'had a gap: restart' : null),
    })
    assert.deepEqual([blind.content.result, blind.content.missing], ['incident', []])
    assert.deepEqual(blind.content.unseen, [
      { step: 'container-terminated', source: 'kubernetes@cluster', why: 'had a gap: restart' },
    ])
    assert.ok(blind.content.confidence < seen.content.parts.rule)
  })

  it('has nothing missing of a kubelet whose node was not Ready, but of the kernel', () => {
    const silence = { condition: 'Ready' as const, from: AT + SECOND, to: AT + 2 * SECOND }
    const silent = { ...facts(), placeOf: () => ({ host: 'h', silent: [silence] }) }
    const { content } = judge(pattern, [alternative()], silent)
    assert.deepEqual([content.result, content.missing], ['incident', []])
    assert.deepEqual(content.unseen, [
      {
        ...{ step: 'container-terminated', source: 'kubernetes@cluster' },
        why: 'had nothing from the kubelet: the node was not Ready',
      },
    ])
  })

  it('asks the host of the pod, or of a step that was found, where the anchor was told by Kubernetes', () => {
    const anchored = { ...pattern, anchor: 'container-terminated' as const }
    const told = { ...alternative(), anchor: end, found: new Map([[end.kind, end]]) }
    const sourcesOf = (given: Alternative, host: string | undefined): string[] => {
      const { content } = judge(anchored, [given], {
        ...facts({ blindness: () => 'was not watching' }),
        placeOf: () => ({ host, silent: [] }),
      })
      return [...new Set(content.unseen.map(({ source }) => source))]
    }
    assert.deepEqual(sourcesOf(told, 'h'), ['ebpf@h'])
    assert.deepEqual(sourcesOf(told, undefined), ['ebpf'])
    const exit = event('process-exit', AT, { host: 'h2' })
    assert.deepEqual(sourcesOf({ ...told, found: new Map([[exit.kind, exit], ...told.found]) }, 'h'), ['ebpf@h2'])
  })

  it('takes stamps as intervals: an end that may lie before the kill counts, one that surely does not', () => {
    const floored = event('container-terminated', AT - SECOND + 1, { uncertainty: SECOND })
    assert.equal(judged([alternative(floored)]).content.evidence.length, 2)
    const before = event('container-terminated', AT - 2 * SECOND, { uncertainty: SECOND })
    assert.deepEqual(judged([alternative(before)]).content.missing, ['container-terminated'])
  })

  it('keeps each hop with its key, its lag and who told the key', () => {
    const { hops } = judged([alternative(end)]).content
    assert.deepEqual(hops, [
      {
        ...{ from: 'oom-kill', to: 'container-terminated', fromId: 'x/oom-kill', toId: 'x/container-terminated' },
        ...{ joinKey: 'container', joinValue: 'x/c', resolver: 'ebpf = kubernetes' },
        ...{ lag: 0, lagUncertainty: SECOND, confidence: 1 },
      },
    ])
  })

  it('joins each step to the anchor, or to the step that it names where that was found', () => {
    const exit = event('process-exit', AT + 1)
    const hops = (of: Pattern, ...found: EventNode[]) =>
      judge(of, [alternative(...found)], facts()).content.hops.map(({ from, to }) => `${from} > ${to}`)
    assert.deepEqual(hops(pattern, event('memory-pressure', AT - 1), exit, end), [
      'memory-pressure > oom-kill',
      'oom-kill > process-exit',
      'oom-kill > container-terminated',
    ])
    const steps = pattern.steps.map((step) =>
      step.event === 'container-terminated' ? { ...step, from: 'process-exit' as const } : step,
    )
    assert.deepEqual(hops({ ...pattern, steps }, exit, end).at(-1), 'process-exit > container-terminated')
    assert.deepEqual(hops({ ...pattern, steps }, end).at(-1), 'oom-kill > container-terminated')
  })

  it('names a loss, and is capped by it', () => {
    const loss = {
      id: 'l',
      hole: 'loss',
      source: 'ebpf@h',
      from: AT,
      to: AT,
      what: 'ring',
      count: 3,
      kinds: null,
    } as const
    const { content } = judged([alternative(end)], { holes: (source) => (source === 'ebpf@h' ? [loss] : []) })
    assert.deepEqual([content.losses, content.confidence], [[loss], 0.9])
  })

  it('shares its confidence among alternatives, and takes the one with more evidence', () => {
    const { content } = judged([alternative(), alternative(end)])
    assert.deepEqual([content.evidence.length, content.parts.alternatives, content.confidence], [2, 2, 0.475])
  })

  it('keeps an outcome that rests on absence waiting, and takes it back where nobody watched', () => {
    const survived = {
      ...alternative(),
      anchor: { ...kill, firstProcessKilled: false },
      outcome: 'child killed, container survived',
    }
    assert.equal(judged([survived], { settled: (source) => source === 'ebpf@h' }).content.status, 'waiting')
    assert.equal(judged([survived]).content.outcome, 'child killed, container survived')
    const blind = judged([{ ...survived, outcome: `${survived.outcome}, so far` }], {
      blindness: () => 'was not watching',
    })
    assert.equal(blind.content.outcome, 'child killed, fate of the container unseen, so far')
  })

  it('says of the container what it is to its pod, unless it is a main one or the anchor is about none', () => {
    const outcomeOf = (role: OfPod['role']) => {
      const known = { ...facts(), containerOf: () => ({ ...facts().containerOf(kill), role }) }
      return judge(pattern, [alternative(end)], known).content.outcome
    }
    assert.deepEqual(['main', undefined, 'sidecar', null].map(outcomeOf), [
      'main killed',
      'main killed',
      'main killed (sidecar container)',
      'main killed (container role unknown)',
    ])
  })

  it('orders what the kernel told by its boot clock, also where the wall clock was set back in between', () => {
    const stamped = (bootClock: number) => ({ bootId: 'b', bootClock })
    const exitAt = (bootClock: number) => {
      const anchor = { ...kill, ...stamped(5_000) }
      const exit = event('process-exit', AT - SECOND, stamped(bootClock))
      const { hops } = judge(pattern, [{ ...alternative(exit), anchor }], facts()).content
      return hops.map(({ to, lag }) => [to, lag])
    }
    assert.deepEqual([exitAt(5_010), exitAt(4_990)], [[['process-exit', 10]], []])
  })
})
