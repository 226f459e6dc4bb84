/** What a reader sees, for answers as the reads give them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pico from 'picocolors'
import type { Answer } from '../../../queries/reads/main.ts'
import * as reads from '../../../queries/reads/main.ts'
import { print } from '../output.ts'
import { clockOf } from './time.ts'
import { renderWhy } from './why.ts'

const at = (text: string): number => reads.fromRfc3339(`2026-11-24T${text}Z`)!
const now = at('14:05:00')
const ink = { reads, clock: clockOf(now, 'UTC'), colour: pico.createColors(false), ownCluster: 'local' }
const asked = { kind: 'deployment', name: 'checkout', namespace: 'shop' }
const asking = { cluster: 'local', asked, at: now, known: reads.KNOWN_NOW, from: now - reads.LOOK_BACK }

const event = (kind: string, time: string, fields: object) => ({
  step: kind,
  event: {
    id: `local/${kind}-1`,
    kind,
    cluster: 'local',
    at: at(time),
    uncertainty: 0,
    source: 'ebpf@5f1c',
    host: '5f1c',
    ...fields,
  },
})
const hop = (from: string, to: string, lag: number, lagUncertainty: number, resolver: string) => ({
  ...{ from, to, fromId: `local/${from}-1`, toId: `local/${to}-1` },
  ...{ joinKey: 'container', joinValue: 'local/3f9c1a0bdeadbeef', resolver, lag, lagUncertainty, confidence: 1 },
})
const nothing = { terminations: [], waiting: [], failedPods: [], unreadyPods: [], troubles: [] }
const subject = {
  key: 'local/d1',
  kind: 'Deployment',
  name: 'checkout',
  namespace: 'shop',
  replicas: { wanted: 3, ready: 3 },
}
const calm = {
  ...asking,
  result: 'healthy',
  subject: { ...subject, readySince: now - 6 * 24 * 3_600_000_000, readyLonger: false },
  incidents: [],
  nearMisses: [],
  symptoms: nothing,
  symptomsSince: null,
  watchedFrom: now - reads.LOOK_BACK,
  notSeen: [],
  toldUpTo: null,
  lastBefore: at('14:05:00') - 7 * 24 * 3_600_000_000,
  unbrokenSince: 0,
  hosts: { '5f1c': 'node-1' },
  cut: false,
}

const oom = {
  ...calm,
  result: 'incident',
  incidents: [
    {
      incident: { id: 'local/8c1f2e', title: 'Container killed for lack of memory' },
      occurrence: {
        id: 'local/o1',
        pattern: 'container-oom',
        anchorId: 'local/oom-kill-1',
        ...{ at: at('14:02:10.812'), until: at('14:02:10.812') },
        outcome: 'main killed',
      },
      verdict: {
        status: 'final',
        outcome: 'main killed',
        confidence: 0.95,
        parts: {
          rule: 0.95,
          joins: 1,
          links: { 'container-terminated': { 'container.exit': 1, kubelet: 1 } },
          alternatives: 1,
          caps: [],
        },
        hops: [
          hop('memory-pressure', 'oom-kill', 12_608_000, 0, 'ebpf'),
          hop('oom-kill', 'container-terminated', -812_000, 1_000_000, 'ebpf = kubernetes'),
        ],
        ...{ missing: [], unseen: [], pending: [], losses: [], alternatives: [] },
        ownership: {
          ...{ whole: true, resolver: 'owner references' },
          workload: { key: 'local/d1', kind: 'Deployment', name: 'checkout', namespace: 'shop' },
        },
      },
      evidence: [
        event('memory-pressure', '14:01:58.204', { containerName: 'app', reclaims: 214, lastAt: at('14:02:10.800') }),
        event('oom-kill', '14:02:10.812', {
          ...{
            containerName: 'app',
            global: false,
            firstProcessKilled: true,
            limitBytes: 256 * 2 ** 20,
            triggerPid: 41172,
          },
          ...{ triggerCommand: 'node', victimPids: [41172], victimCommands: ['node'], victimBytes: [251 * 2 ** 20] },
        }),
        event('container-terminated', '14:02:10', {
          ...{ uncertainty: 1_000_000, source: 'kubernetes@cluster', host: undefined },
          ...{ containerName: 'app', reason: 'OOMKilled', exitCode: 137, restartCount: 4, role: 'main' },
        }),
      ],
      affected: [],
      count: 1,
      waiting: 0,
      before: { count: 6, since: at('09:14:00') - 2 * 24 * 3_600_000_000 },
      rivals: {
        notThis: [
          { rival: 'workload-changed', from: at('13:02:10.812'), objects: 3 },
          { rival: 'node-under-pressure', from: at('13:42:10.812'), objects: 1 },
        ],
        limit: { bytes: 256 * 2 ** 20, since: at('09:14:00') - 3 * 24 * 3_600_000_000, changed: null },
      },
      impact: [
        {
          key: 'local/d1',
          role: 'workload',
          kind: 'Deployment',
          name: 'checkout',
          namespace: 'shop',
          ...{ wanted: 3, before: 3, lost: 1, fewest: 2, wantedAfter: 3, after: 3 },
        },
        {
          key: 'local/s1',
          role: 'service',
          kind: 'Service',
          name: 'checkout',
          namespace: 'shop',
          ...{ wanted: null, before: 3, lost: 1, fewest: 2, wantedAfter: null, after: 3 },
        },
      ],
    },
  ],
}

const render = (answer: object): string => renderWhy(answer as unknown as Answer, ink)

test('an incident: the answer first, then the chain with its keys, and what it rests on', () => {
  assert.equal(
    render(oom),
    `
checkout lost 1 of 3 replicas at 14:02:10 UTC: its container "app" outgrew its memory limit (256
MiB) and was OOM-killed.

  14:01:58.204  memory pressure  app at its limit for 12.6 s, 214 reclaims      ebpf        node-1
      |  +12.6 s    same container 3f9c1a0b (ebpf)
  14:02:10.812  OOM kill         node (pid 41172, 251 MiB), its own allocation  ebpf        node-1
      |  within 1 s same container 3f9c1a0b (ebpf = kubernetes)
  14:02:10      terminated       app: OOMKilled, exit 137, restart 4            kubernetes

  affects     Deployment shop/checkout: 2 of 3 ready, now 3
              Service shop/checkout: 2 of 3 endpoints left, now 3
  outcome     main killed
  confidence  0.95 (final): rule 0.95 x joins 1.00, 2 independent witnesses of terminated, nothing
              lost in its window
  before      6 times since Sun 09:14; limit unchanged since Sat 09:14 (256 MiB)
  not this    change of the workload (none seen in the 60 min before)
              pressure on the node (none reported in the 20 min before)
  evidence    memory-pressure-1
              oom-kill-1
              container-terminated-1
  look at     aitia incidents 8c1f2e
`.trim(),
  )
})

test('a step that is joined to an earlier one than the line above says to which', () => {
  const [it] = oom.incidents
  const exit = event('process-exit', '14:02:10.821', { firstProcess: true, signal: 9, command: 'node', pid: 41172 })
  const hops = [...it!.verdict.hops, hop('oom-kill', 'process-exit', 9_000, 0, 'ebpf')]
  const evidence = [...it!.evidence.slice(0, 2), exit, it!.evidence[2]!]
  const text = render({ ...oom, incidents: [{ ...it, verdict: { ...it!.verdict, hops }, evidence }] })
  assert.match(text, /\| {2}\+9 ms +same container 3f9c1a0b \(ebpf\)\n/)
  assert.match(text, /\| {2}within 1 s after OOM kill same container 3f9c1a0b \(ebpf = kubernetes\)/)
})

test('ids are shortened to what tells them apart: the incident says them in full', () => {
  const [it] = oom.incidents
  const boot = '3d1219c7c4c5404aaa1f6d2a48adfda4/a3160bd9-e6b4-4a3c-9956-5034299a1f30'
  const id = `local/oom-kill/${boot}/1/7595047802`
  const evidence = it!.evidence.map((each) => ({ ...each, event: { ...each.event, id } }))
  const incident = { ...it!.incident, id: 'local/8c1f2ea0b1c2d3e4' }
  const text = render({ ...oom, incidents: [{ ...it, incident, evidence }] })
  assert.match(text, /^ {2}evidence {4}oom-kill\/3d1219c7\/a3160bd9\/1\/7595047802$/m)
  assert.match(text, /^ {2}look at {5}aitia incidents 8c1f2ea0$/m)
})

test('an incident that waits says what for, what was lost and what was not seen', () => {
  const [it] = oom.incidents
  const verdict = {
    ...it!.verdict,
    status: 'waiting',
    confidence: 0.7,
    parts: { ...it!.verdict.parts, caps: [{ why: 'unseen', value: 0.7 }] },
    hops: it!.verdict.hops.slice(0, 1),
    pending: ['container-terminated'],
    losses: [{ hole: 'loss', source: 'ebpf@5f1c', from: at('14:02:00'), to: at('14:02:11'), what: 'ring', count: 12 }],
    unseen: [{ step: 'process-exit', source: 'ebpf@5f1c', why: 'lost observations: ring' }],
  }
  const text = render({
    ...oom,
    incidents: [
      {
        ...it,
        incident: null,
        evidence: it!.evidence.filter((e) => e.step !== 'container-terminated'),
        verdict,
        impact: [],
        before: { count: 0, since: null },
        rivals: { notThis: [], limit: null },
      },
    ],
  })
  assert.match(text, /^checkout was hit at 14:02:10 UTC: /)
  assert.match(text, /confidence {2}0\.70 \(waiting\): rule 0\.95 x joins 1\.00 capped at 0\.7 for unseen/)
  assert.match(text, /pending {5}terminated may still come/)
  assert.match(text, /lost {8}ebpf@5f1c lost 12 observations 14:02:00 to 14:02:11: ring/)
  assert.match(text, /unseen {6}process exit: ebpf@5f1c lost observations: ring/)
  assert.doesNotMatch(text, /look at|before/)
})

test('what happens again and again says how often, and what of that is not decided yet', () => {
  const [it] = oom.incidents
  const often = { ...it, count: 12, waiting: 5 }
  const text = render({ ...oom, incidents: [often, { ...often, waiting: 0 }, often] })
  assert.match(text, /^ {2}waiting {5}5 of 12 times it is not decided yet: steps may still come$/m)
  assert.match(
    text,
    /^ {2}also {8}Container killed .* at 14:02:10 \(12 times\): main killed\n {14}Container .* \(12 times, 5 not decided yet\)/m,
  )
  const missed = { occurrence: it!.occurrence, verdict: { missing: ['container-terminated'] }, count: 3 }
  assert.match(render({ ...oom, nearMisses: [missed] }), /container-oom at 14:02:10, the last of 3 times: "terminated"/)
})

test('an owner that no reference tells is said with how it is known, and so is what else it may have been', () => {
  const [it] = oom.incidents
  const { workload } = it!.verdict.ownership
  const other = { step: 'container-terminated', id: 'local/container-terminated-2' }
  const verdict = {
    ...it!.verdict,
    ownership: { whole: false, resolver: 'K8sContext', workload },
    parts: { ...it!.verdict.parts, alternatives: 4 },
    alternatives: [
      {
        outcome: 'main killed',
        confidence: 0.24,
        evidence: [{ step: 'oom-kill', id: 'local/oom-kill-1' }, other],
        workload,
      },
      {
        outcome: 'main killed',
        confidence: 0.2,
        evidence: [],
        workload: { ...workload, key: 'local/d2', name: 'cart' },
      },
    ],
  }
  const text = render({ ...oom, incidents: [{ ...it, verdict }] })
  assert.match(
    text,
    /^ {2}owner {7}Deployment shop\/checkout, by the K8sContext of an event: owner references do not tell$/m,
  )
  assert.match(
    text,
    /^ {2}or {10}main killed \(0\.24\), by terminated container-terminated-2\n {14}main killed \(0\.20\) of Deployment shop\/cart\n {14}and 1 more$/m,
  )
})

test('that nothing was lost is said only once it can no longer come', () => {
  const [incident] = oom.incidents
  const kept = (it: object) => ({ ...it, lost: 0, fewest: 3, after: 3 })
  const early = { ...oom, incidents: [{ ...incident, impact: incident!.impact.map(kept) }] }
  assert.match(
    render({ ...early, at: at('14:02:11') }),
    /^checkout was hit at 14:02:10 UTC and has kept 3 replicas so far: .*^ {2}affects +Deployment shop\/checkout: 3 of 3 ready so far/ms,
  )
  assert.match(render({ ...early, at: at('14:30:00'), toldUpTo: at('14:03:00') }), /kept 3 replicas so far/)
  assert.match(render({ ...early, at: at('14:30:00') }), /^checkout kept 3 replicas at 14:02:10 UTC: /)
})

test('of a stamp that is wide both ends are told', () => {
  const [incident] = oom.incidents
  const occurrence = { ...incident!.occurrence, until: at('14:13:25') }
  const evidence = [event('oom-kill', '14:02:10.812', { uncertainty: 674_188_000, global: false, victimPids: [] })]
  const text = render({
    ...oom,
    at: at('14:30:00'),
    incidents: [
      { ...incident, occurrence, evidence },
      { ...incident, occurrence },
    ],
  })
  assert.match(text, /^checkout lost 1 of 3 replicas between 14:02:10 UTC and 14:13:25 UTC/)
  assert.match(text, /^ {2}14:02:10\.\.14:13:25 {2}OOM kill /m)
  assert.match(text, /^ {2}also +Container killed for lack of memory between 14:02:10 and 14:13:25 \(/m)
})

test('of what is scaled since it is said how many are wanted now', () => {
  const [incident] = oom.incidents
  const [workload] = incident!.impact
  const scaled = (after: object) =>
    render({ ...oom, incidents: [{ ...incident, impact: [{ ...workload, ...after }] }] })
  assert.match(scaled({ wantedAfter: 0, after: 0 }), /affects {5}Deployment shop\/checkout: 2 of 3 ready, now 0 of 0$/m)
  assert.match(scaled({ wantedAfter: 2, after: 2 }), /2 of 3 ready, now 2 of 2$/m)
})

test('no known cause: what is visibly wrong, what is closest, what was not seen', () => {
  const answer = {
    ...calm,
    result: 'no-known-cause',
    subject: { ...calm.subject, replicas: { wanted: 3, ready: 2 } },
    symptoms: {
      ...nothing,
      terminations: ['13:30:00', '13:35:00'].map((time) => ({
        at: at(time),
        podName: 'checkout-1',
        containerName: 'app',
        reason: 'Error',
        exitCode: 1,
      })),
    },
    symptomsSince: at('13:30:00'),
    nearMisses: [
      {
        occurrence: { pattern: 'container-oom', at: at('13:30:00'), until: at('13:30:00') },
        ...{ verdict: { missing: ['container-terminated'] }, count: 1 },
      },
    ],
    notSeen: [
      {
        source: 'ebpf@5f1c',
        collector: 'ebpf',
        on: 'node-1',
        from: at('13:31:00'),
        to: at('13:40:00'),
        reason: 'agent restarted',
        ...{ kinds: null, lost: null },
      },
      {
        source: 'kubernetes@cluster',
        collector: 'kubernetes',
        on: null,
        from: calm.from,
        to: now,
        reason: 'never-heard',
        ...{ kinds: null, lost: null },
      },
    ],
  }
  assert.equal(
    render(answer),
    `
No known cause was found for checkout since 13:30:00 UTC (2 restarts, exit 1; 2 of 3 ready).

  symptoms    13:30:00 checkout-1/app: Error, exit 1
              13:35:00 checkout-1/app: Error, exit 1
  closest     container-oom at 13:30:00: "terminated" is missing, though its source was watching.
  not seen    ebpf on node-1 was not watching (agent restarted) from 13:31:00 to 13:40:00: what it
              would tell of that time can't be ruled out.
              kubernetes: no such collector ever reported, so nothing it would tell can be ruled
              out.
  look at     aitia events deployment/checkout -n shop --since 2026-11-24T13:29:00Z
`.trim(),
  )
})

test('an answer about another time tells which one, and how far back it looks', () => {
  const then = at('13:00:00')
  assert.match(
    render({ ...calm, at: then, from: then - reads.LOOK_BACK }),
    /listening\.\n {2}as of {7}2026-11-24T13:00:00Z, back to 2026-11-23T13:00:00Z$/,
  )
  assert.match(render({ ...oom, from: at('14:00:00') }), /OOM-killed\.\n {2}as of .*, back to 2026-11-24T14:00:00Z\n\n/)
  assert.match(
    render({ ...calm, known: then }),
    /as of {7}2026-11-24T14:05:00Z, .* with what was known at\n {14}2026-11-24T13:00:00Z$/,
  )
  assert.doesNotMatch(
    render({ ...oom, at: now + reads.MINUTE / 2, from: now + reads.MINUTE / 2 - reads.LOOK_BACK }),
    /as of/,
  )
})

test('healthy is said only where all was watched', () => {
  assert.equal(
    render(calm),
    'Nothing is wrong with checkout that aitia can see: 3 of 3 ready for 6 d, no incident since 17 Nov\n14:05:00 UTC, all sources listening.',
  )
  const blind = {
    ...calm,
    notSeen: [
      { source: 'x', collector: 'ebpf', on: 'node-1', from: calm.from, to: now, reason: null, kinds: null, lost: null },
    ],
  }
  assert.match(render(blind), /^Nothing wrong with checkout was seen, but not everything was watched: 3 of 3 ready/)
  const silent = { ...blind.notSeen[0]!, from: calm.from - 45 * reads.MINUTE }
  assert.match(
    render({ ...calm, notSeen: [silent], unbrokenSince: calm.from - reads.MINUTE }).replaceAll(/\s+/g, ' '),
    /no incident since Mon 14:04:00 UTC\. not seen ebpf on node-1 was last heard of at Mon 13:20:00: what/,
  )
  assert.match(
    render({ ...calm, toldUpTo: at('14:04:40') }),
    /^Nothing is wrong with checkout that aitia can see as of 14:04:40 UTC: 3 of 3/,
  )
  const partly = [
    { ...blind.notSeen[0]!, kinds: ['container-terminated'], reason: 'refused' },
    { ...blind.notSeen[0]!, from: at('13:00:00'), to: at('13:00:00'), lost: 12, reason: 'ring' },
  ]
  const text = render({ ...calm, notSeen: partly }).replaceAll(/\s+/g, ' ')
  assert.match(text, /ebpf on node-1 was not watching for terminated \(refused\) from the begin to the end/)
  assert.match(text, /ebpf on node-1 lost 12 observations \(ring\) from 13:00:00 to 13:00:00/)
  const gone = { ...blind.notSeen[0]!, source: null, collector: null, on: null }
  const removed = [
    { ...gone, to: at('13:00:00'), reason: 'beyond-horizon' },
    { ...gone, reason: 'known-beyond-horizon' },
    { ...gone, from: at('12:30:00'), reason: 'not-known-yet' },
  ]
  const short = render({ ...calm, known: at('12:30:00'), notSeen: removed }).replaceAll(/\s+/g, ' ')
  assert.match(short, /not everything was watched/)
  assert.match(short, /not seen history before 13:00:00 was removed: what happened then can't be ruled out\./)
  assert.match(short, /what was known at 12:30:00 was removed in part: it may have been told otherwise then\./)
  assert.match(short, /what happened after 12:30:00 was not known yet: it can't be ruled out\./)
  assert.match(
    render({ ...calm, watchedFrom: now, lastBefore: null, notSeen: removed }).replaceAll(/\s+/g, ' '),
    /nothing of the time before 14:05:00 UTC is kept/,
  )
})

test('a wrong name is answered with the nearest one', () => {
  const wrong = {
    ...asking,
    result: 'not-found',
    asked: { ...asked, name: 'chekout' },
    nearest: [],
    deletedAt: null,
    firstSeenAt: null,
    otherClusters: null,
    elsewhere: [],
    kindKnown: true,
  }
  assert.equal(
    render({
      ...wrong,
      nearest: [
        { kind: 'Deployment', name: 'checkout', namespace: 'shop' },
        { kind: 'StatefulSet', name: 'checkout', namespace: 'old' },
      ],
    }),
    'no deployment "chekout" in namespace "shop" (nearest: checkout, statefulset/checkout in old).',
  )
  assert.match(render({ ...wrong, deletedAt: at('13:00:00') }), /it was deleted at 13:00:00 UTC\. Add --at/)
  assert.match(
    render({ ...wrong, otherClusters: ['prod'] }),
    /^nothing was heard of a cluster "local" \(known: prod\)\.$/,
  )
  assert.equal(
    render({ ...wrong, elsewhere: ['prod'] }),
    'no deployment "chekout" in namespace "shop" of cluster local. There is one in cluster prod: add -c\nprod.',
  )
  assert.match(
    render({ ...wrong, asked: { ...asked, kind: 'foo' }, kindKnown: false }),
    /^no kind "foo" is known in cluster local: expected one such as deployment/,
  )
})

test('a process that is called as what resets a terminal resets none', (t) => {
  const [it] = oom.incidents
  const evidence = it!.evidence.map(({ step, event }) => ({
    ...{ step, event: { ...event, victimCommands: ['\u001bc\n\u202e'], triggerCommand: '\u001bc' } },
  }))
  const { mock } = t.mock.method(console, 'log', () => {})
  print(false, { ...oom, incidents: [{ ...it, evidence }] } as unknown as Answer, (answer) => renderWhy(answer, ink))
  const text = String((mock.calls[0]!.arguments as unknown[])[0])
  assert.match(text, /OOM kill +\\x1bc\\n\\u202e \(pid 41172, 251 MiB\), its own allocation +ebpf +node-1$/m)
  assert.doesNotMatch(text, /(?!\n)[\p{Cc}\u202a-\u202e]/u)
})

test('no line is longer than 100 characters', () => {
  for (const answer of [oom, calm]) for (const line of render(answer).split('\n')) assert.ok(line.length <= 100, line)
})
