import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readDocument } from './document.ts'
import { SECOND } from './time.ts'

const start = Date.parse('2026-01-01T10:00:00Z') * 1_000

const read = (observations: string, rest = '') =>
  readDocument(`title: case\n${rest}observations:\n${observations}`, 'case.yaml')

describe('a document', () => {
  it('fills what a short event leaves out', () => {
    const { observations } = read(`
  - event: container-terminated
    at: +10s
    object: Container/c1
    pod: Pod/shop/checkout-1#2
    containerName: app
    fields: {reason: OOMKilled, exitCode: 137, startedAt: -5m}
`)
    assert.deepEqual(observations, [
      {
        type: 'event',
        kind: 'container-terminated',
        id: `container-terminated/c1/${start + 10 * SECOND}`,
        at: start + 10 * SECOND,
        uncertainty: SECOND,
        observedAt: start + 11 * SECOND,
        arrives: start + 11 * SECOND,
        source: 'kubernetes@cluster',
        object: { kind: 'Container', key: 'c1' },
        pod: { kind: 'Pod', key: 'Pod/shop/checkout-1#2', name: 'checkout-1', namespace: 'shop' },
        containerName: 'app',
        fields: {
          reason: 'OOMKilled',
          exitCode: 137,
          startedAt: start - 300 * SECOND,
          finishedAt: start + 10 * SECOND,
          restartCount: 0,
          role: '',
        },
      },
    ])
  })

  it('knows the host of a kernel event, and tells apart what is written twice', () => {
    const { observations } = read(
      `
  - {event: memory-pressure, at: +1s, object: Container/c1, fields: {stalled: 250ms}}
  - {event: memory-pressure, at: +1s, object: Container/c1}
`,
      'host: node-7\n',
    )
    const events = observations.map((event) => event as unknown as Record<string, string>)
    assert.deepEqual(
      events.map((event) => event.source),
      ['ebpf@node-7', 'ebpf@node-7'],
    )
    assert.deepEqual(
      events.map((event) => event.host),
      ['node-7', 'node-7'],
    )
    assert.equal(events[1]?.id, `${events[0]?.id}/2`)
    assert.deepEqual(events[0]?.fields, { reclaims: 0, stalled: 250_000, lastAt: start + SECOND })
  })

  it('reads states with their relations', () => {
    const { observations } = read(`
  - state: Pod/shop/checkout-1
    at: -50s
    relations:
      - OWNS: {from: ReplicaSet/shop/checkout-abc}
      - RUNS: {to: Container/c1, since: -49s, containerName: app, role: main}
      - RUNS_ON: Node/node-1
  - {state: Workload/shop/canary:Rollout, at: -40s}
  - {state: Pod/shop/checkout-1, at: -30s, deleted: true}
`)
    assert.deepEqual(observations[0], {
      type: 'state',
      object: { kind: 'Pod', key: 'Pod/shop/checkout-1', name: 'checkout-1', namespace: 'shop' },
      at: start - 50 * SECOND,
      arrives: start - 50 * SECOND,
      version: 0,
      uncertainty: 0,
      source: 'kubernetes@cluster',
      body: { labels: [], phase: '', ready: false },
      relations: [
        {
          kind: 'OWNS',
          from: {
            kind: 'Workload',
            key: 'ReplicaSet/shop/checkout-abc',
            name: 'checkout-abc',
            namespace: 'shop',
            workloadKind: 'ReplicaSet',
          },
        },
        {
          kind: 'RUNS',
          to: { kind: 'Container', key: 'c1' },
          since: start - 49 * SECOND,
          properties: { containerName: 'app', role: 'main' },
        },
        { kind: 'RUNS_ON', to: { kind: 'Node', key: 'Node/node-1', name: 'node-1' } },
      ],
    })
    const [, rollout, gone] = observations as unknown as { body: object; relations: object; deleted?: true }[]
    assert.deepEqual(rollout?.body, { labels: [], workloadKind: 'Rollout' })
    assert.deepEqual([gone?.body, gone?.relations, gone?.deleted], [{}, [], true])
  })

  it('orders by arrival: what is late comes last', () => {
    const { observations } = read(
      `
  - {event: oom-kill, at: +0s, object: Container/c1, arrives: +1m}
  - {event: oom-kill, at: +5s, object: Container/c2}
  - {gap: kubernetes@cluster, from: +1s, to: +2s, reason: disconnected}
`,
      'coverage: [{source: ebpf@node-1, from: -60s, to: +30s, ended: true}]\n',
    )
    assert.deepEqual(
      observations.map(({ type, arrives }) => [type, Number(arrives) - start]),
      [
        ['gap', 2 * SECOND],
        ['event', 5 * SECOND],
        ['heartbeat', 30 * SECOND],
        ['event', 60 * SECOND],
      ],
    )
  })

  it('says which kinds a source can not see, and which a gap or a loss concerns', () => {
    const { observations } = read(
      `
  - {gap: kubernetes@cluster, from: +1s, to: +2s, reason: expired, kinds: [kubernetes-event]}
  - {loss: ebpf@node-1, from: +1s, to: +3s, count: 1, what: ring, kinds: [process-exit]}
`,
      'coverage: [{source: ebpf@node-1, from: -60s, to: +30s, blind: [memory-pressure]}]\n',
    )
    assert.deepEqual(
      observations.map((each) => (each.type === 'heartbeat' ? each.blind : 'kinds' in each && each.kinds)),
      [['kubernetes-event'], ['process-exit'], ['memory-pressure']],
    )
  })

  it('comes out the same when it is read again as JSON', () => {
    const once = read('  - {event: oom-kill, at: +0s, object: Container/c1}\n')
    assert.deepEqual(readDocument(JSON.stringify(once), 'again.json'), once)
  })

  it('names each mistake with its line, what was got and what was expected', () => {
    const text = `
  - {event: oom-kil, at: +0s, object: Container/c1}
  - {event: oom-kill, at: soon, object: Container/c1}
  - event: oom-kill
    at: +0s
    object: Container/c1
    fields: {globl: true}
  - {state: Pod/checkout-1, at: +0s}
  - {state: Node/n1, at: +0s, relations: [{RUNS_ON: Node/n2}]}
`
    assert.throws(
      () => read(text),
      (error: Error) => {
        const lines = error.message.split('\n')
        assert.match(
          lines[0] ?? '',
          /^case\.yaml:4: observations\.0: event: got "oom-kil", expected one of .*container-started/,
        )
        assert.match(lines[1] ?? '', /^case\.yaml:5: observations\.1: at: got "soon", expected a time/)
        assert.match(lines[2] ?? '', /^case\.yaml:6: observations\.2: fields\.globl: got true, expected one of: global/)
        assert.match(lines[3] ?? '', /^case\.yaml:10: .*expected Pod\/namespace\/name/)
        assert.match(lines[4] ?? '', /^case\.yaml:11: .*got "declared by a Node", expected declared by Pod/)
        return true
      },
    )
  })
})
