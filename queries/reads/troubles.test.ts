import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from './stored.ts'
import { troubles } from './troubles.ts'

let at = 0
const event = (kind: string, objectKey: string, fields: object): StoredEvent =>
  ({ id: `e${++at}`, at, kind, objectKey, ...fields }) as unknown as StoredEvent
const available = (recovered: boolean) => event('workload-unavailable', 'd1', { condition: 'Available', recovered })
const stalls = (recovered: boolean) =>
  event('workload-unavailable', 'd1', { condition: 'Progressing', recovered, reason: 'ProgressDeadlineExceeded' })
const endpoints = (readyEndpoints: number) =>
  event('endpoints-changed', 's1', { readyEndpoints, endpoints: 4, previousReadyEndpoints: 4 })
const scheduled = (objectKey: string, isScheduled: boolean) =>
  event('pod-scheduled', objectKey, {
    scheduled: isScheduled,
    reason: 'Unschedulable',
    message: '0/3 nodes are available',
  })
const told = (...events: StoredEvent[]) => troubles(events, (key) => key === 'gone').map(({ summary }) => summary)

test('what is over is no trouble, each condition by itself', () => {
  assert.deepEqual(told(available(false), stalls(false), available(true)), ['rollout stalls: ProgressDeadlineExceeded'])
  assert.deepEqual(told(available(false), available(true), available(false)), ['unavailable'])
  assert.deepEqual(told(endpoints(0), endpoints(4), scheduled('p1', false), scheduled('p1', true)), [])
})

test('a Service without endpoints, and pods for which there is no node, but for those that are gone', () => {
  assert.deepEqual(told(endpoints(2), endpoints(0), scheduled('p1', false), scheduled('gone', false)), [
    'none of 4 ready, before 4',
    'Unschedulable: 0/3 nodes are available',
  ])
})
