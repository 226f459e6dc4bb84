/** What a reader sees of what is only referred to: whether it was looked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pico from 'picocolors'
import * as reads from '../../../queries/reads/main.ts'
import { print } from '../output.ts'
import { renderChanges, renderEvents, renderReliance, renderTopology, renderWorkload } from './as-of.ts'
import { clockOf } from './time.ts'

const at = reads.fromRfc3339('2026-11-24T14:05:00Z')!
const ink = { reads, clock: clockOf(at, 'UTC'), colour: pico.createColors(false), ownCluster: 'local' }
const named = (kind: 'Pod' | 'Secret' | 'ConfigMap', key: string, name: string, more: object = {}) => ({
  ...{ key: `local/${key}`, cluster: 'local', kind, name, namespace: 'shop' },
  ...more,
})
const pod = named('Pod', 'p', 'web-1')
const nodes = [
  pod,
  named('ConfigMap', 'missing/ConfigMap/shop/gone', 'gone', { missing: true }),
  named('Secret', 'unwatched/Secret/shop/db', 'a-name-as-long-as-names-of-secrets-may-well-be', { unwatched: true }),
  named('Secret', 's', 'tls'),
]
const edges = nodes.slice(1).map((node) => ({
  ...{ kind: 'MOUNTS' as const, fromKey: pod.key, toKey: node.key, by: pod.key },
  ...{ from: at, to: reads.OPEN, uncertainty: 0, properties: {} },
}))
const ground = { at, known: reads.KNOWN_NOW, horizon: null, watchedFrom: at, doubts: [] }

test('what does not exist is missing, what nobody looks for is not watched, however long its name', () => {
  const topology = renderTopology({ ground, nodes, edges, cut: false }, 'pod/web-1', ink)
  for (const name of ['gone (missing)', 'may-well-be (not watched)', 'tls'])
    assert.match(topology, new RegExp(`${name.replace(/[()]/g, '\\$&')} `))
  const subject = {
    cluster: 'local',
    asked: { kind: 'pod', name: 'web-1', namespace: 'shop' },
    at,
    known: at,
    object: pod,
    state: null,
  }
  const found = nodes.slice(1).map((object, index) => ({ object, path: [edges[index]!] }))
  const reliance = renderReliance({ subject, ground, found, cut: false }, 'dependencies', ink)
  assert.match(reliance, /gone \(missing\) .*\n.*may-well-be \(not watched\) .*\n.*tls /)
  const alone = {
    subject: { ...subject, object: nodes[2]! },
    ground,
    owners: [],
    pods: [],
    services: [],
    events: [],
    cut: false,
  }
  assert.match(renderWorkload(alone, ink), /only referred to, not\swatched\./)
})

test('of a workload whose status does not say how many are ready it is said how many are wanted', () => {
  const object = { ...named('Pod', 'w', 'prometheus'), kind: 'Workload' as const, workloadKind: 'Prometheus' }
  const state = { id: 's', key: object.key, at, version: 1, uncertainty: 0, source: 'kubernetes@cluster' }
  const asked = { kind: 'prometheus', name: 'prometheus', namespace: 'shop' }
  const told = (body: object): string =>
    renderWorkload(
      {
        subject: {
          ...{ cluster: 'local', asked, at, known: at, object },
          state: { ...state, deleted: false, inferred: false, leftOut: false, body: { ...body } },
        },
        ...{ ground, owners: [], pods: [], services: [], events: [], cut: false },
      },
      ink,
    )
  assert.match(told({ replicas: 2 }), /: 2 wanted\./)
  assert.match(told({ replicas: 2, readyReplicas: 1 }), /: 1 of 2 ready\./)
})

test('a message of several lines, with what a terminal obeys in it, stays in its row', (t) => {
  const message = 'probe failed:\nsecond\tline \u001b]8;;https://x\u0007link'
  const event = {
    ...{ id: 'local/e', kind: 'kubernetes-event', cluster: 'local', at, uncertainty: 0, source: 'kubernetes@cluster' },
    ...{ podName: 'web-1', reason: 'Unhealthy', component: 'kubelet', count: 1, message },
  }
  const asking = { cluster: 'local', asked: { kind: 'pod', name: 'web-1' }, at, known: reads.KNOWN_NOW, from: at - 1 }
  const found = { asking, objects: [pod], ground, events: [event, event], cut: false }
  const { mock } = t.mock.method(console, 'log', () => {})
  print(false, found as unknown as reads.Events, (it) => renderEvents(it, ink))
  const rows = String((mock.calls[0]!.arguments as unknown[])[0])
    .split('\n')
    .filter((line) => line.includes('web-1 '))
  const shown = String.raw`probe failed:\nsecond\tline \x1b]8;;https://x\x07link`
  assert.deepEqual(
    rows.map((row) => row.endsWith(shown)),
    [true, true],
  )
})

test('what was not seen names the node, and of many the first', () => {
  const asking = {
    cluster: 'local',
    asked: { kind: 'pod', name: 'web-1', namespace: 'shop' },
    at,
    known: reads.KNOWN_NOW,
  }
  const doubts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((number) => ({
    ...{ kind: 'not-watched' as const, source: `ebpf@${number}`, on: `node-${number}`, from: at - 60_000_000, to: at },
    ...{ reason: null, kinds: number === 1 ? ['oom-kill' as const] : null },
  }))
  const shown = (some: typeof doubts) =>
    renderEvents(
      {
        asking: { ...asking, from: at - 1 },
        objects: [pod],
        ground: { ...ground, doubts: some },
        events: [],
        cut: false,
      },
      ink,
    ).replaceAll(/\s+/g, ' ')
  const first =
    'ebpf on node-1 was not watching for OOM kill from 14:04:00 to 14:05:00: what happened then may not be told.'
  assert.match(shown(doubts.slice(0, 1)), new RegExp(`not seen ${first}$`))
  assert.match(shown(doubts), /node-8 was .* and 2 more: --json$/)
})

test('a change that was seen late is told from when on it may have been', () => {
  const asking = {
    cluster: 'local',
    asked: { kind: 'pod', name: 'web-1', namespace: 'shop' },
    at,
    known: reads.KNOWN_NOW,
  }
  const [link] = edges
  const change = (uncertainty: number) => ({
    at,
    uncertainty,
    object: pod,
    what: 'ended' as const,
    link: link!,
    other: nodes[1]!,
  })
  const shown = (uncertainty: number) =>
    renderChanges(
      { asking: { ...asking, from: at - 1 }, objects: [pod], ground, changes: [change(uncertainty)], cut: false },
      ink,
    )
  assert.match(
    shown(3600 * reads.SECOND),
    /\n {2}13:05:00\.\.14:05:00 +Pod shop\/web-1 +ended MOUNTS ConfigMap shop\/gone/,
  )
  assert.match(shown(reads.SECOND), /\n {2}14:05:00 /)
  assert.match(shown(0), /\n {2}14:05:00\.000 /)
})
