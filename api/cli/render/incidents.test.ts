import assert from 'node:assert/strict'
import { test } from 'node:test'
import pico from 'picocolors'
import type { Incident } from '../../../queries/reads/main.ts'
import * as reads from '../../../queries/reads/main.ts'
import { renderIncidents } from './incidents.ts'
import { clockOf } from './time.ts'

const at = reads.fromRfc3339('2026-11-24T14:05:00Z')!
const ink = { reads, clock: clockOf(at, 'UTC'), colour: pico.createColors(false), ownCluster: 'local' }
const incident: Incident = {
  ...{ id: 'prod/1', cluster: 'prod', pattern: 'container-oom', title: 'OOM kill', cause: 'limit' },
  ...{ workloadKey: 'prod/d1', workloadKind: 'Deployment', workloadName: 'checkout', namespace: 'shop' },
  ...{ status: 'final', outcome: 'main killed', firstAt: at, lastAt: at, count: 1, confidence: 0.95, updatedAt: at },
}

test('what asks for the next page leaves out what this one does', () => {
  const page = { items: [incident], endCursor: 'next' }
  assert.match(
    renderIncidents(page, 'prod', ['--namespace shop', '--status final'], ink),
    /\nMore: aitia incidents --namespace shop --status final -c prod --after next$/,
  )
  assert.match(renderIncidents(page, 'local', [], ink), /\nMore: aitia incidents --after next$/)
  assert.doesNotMatch(renderIncidents({ ...page, endCursor: null }, 'local', [], ink), /More/)
})
